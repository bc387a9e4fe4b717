import type { BlockList } from 'node:net'

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
  const { isIPv4, isIPv6 } = net()
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
 * What cannot be the public address of a client. Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (set up by
 * RFC 6890), and the RFC behind each range. The registries mark some as globally reachable, which are anycast relays and
 * sinks or no places in a network; multicast is in neither of them.
 */
const special = [
  ['0.0.0.0', 8], // this network: RFC 791, section 3.2
  ['10.0.0.0', 8], // private: RFC 1918
  ['100.64.0.0', 10], // behind a carrier's NAT: RFC 6598
  ['127.0.0.0', 8], // loopback: RFC 1122, section 3.2.1.3
  ['169.254.0.0', 16], // link-local: RFC 3927
  ['172.16.0.0', 12], // private: RFC 1918
  ['192.0.0.0', 24], // protocol assignments: RFC 6890, section 2.1
  ['192.0.2.0', 24], // documentation: RFC 5737
  ['192.31.196.0', 24], // sink for reverse lookups, AS112: RFC 7535
  ['192.52.193.0', 24], // multicast relays: RFC 7450
  ['192.88.99.0', 24], // 6to4 and 6a44 relays, withdrawn: RFC 7526 and RFC 6751
  ['192.168.0.0', 16], // private: RFC 1918
  ['192.175.48.0', 24], // sink for reverse lookups, AS112: RFC 7534
  ['198.18.0.0', 15], // benchmarks: RFC 2544
  ['198.51.100.0', 24], // documentation: RFC 5737
  ['203.0.113.0', 24], // documentation: RFC 5737
  ['224.0.0.0', 4], // multicast: RFC 5771
  ['240.0.0.0', 4], // reserved: RFC 1112, section 4; with the broadcast address, RFC 919
  // Protocol assignments: RFC 2928. In it Teredo, RFC 4380; benchmarks, RFC 5180; multicast relays, RFC 7450; a sink,
  // RFC 7535; anycast addresses, RFC 7723, 8155 and 9665; identifiers, RFC 4843, 7343 and 9374.
  ['2001::', 23],
  ['2001:db8::', 32], // documentation: RFC 3849
  ['2002::', 16], // 6to4, an IPv4 address in disguise: RFC 3056
  ['2620:4f:8000::', 48], // sink for reverse lookups, AS112: RFC 7534
  ['3fff::', 20], // documentation: RFC 9637
] as const

/**
 * All that is assigned to networks. Outside of it are loopback, IPv4-compatible, NAT64 (RFC 6052 and 8215), discard and
 * dummy addresses (RFC 6666 and 9780), segment identifiers (RFC 9602), unique local, link-local, site-local and multicast.
 * Source: IANA Internet Protocol Version 6 Address Space; RFC 4291, section 2.4.
 */
const globalUnicast = [['2000::', 3]] as const

type Ranges = readonly (readonly [network: string, prefix: number])[]
const lists = new Map<Ranges, BlockList>()

/** Whether a text is a normalised address, IPv4 or IPv6, that belongs to somebody on the public internet. */
export function isPublicAddress(ipAddress: string): boolean {
  if (typeof ipAddress !== 'string' || normalizeIpAddress(ipAddress) !== ipAddress) return false
  if (familyOf(ipAddress) === 'ipv4') return !isWithin(special, ipAddress)
  return isWithin(globalUnicast, ipAddress) && !isWithin(special, ipAddress)
}

function isWithin(ranges: Ranges, ipAddress: string): boolean {
  let list = lists.get(ranges)
  if (list === undefined) {
    list = listOf(ranges)
    lists.set(ranges, list)
  }
  return list.check(ipAddress, familyOf(ipAddress))
}

function listOf(ranges: Ranges): BlockList {
  const { BlockList } = net()
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, familyOf(network))
  return list
}

function familyOf(ipAddress: string): 'ipv4' | 'ipv6' {
  return ipAddress.includes(':') ? 'ipv6' : 'ipv4'
}

/** Loaded with the first address: it takes 4 ms, and many a process signs nobody in. */
function net(): typeof import('node:net') {
  return process.getBuiltinModule('node:net')
}
