import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { normalizeIpAddress } from '../../src/ip-address.ts'
import { isProxyList, trustProxies } from '../../src/trust-proxies.ts'

test.each([
  ['nobody', []],
  ['a name', ['loopback']],
  ['all names', ['loopback', 'linklocal', 'uniquelocal']],
  ['an IPv4 address', ['203.0.113.7']],
  ['an IPv6 address', ['2001:db8::7', '::1', '2001:DB8:0:0::7']],
  ['an IPv4 address mapped into IPv6', ['::ffff:203.0.113.7']],
  ['IPv4 ranges', ['10.0.0.0/8', '203.0.113.7/32', '0.0.0.0/1', '10.1.2.3/8']],
  ['IPv6 ranges', ['fd00::/8', '2001:db8::7/128', '::ffff:10.0.0.0/104']],
  ['all of these', ['loopback', '203.0.113.7', '10.0.0.0/8', 'fd00::/8']],
])('a list of proxies may have %s', (_, list) => {
  expect(isProxyList(list)).toBe(true)
})

test.each([
  ['no list', undefined, null, true, false, 1, 'loopback', '10.0.0.0/8', {}, { length: 0 }, new Set(['loopback'])],
  ['no text', [undefined], [null], [1], [true], [['loopback']], Array(1), [new String('loopback')], [Symbol('x')]],
  ['another name', ['Loopback'], ['private'], ['localhost'], ['example.com'], ['hasOwnProperty'], ['unix:/x.sock']],
  ['no address', [''], [' '], ['*'], ['all'], ['10'], ['10.0.0'], ['256.0.0.1'], ['10.0.0.*'], ['2130706433'], ['::g']],
  ['octal, short or hex', ['010.0.0.0/8'], ['10.1'], ['0177.0.0.1'], ['0x7f.0.0.1'], ['1/8'], ['10/8']],
  ['all addresses', ['0.0.0.0/0'], ['::/0'], ['::ffff:0:0/96'], ['::ffff:10.0.0.0/96']],
  ['no address at all', ['::ffff:10.0.0.0/95'], ['::ffff:10.0.0.0/8']],
  ['a netmask', ['10.0.0.0/255.0.0.0'], ['10.0.0.0/0x80.0.0.0'], ['10.0.0.0/0x80000000'], ['10.0.0.0/0200.0.0.0']],
  ['another prefix', ['10.0.0.0/33'], ['::1/129'], ['10.0.0.0/'], ['10.0.0.0/-1'], ['10.0.0.0/8.5'], ['10.0.0.0/a']],
  [
    'more than an address',
    [' 10.0.0.1'],
    ['10.0.0.1 '],
    ['10.0.0.1:80'],
    ['[::1]'],
    ['10.0.0.0/8/8'],
    ['/8'],
    ['::1,::2'],
  ],
  ['one that is wrong', ['loopback', 'x'], ['x', 'loopback'], [['10.0.0.0/8'], 'loopback']],
])('a list of proxies is not %s', (_, ...values) => {
  expect(values.filter((value) => isProxyList(value))).toEqual([])
})

test.each([
  [['loopback'], ['127.0.0.1', '127.255.255.255', '::1'], ['126.255.255.255', '128.0.0.0', '::2', '10.0.0.1']],
  [['linklocal'], ['169.254.0.1', 'fe80::1', 'febf::1'], ['169.253.0.1', 'fec0::1', '127.0.0.1']],
  [
    ['uniquelocal'],
    ['10.0.0.1', '172.31.0.1', '192.168.0.1', 'fc00::1', 'fdff::1'],
    ['172.32.0.1', '100.64.0.1', 'fe00::1'],
  ],
  [['203.0.113.7'], ['203.0.113.7'], ['203.0.113.6', '203.0.113.8', '::cb00:7107']],
  [['::ffff:10.0.0.0/104'], ['10.0.0.1'], ['11.0.0.1', '::a00:1']],
  [
    ['10.0.0.0/8', 'fd00::/8'],
    ['10.255.0.1', 'fd00::1'],
    ['11.0.0.0', 'fc00::1'],
  ],
  [['::/1'], ['::1', '2001:db8::1'], ['8.8.8.8', '127.0.0.1', '8000::']],
  [[], [], ['127.0.0.1', '::1', '0.0.0.0']],
])('%j trusts %j and not %j', (list, trusted, others) => {
  const isTrusted = trustProxies(list)
  expect(trusted.filter((address) => !isTrusted(address))).toEqual([])
  expect(others.filter((address) => isTrusted(address))).toEqual([])
})

test('a list that has changed is read again', () => {
  const list = ['10.0.0.1']
  const isTrusted = trustProxies(list)
  expect([isProxyList(list), trustProxies(list)]).toEqual([true, isTrusted])
  list[0] = '10.0.0.2'
  expect(['10.0.0.1', '10.0.0.2'].map((address) => trustProxies(list)(address))).toEqual([false, true])
  list.push('10.0.0.1')
  expect(trustProxies(list)('10.0.0.1')).toBe(true)
  list.push('x')
  expect(isProxyList(list)).toBe(false)
  list.length = 1
  expect([isProxyList(list), trustProxies(list)('10.0.0.1')]).toEqual([true, false])
})

test("a range trusts the addresses that are in it for the operating system's own reading", () => {
  const network = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 }), fc.constant('ipv4' as const)),
    fc.tuple(
      fc.ipV6().map((ip) => normalizeIpAddress(ip)!),
      fc.integer({ min: 1, max: 128 }),
      fc.constant('ipv6' as const),
    ),
  )
  fc.assert(
    fc.property(network, fc.oneof(fc.ipV4(), fc.ipV6()), fc.boolean(), ([ip, prefix, family], other, isNear) => {
      fc.pre(family === 'ipv4' || ip.includes(':'))
      // Two random addresses have little in common: near ones share the beginning of their text.
      const near = isNear ? `${ip.slice(0, -1)}${other.at(-1)}` : other
      const address = normalizeIpAddress(near)
      fc.pre(address !== null)
      const range = new BlockList()
      range.addSubnet(ip, prefix, family)
      const addressFamily = address.includes(':') ? 'ipv6' : 'ipv4'
      const isIn = addressFamily === family && range.check(address, family)
      expect(trustProxies([`${ip}/${prefix}`])(address)).toBe(isIn)
    }),
    { numRuns: 2000 },
  )
})
