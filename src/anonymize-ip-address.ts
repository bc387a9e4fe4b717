import { createHmac } from 'node:crypto'
import { normalizeIpAddress } from './ip-address.ts'

/** What may be kept of an address: all of it, its network, a keyed hash of it, or nothing. */
export const ipAddressForms = ['full', 'truncated', 'hashed', 'none'] as const

/** What is kept of an address: all of it, its network (/24 or /48), a keyed hash, or nothing. */
export type IpAddressForm = (typeof ipAddressForms)[number]

/** What {@link anonymizeIpAddress} makes of an address in the form `hashed`. */
const HASHED = /^[0-9a-f]{32}$/

/**
 * What is kept of an address.
 *
 * - `full`: the address as it is.
 * - `truncated`: its network, with the rest set to zero: IPv4 to /24 (`203.0.113.0`), IPv6 to /48 (`2001:db8:85a3::`), what
 *   one site is given (RFC 6177). 6to4 (RFC 3056) to /40, which is /24 of the IPv4 address in it.
 * - `hashed`: the first 128 bits of its HMAC-SHA-256 under the application's key, in 32 hex characters: equal for equal
 *   addresses, and of no use to whoever lacks the key. A hash without one is reversed by trying all IPv4 addresses.
 *   Source: RFC 2104, section 5, for the length.
 * - `none`: `null`.
 *
 * Takes its own answers too: a hash stays as it is under `truncated` and `hashed`, and a network under `truncated`. Under `hashed`
 * a network is hashed like the address that it reads as, so that none is left in clear.
 *
 * @param ipAddress - a normalised address, or what this function made of one
 * @param key - of the application's, for `hashed`
 * @returns `null` for what is neither
 */
export function anonymizeIpAddress(ipAddress: string | null, form: IpAddressForm, key = ''): string | null {
  if (ipAddress === null || form === 'none') return null
  if (form === 'full' || HASHED.test(ipAddress)) return ipAddress
  const address = normalizeIpAddress(ipAddress)
  if (address === null) return null
  return form === 'truncated' ? truncate(address) : createHmac('sha256', key).update(address).digest('hex').slice(0, 32)
}

function truncate(address: string): string | null {
  if (!address.includes(':')) return address.replace(/\d+$/, '0')
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros: string[] = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  const [first, second, third = ''] = [...head, ...zeros, ...tail]
  const last = first === '2002' ? (Number.parseInt(third, 16) & 0xff00).toString(16) : third
  return normalizeIpAddress(`${first}:${second}:${last}::`)
}
