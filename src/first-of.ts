import { readLocation, type Locate } from './find-location.ts'
import { field, isFunction, parseInput } from './parse-input.ts'

const locateFunction = field<Locate>(isFunction, 'a function')

/**
 * Asks one after the other until one of them answers a city or a country. One that fails, or answers anything else, is
 * passed over. The 1 s that a sign-in waits for its place is for all of them together: those that are quick come first.
 *
 * @throws InvalidInputError when there are none, or one is not a function
 * @example firstOf(locationHeaders('cloudflare'), mmdb('GeoLite2-City.mmdb'))
 */
export function firstOf(...locates: readonly [Locate, ...Locate[]]): Locate {
  // None at all is refused like one that is missing.
  const given = locates.length === 0 ? [undefined] : locates
  const chain = given.map((locate) => parseInput('ask several for a place', locateFunction, locate, 'locate'))
  return async (ipAddress, headers) => {
    for (const locate of chain) {
      try {
        const found = readLocation(await locate(ipAddress, headers))
        if (found !== null) return found
      } catch {
        // The next may know.
      }
    }
    return null
  }
}
