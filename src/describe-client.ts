import { anonymizeIpAddress } from './anonymize-ip-address.ts'
import type { ClientHints } from './client-hints.ts'
import type { fastGeoip } from './fast-geoip.ts'
import { findLocation, type Locate, type Location, type LocationHeaders } from './find-location.ts'
import { normalizeIpAddress } from './ip-address.ts'
import { anything } from './parse-input.ts'
import type { Policy } from './policy.ts'
import type { describeDevice, Device } from './user-agent.ts'

/** What a client says of itself, and what is known of its connection. */
export interface ClientDescription {
  /**
   * Where the client is, as the application found it. Stored in canonical form, or as much of it as the policy keeps; as
   * `null` when it is not an address.
   */
  readonly ipAddress?: string | null | undefined
  /** The request's `User-Agent`, however it looks. */
  readonly userAgent?: string | null | undefined
  /** What the client says of its browser and device besides, in the shape of `NavigatorUAData.getHighEntropyValues()`. */
  readonly clientHints?: ClientHints | null | undefined
  /** What the platform in front says of the client's place in the request's headers, for a `locate` that reads them. */
  readonly locationHeaders?: LocationHeaders | null | undefined
}

/** The fields of {@link ClientDescription}, for a verb's schema. Nothing that a client sends is wrong. */
export const clientFields: Record<keyof ClientDescription, typeof anything> = {
  ipAddress: anything,
  userAgent: anything,
  clientHints: anything,
  locationHeaders: anything,
}

/**
 * The columns that say from where and on what device a session came. Never rejects, and answers within 1 s.
 *
 * @param locate - finds the place. Default: fast-geoip, where it is installed
 * @param policy - says what is kept of the address, once the place is found
 */
export async function describeClient(
  client: Partial<Record<keyof ClientDescription, unknown>>,
  policy: Policy,
  locate: Locate = askFastGeoip,
): Promise<Device & Location & { ipAddress: string | null }> {
  const ipAddress = normalizeIpAddress(client.ipAddress)
  // The place is looked up meanwhile, where that is done in another thread.
  const location = findLocation(ipAddress, locate, client.locationHeaders)
  return {
    ...(await deviceOf(client.userAgent, client.clientHints)),
    ...(await location),
    ipAddress: anonymizeIpAddress(ipAddress, policy.ipAddress, policy.ipAddressKey),
  }
}

// What names devices and asks for places takes some 6 ms to load, and many a process signs nobody in. Kept, since loaders such
// as those of TypeScript take every import to another thread and back. Where no file handle is left to load it with, a
// sign-in goes without; Node 20 keeps to that.
const loaded: { describeDevice?: typeof describeDevice; fastGeoip?: typeof fastGeoip } = {}

async function deviceOf(userAgent: unknown, clientHints: unknown): Promise<Device> {
  try {
    loaded.describeDevice ??= (await import('./user-agent.ts')).describeDevice
  } catch {
    return { browserInfo: null, deviceInfo: null, deviceType: null }
  }
  return loaded.describeDevice(userAgent, clientHints)
}

const askFastGeoip: Locate = async (ipAddress, headers) => {
  loaded.fastGeoip ??= (await import('./fast-geoip.ts')).fastGeoip
  return loaded.fastGeoip()(ipAddress, headers)
}
