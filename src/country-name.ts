import { InvalidInputError, describeType } from './errors.ts'
import { isCountry } from './find-location.ts'

/** Codes that ISO 3166-1 reserves and does not assign, of islands and unions: Unicode's region names have one for each. */
const RESERVED = /^(?:AC|CP|CQ|DG|EA|EU|EZ|IC|TA|UN)$/

/** Past what any language needs; a megabyte takes 20 ms to be refused. */
const LONGEST_TAG = 255

/**
 * The name of a country by its code, as in `UserSession.country`, for a page to show.
 *
 * @param country - ISO 3166-1 alpha-2, or `XK` for Kosovo
 * @param language - a BCP 47 tag; English where the language has no names. Default: `en`
 * @returns `null` for `null` and for what is not the code of a country today
 * @throws InvalidInputError when the language is not such a tag
 *
 * @example countryName('DE', 'fr') // 'Allemagne'
 */
export function countryName(country: string | null, language = 'en'): string | null {
  const names = namesIn(language)
  if (!isCountry(country) || RESERVED.test(country)) return null
  // A code that is no longer in use reads as that of the country which is there now: not where the session came from.
  return new Intl.Locale(`und-${country}`).region === country ? (names.of(country) ?? null) : null
}

function namesIn(language: string): Intl.DisplayNames {
  try {
    if (typeof language === 'string' && language.length <= LONGEST_TAG) {
      // The second language is for where the first has no names: without it that would be the language of the process.
      return new Intl.DisplayNames([language, 'en'], { type: 'region', fallback: 'none' })
    }
  } catch {
    // Said below.
  }
  throw new InvalidInputError(
    `Cannot name country: language must be a BCP 47 tag: received ${describeType(language)}`,
    'language',
  )
}
