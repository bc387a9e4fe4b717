/** User agent client hints, in the shape of the browsers' `NavigatorUAData.getHighEntropyValues()`. */
export interface ClientHints {
  brands?: { brand: string; version: string }[] | undefined
  fullVersionList?: { brand: string; version: string }[] | undefined
  mobile?: boolean | undefined
  model?: string | undefined
  platform?: string | undefined
  platformVersion?: string | undefined
}

/** Characters of one hint that are read, as many as a column has, and brands, of which browsers send up to four. */
const LONGEST_HINT = 64
const MOST_BRANDS = 16

/** {@link ClientHints}, each there and within its bounds. */
export type Hints = { [Name in Exclude<keyof ClientHints, 'fullVersionList'>]-?: NonNullable<ClientHints[Name]> }

/** What is not told. */
export const NO_HINTS: Hints = { brands: [], mobile: false, model: '', platform: '', platformVersion: '' }

/** The hints that have the right type, cut to their bounds; the rest is empty. */
export function readHints(value: unknown): Hints {
  try {
    const told: { [name in keyof ClientHints]?: unknown } = Object(value)
    const list = [told.fullVersionList, told.brands].find(Array.isArray)?.slice(0, MOST_BRANDS) ?? []
    return {
      brands: list.map((entry) => ({ brand: readHint(entry?.brand), version: readHint(entry?.version) })),
      mobile: told.mobile === true,
      model: readHint(told.model),
      platform: readHint(told.platform),
      platformVersion: readHint(told.platformVersion),
    }
  } catch {
    // A getter or a proxy threw: what cannot be read was not told.
    return NO_HINTS
  }
}

function readHint(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_HINT) : ''
}
