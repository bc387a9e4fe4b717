export { fastGeoip } from './fast-geoip.ts'
export { mmdb } from './mmdb.ts'
export { locationHeaders, type LocationPlatform } from './location-headers.ts'
export { firstOf } from './first-of.ts'
export { countryName } from './country-name.ts'

export type { Locate, Location, LocationHeaders } from './find-location.ts'
