import { compile } from 'proxy-addr'
import { normalizeIpAddress } from './ip-address.ts'

/** Names of ranges. Source: proxy-addr; its `uniquelocal` is RFC 1918 with RFC 4193. */
const NAMES: ReadonlySet<unknown> = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** Whether a value is a list of addresses, of ranges in CIDR notation and of names of ranges. An empty one is. */
export function isProxyList(value: unknown): value is readonly string[] {
  // Copied, since a hole in a list is nothing to every().
  return Array.isArray(value) && [...value].every((entry) => NAMES.has(entry) || isRange(entry))
}

function isRange(entry: unknown): boolean {
  if (typeof entry !== 'string') return false
  // proxy-addr takes octal and decimal addresses, which others read as different ones.
  const isAddress = normalizeIpAddress(entry.replace(/\/.*/s, '')) !== null
  try {
    return isAddress && typeof compile(entry) === 'function'
  } catch {
    return false
  }
}

/**
 * Tells who is a trusted proxy. An IPv4 range covers the same addresses mapped into IPv6.
 *
 * @param trustedProxies - for which {@link isProxyList} is true
 * @returns whether a normalised address is in the list
 * @example trustProxies(['loopback', '10.0.0.0/8'])('10.1.2.3') // true
 */
export function trustProxies(trustedProxies: readonly string[]): (ipAddress: string) => boolean {
  const isTrusted = compile([...trustedProxies])
  return (ipAddress) => isTrusted(ipAddress, 0)
}
