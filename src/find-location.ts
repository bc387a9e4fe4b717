/** Where an address is. Each is null when unknown. */
export interface Location {
  city: string | null
  /** ISO 3166-1 alpha-2, or `XK` for Kosovo. */
  country: string | null
}

/** Request headers in which a platform says where its client is, by their lowercase names. */
export type LocationHeaders = Readonly<Record<string, string>>

/**
 * Finds the place of a normalised address, IPv4 or IPv6; `null` when it is unknown. May go by what the request's headers
 * say of the place, of which there are none unless the application passed them.
 */
export type Locate = (ipAddress: string, headers: LocationHeaders) => Promise<Location | null>

/** What a sign-in waits for its place, in ms: a file takes 1 and a service on the network 100; past 1000 people wonder. */
export const LONGEST_WAIT = 1000

/** The 100 characters of a column, in UTF-16: what is longer is not even looked at. */
const LONGEST_NAME = 200
/**
 * A name in any script that means nothing to a page, a terminal or a spreadsheet, in at most 100 visible characters. Read in
 * here, since reading what it says of Unicode takes 1 ms, which who only imports this package need not wait.
 */
const isCityName = (name: string): boolean =>
  /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{Nd}'’‘][\p{L}\p{M}\p{Nd} .'’‘“”„()/,!·–—-]{0,99}$/u.test(name)
/**
 * Source: ISO 3166-1, section 8.1.3, which leaves AA, QM to QZ, XA to XZ and ZZ to their users: databases and platforms say
 * ZZ or XX for a place they do not know. XK is in wide use for Kosovo.
 */
const isCountryCode = (name: string): boolean => /^(?!AA|Q[M-Z]|X[^K]|ZZ)[A-Z]{2}$/.test(name)

/**
 * The place of an address, in names that are safe to store and to show.
 *
 * Never rejects and answers within 1 s, whatever `locate` does, and leaves nothing running behind.
 *
 * @param ipAddress - a normalised address, or `null`
 * @param locate - whom to ask
 * @param headers - {@link LocationHeaders}. Anything but texts in an object counts as none
 * @returns each name `null` when it is unknown, not a name, or `locate` fails or takes longer
 */
export async function findLocation(ipAddress: string | null, locate: Locate, headers?: unknown): Promise<Location> {
  const nowhere = { city: null, country: null }
  if (ipAddress === null) return nowhere
  let timer: NodeJS.Timeout | undefined
  try {
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, LONGEST_WAIT, null)
    })
    return readLocation(await Promise.race([locate(ipAddress, readHeaders(headers)), timeout])) ?? nowhere
  } catch {
    return nowhere
  } finally {
    clearTimeout(timer)
  }
}

/** What of an answer is a name, of which the other may be `null`. Takes any value and never throws: `null` without either. */
export function readLocation(answer: unknown): Location | null {
  try {
    const read: { city?: unknown; country?: unknown } = Object(answer)
    const city = nameOrNull(read.city, isCityName)
    const country = nameOrNull(read.country, isCountryCode)
    return city === null && country === null ? null : { city, country }
  } catch {
    // A getter or a proxy threw: what cannot be read was not answered.
    return null
  }
}

/** Whether a value can be the code of a country, or `XK` for Kosovo. */
export function isCountry(value: unknown): value is string {
  return nameOrNull(value, isCountryCode) !== null
}

function nameOrNull(name: unknown, isName: (text: string) => boolean): string | null {
  return typeof name === 'string' && name.length <= LONGEST_NAME && isName(name) ? name : null
}

function readHeaders(value: unknown): LocationHeaders {
  try {
    // A text has entries too, one for each of its characters.
    const entries = Object.entries<unknown>(typeof value === 'object' ? Object(value) : {})
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  } catch {
    return {}
  }
}
