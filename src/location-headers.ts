import { readLocation, type Locate, type LocationHeaders } from './find-location.ts'
import { isPublicAddress } from './ip-address.ts'
import { field, parseInput } from './parse-input.ts'

/** Platforms that write the place of a client into the headers of its request, and say so in their documentation. */
export type LocationPlatform = 'cloudflare' | 'cloudfront' | 'vercel'

interface PlaceHeaders {
  readonly country: string
  readonly city: string
  /** Reads the name of a city the way the platform writes it; `null` when it is written otherwise. */
  readonly decode: (text: string) => string | null
}

const PLATFORMS: ReadonlyMap<unknown, PlaceHeaders> = new Map([
  // Source: Cloudflare, Managed Transforms, "Add visitor location headers".
  ['cloudflare', { country: 'cf-ipcountry', city: 'cf-ipcity', decode: decodeUtf8 }],
  // Source: Amazon CloudFront Developer Guide, "Add CloudFront request headers", viewer location.
  ['cloudfront', { country: 'cloudfront-viewer-country', city: 'cloudfront-viewer-city', decode: decodePercent }],
  // Source: Vercel, "Request headers", and geolocation() of @vercel/functions, which decodes the city.
  ['vercel', { country: 'x-vercel-ip-country', city: 'x-vercel-ip-city', decode: decodePercent }],
])
const NAMES = [...PLATFORMS.values()].flatMap(({ country, city }) => [country, city])
/** Of a header: the 100 characters of a city, each of at most 4 bytes, each of these written as `%F0`. */
const LONGEST_HEADER = 1200

const platformName = field<LocationPlatform>(
  (value) => PLATFORMS.has(value),
  `one of ${[...PLATFORMS.keys()].join(', ')}`,
)

/**
 * Goes by what the platform in front of the application says of the client's place in the request's headers, which
 * `trackSession` gets as `locationHeaders`. An address that is unknown or not public has no place: nobody reaches a platform from
 * there.
 *
 * Only for an application that nobody reaches but through that platform: others write such headers as they please, and
 * behind a second platform the first is the client. On Cloudflare the managed transform "Add visitor location headers" has
 * to be on, on CloudFront an origin request policy with both headers: otherwise the client's own may come through. A header
 * that is missing, sent twice or not written the platform's way says nothing, and where the country is none (Cloudflare's
 * `XX` for unknown and `T1` for Tor) the city says nothing either.
 *
 * There is no `fly`: Fly.io documents no header with the client's place, so that a client could set any. `fly-region` is
 * where Fly took the connection in. Look the address up with `mmdb` there.
 *
 * @throws InvalidInputError when there is no such platform
 *
 * @example
 * const client = describeRequest(req, { trustedProxies, addressHeader: 'cf-connecting-ip' })
 * await trackSession(prisma, { userId, sessionKey, ...client }, { locate: locationHeaders('cloudflare') })
 */
export function locationHeaders(platform: LocationPlatform): Locate {
  const name = parseInput('read location headers', platformName, platform, 'platform')
  const { country, city, decode } = PLATFORMS.get(name)!
  return async (ipAddress, headers) => {
    if (!isPublicAddress(ipAddress)) return null
    const sent = headers[country]
    const found = readLocation({ city: read(headers[city], decode), country: sent })
    return sent !== undefined && found?.country === null ? null : found
  }
}

/**
 * Picks the location headers of all platforms out of a request, those that are there.
 *
 * @param header - gives a header of the request by its lowercase name
 * @returns at most 1200 characters of each, by its lowercase name. A longer one is left out: half of a name is another name
 */
export function readLocationHeaders(header: (name: string) => string | undefined): LocationHeaders {
  const entries = NAMES.map((name) => [name, header(name)] as const)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => isShort(entry[1])))
}

function isShort(text: unknown): text is string {
  return typeof text === 'string' && text.length <= LONGEST_HEADER
}

function read(text: unknown, decode: (text: string) => string | null): string | null {
  try {
    return isShort(text) ? decode(text) : null
  } catch {
    // Not UTF-8.
    return null
  }
}

/** What is not ASCII comes as the bytes of UTF-8, of which Node's and fetch's headers make a character each. */
function decodeUtf8(text: string): string | null {
  const isBytes = /^[\u0020-\u00ff]*$/.test(text)
  return isBytes ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'latin1')) : null
}

/** What is not ASCII is percent-encoded. Source: RFC 3986, section 2.1. */
function decodePercent(text: string): string | null {
  return /^[\u0020-\u007e]*$/.test(text) ? decodeURIComponent(text) : null
}
