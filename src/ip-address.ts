import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** The longest address is 45 characters; the rest is for brackets, a zone, a port and spaces around it. */
const LONGEST_TEXT = 128
/** IPv4 with or without a port, IPv6 in brackets with or without one, bare IPv6. A zone (RFC 4007) follows a percent sign. */
const SHAPE = /^(?:([\d.]+)(?::\d{1,5})?|\[([\da-f:.]+)(?:%[\w.~-]+)?\](?::\d{1,5})?|([\da-f:.]+)(?:%[\w.~-]+)?)$/i
/** `::ffff:a.b.c.d` in the form that the URL parser gives it. Source: RFC 4291, section 2.5.5.2. */
const IPV4_MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/

/**
 * One canonical text for an address, so that the same client always reads the same.
 *
 * Total: takes any value of any length and never throws. Idempotent. IPv4 comes out in dotted decimal, IPv6 in lowercase
 * with its longest run of zeros compressed, IPv4-mapped IPv6 as the IPv4 it carries; surrounding spaces, brackets, zone
 * and port are dropped. Source: RFC 5952, which the URL standard's serializer follows.
 *
 * @returns `null` for what is not one address: octal, hex, short and decimal forms, which readers take for different
 * addresses, CIDR, lists, host names, anything but text
 * @example normalizeIpAddress('[::FFFF:8.8.8.8]:443') // '8.8.8.8'
 */
export function normalizeIpAddress(ipAddress: unknown): string | null {
  if (typeof ipAddress !== 'string' || ipAddress.length > LONGEST_TEXT) return null
  const [, ipv4 = '', bracketed, bare] = SHAPE.exec(ipAddress.trim()) ?? []
  if (isIPv4(ipv4)) return ipv4
  const ipv6 = bracketed ?? bare ?? ''
  if (!isIPv6(ipv6)) return null
  const canonical = new URL(`http://[${ipv6}]`).hostname.slice(1, -1)
  const [, high, low] = IPV4_MAPPED.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  return [high, low].flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.')
}

/**
 * What cannot be the public address of a client. Source: IANA IPv4 Special-Purpose Address Registry (set up by RFC 6890),
 * each range that is not marked globally reachable there, and the RFC behind it; multicast is in no such registry.
 */
const notPublic = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], // this network: RFC 791, section 3.2
  ['10.0.0.0', 8], // private: RFC 1918
  ['100.64.0.0', 10], // behind a carrier's NAT: RFC 6598
  ['127.0.0.0', 8], // loopback: RFC 1122, section 3.2.1.3
  ['169.254.0.0', 16], // link-local: RFC 3927
  ['172.16.0.0', 12], // private: RFC 1918
  ['192.0.0.0', 24], // protocol assignments: RFC 6890, section 2.1; its two reachable addresses are relays, not clients
  ['192.0.2.0', 24], // documentation: RFC 5737
  ['192.88.99.0', 24], // 6to4 relays, withdrawn: RFC 7526
  ['192.168.0.0', 16], // private: RFC 1918
  ['198.18.0.0', 15], // benchmarks: RFC 2544
  ['198.51.100.0', 24], // documentation: RFC 5737
  ['203.0.113.0', 24], // documentation: RFC 5737
  ['224.0.0.0', 4], // multicast: RFC 5771
  ['240.0.0.0', 4], // reserved: RFC 1112, section 4; with the broadcast address, RFC 919
] as const) {
  notPublic.addSubnet(network, prefix)
}

/** Whether a normalised address is IPv4 and belongs to somebody on the public internet. */
export function isPublicIpv4(ipAddress: string): boolean {
  return isIPv4(ipAddress) && !notPublic.check(ipAddress)
}
