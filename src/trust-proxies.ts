import { compile } from 'proxy-addr'
import { normalizeIpAddress } from './ip-address.ts'

/** Names of ranges. Source: proxy-addr; its `uniquelocal` is RFC 1918 with RFC 4193. */
const NAMES: ReadonlySet<unknown> = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** Whether a value is a list of addresses, of ranges in CIDR notation and of names of ranges. An empty one is. */
export function isProxyList(value: unknown): value is readonly string[] {
  // Copied, since a hole in a list is nothing to every().
  return Array.isArray(value) && (isKnown(value) || [...value].every((entry) => NAMES.has(entry) || isRange(entry)))
}

function isRange(entry: unknown): boolean {
  if (typeof entry !== 'string') return false
  const [network = '', prefix] = entry.split('/')
  const address = normalizeIpAddress(network)
  // proxy-addr takes octal and decimal addresses, which others read as different ones, and netmasks of any form.
  if (address === null || !/^\d{1,3}$/.test(prefix ?? '0')) return false
  // Of what is mapped into IPv6, /96 is all addresses, and less is none.
  const isMapped = network.includes(':') && !address.includes(':')
  if (isMapped && prefix !== undefined && Number(prefix) <= 96) return false
  try {
    return typeof compile(entry) === 'function'
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
  if (!isKnown(trustedProxies)) {
    const entries = [...trustedProxies]
    const isTrusted = compile(entries)
    known.set(trustedProxies, { entries, isTrusted: (ipAddress) => isTrusted(ipAddress, 0) })
  }
  return known.get(trustedProxies)!.isTrusted
}

// Lists that a platform publishes have hundreds of entries, which would be compiled for every request.
const known = new WeakMap<object, { entries: readonly string[]; isTrusted: (ipAddress: string) => boolean }>()

/** Whether a list was compiled as it is now. */
function isKnown(list: readonly unknown[]): boolean {
  const { entries } = known.get(list) ?? {}
  return entries?.length === list.length && entries.every((entry, index) => entry === list[index])
}
