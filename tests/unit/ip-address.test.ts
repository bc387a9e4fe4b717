import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPublicAddress, normalizeIpAddress } from '../../src/ip-address.ts'
import { isSlow, megabyteOf } from './is-slow.ts'

describe('normalizeIpAddress()', () => {
  test.each([
    ['8.8.8.8', '8.8.8.8'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    [' 8.8.8.8\t', '8.8.8.8'],
    ['8.8.8.8:443', '8.8.8.8'],
    ['8.8.8.8:65535', '8.8.8.8'],
    ['::', '::'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[::1]:443', '::1'],
    ['::1:443', '::1:443'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%12', 'fe80::1'],
    ['[fe80::1%25eth0.100]:443', 'fe80::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    ['::FFFF:808:808', '8.8.8.8'],
    ['0:0:0:0:0:ffff:0808:0808', '8.8.8.8'],
    ['[::ffff:8.8.8.8]:443', '8.8.8.8'],
    ['::ffff:0:0', '0.0.0.0'],
    ['::ffff:ffff:ffff', '255.255.255.255'],
    ['::ffff:0:808:808', '::ffff:0:808:808'],
    ['::8.8.8.8', '::808:808'],
    ['64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ])('reads %j as %s', (text, canonical) => {
    expect(normalizeIpAddress(text)).toBe(canonical)
  })

  // Source: RFC 5952, sections 1, 2 and 4.
  test.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0DB8:0:0:1::1', '2001:db8::1:0:0:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('writes %s in the one form of RFC 5952', (text, canonical) => {
    expect(normalizeIpAddress(text)).toBe(canonical)
  })

  test.each([
    ['', ' ', '.', ':', '[]', '%', 'localhost', 'example.com', 'unknown', '_hidden', 'null'],
    ['0177.1', '127.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '1.2.3.04', '01.2.3.4', '::ffff:1.2.3.04'],
    ['256.1.1.1', '1.2.3', '1.2.3.4.5', '1.2.3.4.', '1..3.4', '-1.2.3.4', '1.2.3.4a', '１.2.3.4', '1.2.3.4\0'],
    ['10.0.0.0/8', '::/0', '8.8.8.8, 1.1.1.1', '8.8.8.8,1.1.1.1', '8.8.8.8 1.1.1.1', '8.8.8.8\n1.1.1.1'],
    ['[8.8.8.8]', '8.8.8.8%eth0', '8.8.8.8:', '8.8.8.8:port', '8.8.8.8:123456', '8.8.8.8:443:443', 'http://8.8.8.8'],
    ['[::1', '::1]', '[[::1]]', '[::1]443', '[::1]:', '[::1]:port', 'x[::1]', '[::1].example.com', 'http://[::1]'],
    [':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1%', '::1%a b', '::1%<b>', '%eth0'],
    ['::1.2.3', '::256.1.1.1', '1.2.3.4::', '::ffff:8.8.8.8:443', '::1@::2', '::1/64', '::1#', '::1?', '::1\\'],
  ])('answers null for what is not one address: %j and the like', (...texts) => {
    expect(texts.filter((text) => normalizeIpAddress(text) !== null)).toEqual([])
  })

  test('answers null for text that is longer than any address', () => {
    for (const text of [`::1%${'a'.repeat(124)}`, `${' '.repeat(125)}::1`]) expect(normalizeIpAddress(text)).toBe('::1')
    for (const text of [`::1%${'a'.repeat(125)}`, `${' '.repeat(126)}::1`]) expect(normalizeIpAddress(text)).toBe(null)
  })

  test('answers null for what is not text', () => {
    const values = [undefined, null, 0, 2130706433, 1n, true, Symbol('x'), {}, [], ['8.8.8.8'], () => '8.8.8.8']
    const texts = [new String('8.8.8.8'), { toString: () => '8.8.8.8' }, new Proxy({}, { get: () => expect.fail() })]
    expect([...values, ...texts].filter((value) => normalizeIpAddress(value) !== null)).toEqual([])
  })

  const piece = fc.constantFrom(
    '::',
    ':',
    '.',
    '0',
    '1',
    '255',
    'ffff',
    'A',
    '[',
    ']',
    '%',
    'eth0',
    ':443',
    ' ',
    '1.2.3.4',
  )
  const anyInput = fc.oneof(
    fc.anything(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFx:.%[]/, '.split('')) }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6(),
  )

  test('takes anything, and its own answer for the same answer', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const canonical = normalizeIpAddress(input)
        expect(canonical ?? '::').toMatch(/^[\da-f:.]{2,39}$/)
        expect(normalizeIpAddress(canonical)).toBe(canonical)
      }),
      { numRuns: 5000 },
    )
  })

  test('means the same address as the text, however that is wrapped', () => {
    const wrap = fc.constantFrom(
      (ip: string) => ip.toUpperCase(),
      (ip: string) => ` ${ip} `,
      (ip: string) => (ip.includes(':') ? `[${ip}]:443` : `${ip}:443`),
      (ip: string) => (ip.includes(':') ? `${ip}%eth0` : `::ffff:${ip}`),
    )
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), wrap, (ip, wrapped) => {
        const canonical = normalizeIpAddress(wrapped(ip))
        expect(canonical).toBe(normalizeIpAddress(ip))
        // The operating system's own reading of the two.
        const same = new BlockList()
        same.addAddress(ip, ip.includes(':') ? 'ipv6' : 'ipv4')
        expect(same.check(canonical ?? '', canonical?.includes(':') ? 'ipv6' : 'ipv4')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('takes less than 5 ms for a megabyte', () => {
    const slow = [' ', '1', '1.', ':', '[', ']', '%', '::1%', 'f', '1.2.3.4 ', '\u{1f600}'].filter((word) => {
      const text = megabyteOf(word)
      return isSlow(() => expect(normalizeIpAddress(text)).toBe(null))
    })
    expect(slow).toEqual([])
  })
})

describe('isPublicAddress()', () => {
  // First and last of each range of the registries that is no client's, and of multicast.
  test.each([
    ['0.0.0.0', '0.255.255.255'],
    ['10.0.0.0', '10.255.255.255'],
    ['100.64.0.0', '100.127.255.255'],
    ['127.0.0.0', '127.255.255.255'],
    ['169.254.0.0', '169.254.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.0.0.0', '192.0.0.255'],
    ['192.0.2.0', '192.0.2.255'],
    ['192.31.196.0', '192.31.196.255'],
    ['192.52.193.0', '192.52.193.255'],
    ['192.88.99.0', '192.88.99.255'],
    ['192.168.0.0', '192.168.255.255'],
    ['192.175.48.0', '192.175.48.255'],
    ['198.18.0.0', '198.19.255.255'],
    ['198.51.100.0', '198.51.100.255'],
    ['203.0.113.0', '203.0.113.255'],
    ['224.0.0.0', '239.255.255.255'],
    ['240.0.0.0', '255.255.255.255'],
  ])('refuses %s to %s', (first, last) => {
    expect([isPublicAddress(first), isPublicAddress(last)]).toEqual([false, false])
  })

  test.each([
    ['unspecified', '::', '::'],
    ['loopback', '::1', '::1'],
    ['IPv4-compatible', '::2', '::ffff:ffff'],
    ['IPv4-translated', '::ffff:0:0:0', '::ffff:0:ffff:ffff'],
    ['NAT64', '64:ff9b::', '64:ff9b::ffff:ffff'],
    ['local NAT64', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
    ['discard', '100::', '100::ffff:ffff:ffff:ffff'],
    ['dummy', '100:0:0:1::', '100::1:ffff:ffff:ffff:ffff'],
    ['unassigned', '200::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['protocol assignments', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['Teredo', '2001::1', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['anycast', '2001:1::1', '2001:1::3'],
    ['benchmark', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
    ['multicast relay', '2001:3::', '2001:3:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['AS112', '2001:4:112::', '2001:4:112:ffff:ffff:ffff:ffff:ffff'],
    ['ORCHID', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['ORCHIDv2', '2001:20::', '2001:2f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['drone', '2001:30::', '2001:3f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['documentation', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['6to4', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['direct AS112', '2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff'],
    ['further documentation', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['reserved', '4000::', '5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['segment', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['further reserved', '6000::', 'fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['unique local', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['unassigned link', 'fe00::', 'fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['link-local', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['site-local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['multicast', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('refuses %s addresses, %s to %s', (_, first, last) => {
    // That they are normalised: another text would be refused for that.
    expect([normalizeIpAddress(first), normalizeIpAddress(last)]).toEqual([first, last])
    expect([isPublicAddress(first), isPublicAddress(last)]).toEqual([false, false])
  })

  test('takes what lies around those ranges', () => {
    const ends = ':ffff:ffff:ffff:ffff:ffff:ffff'
    const around = [
      ['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0'],
      ['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255', '192.0.1.0', '192.0.1.255'],
      [
        '192.0.3.0',
        '192.31.195.255',
        '192.31.197.0',
        '192.52.192.255',
        '192.52.194.0',
        '192.88.98.255',
        '192.88.100.0',
      ],
      ['192.167.255.255', '192.169.0.0', '192.175.47.255', '192.175.49.0', '198.17.255.255', '198.20.0.0'],
      ['198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0', '223.255.255.255', '8.8.8.8'],
      ['2000::', `2000:ffff${ends}`, '2001:200::', `2001:db7${ends}`, '2001:db9::', `2001:ffff${ends}`, '2003::'],
      [
        '2620:4f:7fff:ffff:ffff:ffff:ffff:ffff',
        '2620:4f:8001::',
        `3ffe:ffff${ends}`,
        '3fff:1000::',
        `3fff:ffff${ends}`,
      ],
      ['2001:4860:4860::8888', '2606:4700:4700::1111', '2a02:8070::1', '240e::1', '2804::1', '2c0f:fb50::1'],
    ].flat()
    expect(around.filter((ip) => !isPublicAddress(ip))).toEqual([])
  })

  test('refuses what is not a normalised address', () => {
    const others = [
      ['', 'x', '::ffff:8.8.8.8', '8.8.8.8:443', ' 8.8.8.8', '134744072', '8.8.8.8/32', '2001:4860:4860::8888%eth0'],
      ['[2001:4860:4860::8888]', '2001:4860:4860:0::8888', '2001:4860:4860::ABCD', '2001:4860::8.8.8.8', '2a02::1/64'],
      [undefined, null, 134744072, ['8.8.8.8'], { toString: () => '8.8.8.8' }, Symbol('x')],
    ].flat()
    expect(others.filter((text) => isPublicAddress(text as string))).toEqual([])
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.anything()), (value) => {
        expect(isPublicAddress(value as string)).toBe(false)
      }),
    )
  })

  test('takes no IPv6 address but global unicast, and says the same of an address however often it is asked', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (ip) => {
        const canonical = normalizeIpAddress(ip) ?? ''
        const isPublic = isPublicAddress(canonical)
        expect(isPublic && canonical.includes(':') ? canonical : '2000::').toMatch(/^[23][\da-f]{3}:/)
        expect(isPublicAddress(canonical)).toBe(isPublic)
      }),
      { numRuns: 2000 },
    )
  })
})
