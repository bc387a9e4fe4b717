import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * One canonical text for an address, or `null` for what is not one. Total: takes any value of any length.
 *
 * IPv6 in the form of RFC 5952, IPv4-mapped addresses unwrapped; spaces, brackets, zone and port are dropped. Octal, hex
 * and short forms, CIDR, lists and host names are not addresses here.
 */
export function normalizeIpAddress(ipAddress: unknown): string | null {
  // The longest form of an address, with zone and port, is well below this.
  if (typeof ipAddress !== 'string' || ipAddress.length > 128) return null
  const text = ipAddress.trim()
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text) ?? []
  const [, beforePort] = /^([\d.]+):\d{1,5}$/.exec(text) ?? []
  const [address = ''] = (bracketed ?? beforePort ?? text).split('%', 1)
  if (isIPv4(address)) return bracketed === undefined ? address : null
  if (!isIPv6(address)) return null
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  return [high, low].flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.')
}

/** Whether a normalised address is IPv4 and can be reached from everywhere. */
export function isPublicIpv4(ipAddress: string): boolean {
  return isIPv4(ipAddress) && !special.check(ipAddress)
}

// Not globally reachable by the IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast (RFC 5771).
const special = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  special.addSubnet(network, prefix)
}
