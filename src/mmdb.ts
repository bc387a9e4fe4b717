import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describeType, InvalidInputError } from './errors.ts'
import { readLocation, type Locate } from './find-location.ts'
import { isPublicAddress } from './ip-address.ts'

type Reader = InstanceType<typeof import('maxmind').Reader>

/** Between tree and records. Source: MaxMind DB File Format Specification 2.0, "Data Section Separator". */
const SEPARATOR_SIZE = 16

/**
 * Looks addresses up in a file of the MaxMind DB format, with the package `maxmind`, which has to be installed: GeoLite2 and
 * GeoIP2 City and Country, DB-IP, IPinfo, and those of ip-location-db. IPv4 and IPv6, as far as the file has them; `null`
 * for addresses that are not public, that it does not know, or whose record cannot be read.
 *
 * Reads the whole file at once, which holds up everything else for some 50 ms (63 MB), and keeps it in memory: call it when
 * the application starts and not for each sign-in. A lookup then takes some 10 µs and opens nothing. After an update of the
 * file, call it again and use what it returns from then on; until then nothing changes, whatever becomes of the file.
 *
 * @param path - of an `.mmdb` file that is unpacked
 * @throws InvalidInputError when there is no such file, it cannot be read or is no such database, or `maxmind` is missing
 * @example
 * const locate = mmdb('/var/lib/geo/GeoLite2-City.mmdb')
 * await trackSession(prisma, input, { locate })
 */
export function mmdb(path: string): Locate {
  if (typeof path !== 'string') throw refusal('path', 'a string', describeType(path))
  // What a record points to is decoded once a lookup, however often it is pointed to: crafted records would never end.
  const decoded = new Map()
  const reader = open(path, decoded)
  return async (ipAddress) => {
    // In a file without IPv6, an IPv6 address would be looked up by its first 32 bits.
    if (!isPublicAddress(ipAddress) || (reader.metadata.ipVersion === 4 && ipAddress.includes(':'))) return null
    try {
      decoded.clear()
      const record: any = reader.get(ipAddress)
      const { city, country, country_code: code } = Object(record)
      // Nested in MaxMind's shape and DB-IP's; flat in that of others, where `country` is a code or, beside one, a name.
      return readLocation({ city: city?.names?.en ?? city, country: code ?? country?.iso_code ?? country })
    } catch {
      // The file is damaged there.
      return null
    }
  }
}

function open(path: string, decoded: Map<unknown, unknown>): Reader {
  const { Reader: MaxmindReader } = load()
  const file = read(path)
  if (file[0] === 0x1f && file[1] === 0x8b) throw refusal('path', 'an unpacked .mmdb file', 'a gzip archive')
  try {
    const reader = new MaxmindReader(file, { cache: decoded })
    const { ipVersion, searchTreeSize } = reader.metadata
    const separator = file.subarray(searchTreeSize, searchTreeSize + SEPARATOR_SIZE)
    const isWhole = separator.length === SEPARATOR_SIZE && separator.every((byte) => byte === 0)
    if (isWhole && (ipVersion === 4 || ipVersion === 6)) return reader
  } catch {
    // Said below.
  }
  throw refusal('path', 'a whole file of the MaxMind DB format', 'another format')
}

function load(): typeof import('maxmind') {
  try {
    // Not imported: an application without this kind of database needs no reader for it. A bundle of CommonJS has no URL.
    return createRequire(import.meta.url ?? __filename)('maxmind')
  } catch (error) {
    throw refusal('maxmind', 'installed, by npm install maxmind', codeOf(error))
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw refusal('path', 'a file that can be read', codeOf(error))
  }
}

/** The error itself is not told: its message has the path in it. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error'
}

function refusal(field: string, need: string, received: string): InvalidInputError {
  return new InvalidInputError(`Cannot open location database: ${field} must be ${need}: received ${received}`, field)
}
