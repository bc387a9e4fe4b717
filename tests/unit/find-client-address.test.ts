import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressHeaders, findClientAddress, type AddressHeader } from '../../src/find-client-address.ts'
import { isPublicAddress, normalizeIpAddress } from '../../src/ip-address.ts'
import { trustProxies } from '../../src/trust-proxies.ts'
import { isSlow, megabyteOf } from './is-slow.ts'

const proxies = ['loopback', '10.0.0.0/8', 'fd00::/8']
const isTrusted = trustProxies(proxies)
const find = (
  header: string | undefined,
  addressHeader: AddressHeader = 'x-forwarded-for',
  peer: string | null = '10.0.0.1',
) => findClientAddress(peer, isTrusted, addressHeader, header)
const findForwarded = (header: string) => find(header, 'forwarded')

const platformHeaders = addressHeaders.filter((name) => name !== 'x-forwarded-for' && name !== 'forwarded')
/** The way each header names 203.0.113.7. */
const naming = (name: AddressHeader): string =>
  name === 'forwarded' ? 'for=203.0.113.7' : name === 'cloudfront-viewer-address' ? '203.0.113.7:4711' : '203.0.113.7'

describe('every header', () => {
  test.each(addressHeaders)('%s is believed from a trusted peer only', (name) => {
    expect(find(naming(name), name, '10.0.0.1')).toBe('203.0.113.7')
    expect(find(naming(name), name, 'fd00::1')).toBe('203.0.113.7')
    expect(find(naming(name), name, '198.51.100.1')).toBe('198.51.100.1')
    expect(find(naming(name), name, '2001:db8::1')).toBe('2001:db8::1')
    expect(find(naming(name), name, null)).toBe(null)
    expect(findClientAddress('127.0.0.1', trustProxies([]), name, naming(name))).toBe('127.0.0.1')
  })

  test.each(addressHeaders)('a peer that sends no %s is the client', (name) => {
    expect(find(undefined, name)).toBe('10.0.0.1')
  })
})

describe('x-forwarded-for', () => {
  test.each([
    ['one client', '203.0.113.7', '203.0.113.7'],
    ['what a client claims before', '192.0.2.1, 203.0.113.7', '203.0.113.7'],
    ['what it claims before of proxies', '192.0.2.1, 127.0.0.1, 10.0.0.9, 203.0.113.7', '203.0.113.7'],
    ['garbage before', ',, x, "\\", 203.0.113.7', '203.0.113.7'],
    ['proxies behind', '203.0.113.7, 10.0.0.2, 127.0.0.1, fd00::1', '203.0.113.7'],
    ['claims before, proxies behind', '192.0.2.1, 10.0.0.8, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['proxies only', '10.0.0.4, 10.0.0.3, 10.0.0.2', '10.0.0.4'],
    ['no space', '192.0.2.1,203.0.113.7,10.0.0.2', '203.0.113.7'],
    ['more space', '192.0.2.1 ,\t 203.0.113.7\t ,  10.0.0.2  ', '203.0.113.7'],
    ['nothing between commas', '203.0.113.7, , ,10.0.0.2,, ', '203.0.113.7'],
    ['nothing', '', '10.0.0.1'],
    ['commas only', ' , ,', '10.0.0.1'],
    ['ports', '203.0.113.7:1234, 10.0.0.2:80', '203.0.113.7'],
    ['IPv6', '2001:DB8:0:0::7, fd00::2', '2001:db8::7'],
    ['IPv6 in brackets, with ports', '[2001:db8::7]:1234, [fd00::2], [fd00::3]:80', '2001:db8::7'],
    ['a zone', 'fe80::7%eth0, fd00::2%1', 'fe80::7'],
    ['addresses mapped into IPv6', '::ffff:203.0.113.7, ::ffff:a00:2, [::FFFF:10.0.0.3]:80', '203.0.113.7'],
  ])('is walked from the right: %s', (_, header, expected) => {
    expect(find(header)).toBe(expected)
  })

  test.each([
    [
      'unknown',
      'null',
      '-',
      '_hidden',
      'localhost',
      'example.com',
      '"203.0.113.7"',
      'for=203.0.113.7',
      '203.0.113.7 x',
    ],
    [
      '203.0.113',
      '203.0.113.007',
      '203.0.113.7.',
      '0xcb007107',
      '3405803783',
      '2001:db8',
      '[203.0.113.7]',
      '10.0.0.0/8',
    ],
    // A trusted address to a reader who takes octal, hex, short and decimal forms.
    ['012.0.0.1', '0xa.0.0.1', '10.1', '167772161', '127.1', '0177.0.0.1', '::ffff:10.1'],
  ])('a trusted proxy that names no address makes the client unknown: %j and the like', (...texts) => {
    expect(texts.filter((text) => find(text) !== null)).toEqual([])
    expect(texts.filter((text) => find(`203.0.113.7, ${text}, 10.0.0.2`) !== null)).toEqual([])
  })
})

describe('forwarded', () => {
  // Source: RFC 7239, sections 4, 6 and 7.1.
  test.each([
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="203.0.113.7"', '203.0.113.7'],
    ['FOR="203.0.113.7:4711"', '203.0.113.7'],
    ['for="203.0.113.7:_port"', '203.0.113.7'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for="[2001:DB8:0::17]"', '2001:db8::17'],
    ['for="[::ffff:203.0.113.7]:_gazonk"', '203.0.113.7'],
    ['for=203.0.113.7;proto=http;by=203.0.113.43', '203.0.113.7'],
    ['by=203.0.113.43; proto=http; for=203.0.113.7', '203.0.113.7'],
    ['for=192.0.2.43, for=203.0.113.7', '203.0.113.7'],
    ['for=203.0.113.7,for="[fd00::1]";by=10.0.0.1,for=10.0.0.2', '203.0.113.7'],
    ['for=203.0.113.7 , , for=10.0.0.2,\t', '203.0.113.7'],
    ['for=10.0.0.3, for="[fd00::2]"', '10.0.0.3'],
    ['for="203.0.113\\.7"', '203.0.113.7'],
    ['for=203.0.113.7;host="a, b;c"', '203.0.113.7'],
    ['for=203.0.113.7;host="a,,b, \\"for=192.0.2.1", for=10.0.0.2;host="x, for=192.0.2.1"', '203.0.113.7'],
    ['', '10.0.0.1'],
    [' , ', '10.0.0.1'],
  ])('%s', (header, expected) => {
    expect(findForwarded(header)).toBe(expected)
  })

  test.each([
    ['for=unknown', 'for="unknown:80"', 'for=_hidden', 'for="_SEVKISEK"', 'for=""', 'for=example.com'],
    [
      'proto=https',
      'by=203.0.113.7',
      'fo=203.0.113.7',
      'for;by=203.0.113.7',
      'for=',
      'for',
      '203.0.113.7',
      '=',
      '"',
      ';',
    ],
    // IPv6 without brackets: what is its port?
    ['for=2001:db8::7', 'for="2001:db8::7"', 'for="2001:db8::7:80"', 'for="[2001:db8::7"', 'for=[2001:db8::7]'],
    [
      'for=203.0.113.7:80',
      'for="203.0.113.7:http"',
      'for="203.0.113.7:"',
      'for="203.0.113.7',
      'for=203.0.113.7"',
      "for='203.0.113.7'",
      'for = 203.0.113.7',
      'for=203.0.113.7;',
    ],
    [
      'for=203.0.113.7 x',
      'for="203.0.113.7 "',
      'for="203.0.113.7, 10.0.0.2"',
      'for=203.0.113.07',
      'for="[203.0.113.7]"',
    ],
  ])('a trusted proxy that names no address makes the client unknown: %j and the like', (...elements) => {
    expect(elements.filter((element) => findForwarded(element) !== null)).toEqual([])
    expect(elements.filter((element) => findForwarded(`for=203.0.113.7, ${element}, for=10.0.0.2`) !== null)).toEqual(
      [],
    )
  })

  test.each([
    [
      'for="',
      'for="\\',
      'for=192.0.2.1;a="',
      '"',
      '\\',
      '=',
      ';',
      'for=192.0.2.1, for="[',
      'a="b\\", for="',
      'for=10.0.0.9',
    ],
    [
      'for=192.0.2.1;host="x, ',
      'for="192.0.2.1"for="',
      '?',
      '\xff',
      'for=192.0.2.1, "',
      'for=10.0.0.9;by="',
      '"for=192.0.2.1"',
    ],
  ])('what a trusted proxy appends is read whatever is left of it: %j and the like', (...claims) => {
    const appended = [
      'for=203.0.113.7',
      'for="[::ffff:203.0.113.7]:80";by="[fd00::1]"',
      'for=203.0.113.7, for=10.0.0.2',
    ]
    const headers = claims.flatMap((claim) => appended.map((elements) => `${claim}, ${elements}`))
    expect(headers.filter((header) => findForwarded(header) !== '203.0.113.7')).toEqual([])
  })
})

describe("platforms' headers", () => {
  test.each(platformHeaders)('%s names one client, who is not walked over', (name) => {
    const port = name === 'cloudfront-viewer-address' ? ':4711' : ''
    expect(find(`203.0.113.7${port}`, name)).toBe('203.0.113.7')
    expect(find(`2001:db8::7${port}`, name)).toBe('2001:db8::7')
    expect(find(`::ffff:203.0.113.7${port}`, name)).toBe('203.0.113.7')
    expect(find(`10.0.0.2${port}`, name)).toBe('10.0.0.2')
  })

  test.each(platformHeaders)('%s with anything but one address makes the client unknown', (name) => {
    const port = name === 'cloudfront-viewer-address' ? ':4711' : ''
    const texts = [
      '',
      'unknown',
      '203.0.113.7, 203.0.113.8',
      '10.0.0.2, 203.0.113.7',
      '203.0.113.7, 10.0.0.2',
      'for=203.0.113.7',
    ]
    expect(texts.filter((text) => find(`${text}${port}`, name) !== null)).toEqual([])
  })

  // Source: Amazon CloudFront Developer Guide, CloudFront-Viewer-Address.
  test.each([
    ['198.51.100.10:46532', '198.51.100.10'],
    ['2001:db8::8a2e:370:7334:46532', '2001:db8::8a2e:370:7334'],
    ['2001:db8:1:2:3:4:5:6:443', '2001:db8:1:2:3:4:5:6'],
    ['2001:db8::1:80', '2001:db8::1'],
    ['[2001:db8::7]:46532', '2001:db8::7'],
    ['198.51.100.10', null],
    ['198.51.100.10:', null],
    ['198.51.100.10:port', null],
    ['2001:db8::abcd', null],
  ])('what follows the last colon of a CloudFront-Viewer-Address is a port: %s', (header, expected) => {
    expect(find(header, 'cloudfront-viewer-address')).toBe(expected)
  })
})

describe('long lists', () => {
  const forwardedPad = `for="${'x'.repeat(5000)}"`

  test.each([
    ['x-forwarded-for', `${'192.0.2.1, '.repeat(2000)}203.0.113.7, 10.0.0.2`, '203.0.113.7'],
    ['x-forwarded-for', `${'a'.repeat(2 ** 20)},203.0.113.7, 10.0.0.2`, '203.0.113.7'],
    ['x-forwarded-for', `${','.repeat(2 ** 20)}203.0.113.7, 10.0.0.2`, '203.0.113.7'],
    ['forwarded', `${'for=192.0.2.1, '.repeat(2000)}for=203.0.113.7, for=10.0.0.2`, '203.0.113.7'],
    ['forwarded', `${forwardedPad}, for=203.0.113.7`, '203.0.113.7'],
    ['forwarded', `${','.repeat(2 ** 20)}for=203.0.113.7`, '203.0.113.7'],
  ] as const)('%s is read from its end', (name, header, expected) => {
    expect(find(header, name)).toBe(expected)
  })

  test('32 proxies are walked over, and who stands further left is unknown', () => {
    const behind = (count: number) => `203.0.113.7${', 10.0.0.2'.repeat(count)}`
    expect(find(behind(31))).toBe('203.0.113.7')
    expect(find(behind(32))).toBe(null)
    const elements = (count: number) => `for=203.0.113.7${', for=10.0.0.2'.repeat(count)}`
    expect(findForwarded(elements(31))).toBe('203.0.113.7')
    expect(findForwarded(elements(32))).toBe(null)
    const proxiesOnly = (count: number) => Array(count).fill('10.0.0.2').join(', ')
    expect(find(proxiesOnly(32))).toBe('10.0.0.2')
    expect(find(proxiesOnly(33))).toBe(null)
    expect(find(`203.0.113.7${','.repeat(1000)}10.0.0.2`)).toBe('203.0.113.7')
  })

  test('4096 characters are read, and an address that is cut there is unknown', () => {
    // Only spaces tell where it is cut: in front of the address, behind it, and at each of its digits.
    const right = ',10.0.0.2'
    const lists = Array.from(
      { length: 40 },
      (_, index) => `211.2.3.4${' '.repeat(4096 - right.length - index)}${right}`,
    )
    const found = lists.map((list) => [list.length <= 4096, find(list)])
    expect(found).toEqual(lists.map((list) => [list.length <= 4096, list.length <= 4096 ? '211.2.3.4' : null]))
    expect(new Set(found.map(([isWhole]) => isWhole))).toEqual(new Set([true, false]))
    const element = (host: number) => `for=203.0.113.7;host="${'x'.repeat(host)}",for=10.0.0.2`
    const rest = element(0).length
    expect(findForwarded(element(4096 - rest))).toBe('203.0.113.7')
    expect(findForwarded(element(4097 - rest))).toBe(null)
  })

  test('an element of Forwarded of which the beginning was cut is unknown, also where its rest looks like one', () => {
    expect(findForwarded(`for=192.0.2.1;host="${'x'.repeat(4096)},for=203.0.113.7",for=10.0.0.2`)).toBe(null)
    expect(findForwarded(`for="${',for=203.0.113.7;a='.repeat(32)}",for=10.0.0.2`)).toBe(null)
  })
})

/** Who is trusted, by the operating system's own reading. */
const trusted = new BlockList()
trusted.addSubnet('127.0.0.0', 8)
trusted.addSubnet('10.0.0.0', 8)
trusted.addSubnet('fd00::', 8, 'ipv6')
trusted.addAddress('::1', 'ipv6')
const familyOf = (ip: string) => (ip.includes(':') ? 'ipv6' : 'ipv4')
// In its own family: the system's list would find an IPv4 address that is mapped into IPv6.
const isOutside = (ip: string): boolean => {
  const address = normalizeIpAddress(ip)!
  return !trusted.check(address, familyOf(address))
}

const trustedAddress = fc.oneof(
  fc.constantFrom('127.0.0.1', '127.8.9.10', '10.0.0.1', '10.255.255.255', '::1', 'fd00::1', 'fdff:1:2:3:4:5:6:7'),
  fc.constantFrom('::ffff:10.0.0.1', '::ffff:127.0.0.1', '::FFFF:a00:1'),
)
const attacker = fc
  .oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('8.8.8.8', '192.168.0.1', '::ffff:8.8.8.8', '2001:db8::7', 'fc00::1'))
  .filter(isOutside)

describe('a client that is not a proxy', () => {
  // Source: RFC 9110, section 5.5.
  const fieldCharacter = fc.constantFrom(
    ...Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).filter((text) =>
      /[\t -~\x80-\xff]/.test(text),
    ),
  )
  /** Spellings of who is trusted, and what could make a list, a quotation or a path out of what follows. */
  const claim = fc.oneof(
    trustedAddress,
    fc.constantFrom(
      '127.1',
      '0177.0.0.1',
      '2130706433',
      '0x7f000001',
      '[::1]',
      '127.0.0.1:80',
      'localhost',
      '::1%lo',
      '010.0.0.1',
    ),
    fc.constantFrom(
      'for=',
      'FOR="',
      'for="[::1]"',
      'for=127.0.0.1',
      'for=10.0.0.1;by=',
      'for="10.0.0.1:80"',
      'by="',
      'host="a, for=',
    ),
    fc.constantFrom(
      '"',
      '\\',
      '\\"',
      '=',
      ';',
      ',',
      ', ',
      ' ',
      '\t',
      '=",',
      '="\\,',
      '?',
      'unknown',
      '\xff',
      'a',
      '203.0.113.7',
    ),
    fc.constantFrom(
      ' '.repeat(4090),
      ','.repeat(4090),
      'for=10.0.0.1,'.repeat(40),
      '"'.repeat(301),
      '127.0.0.1, '.repeat(400),
    ),
    fc.string({ unit: fieldCharacter, maxLength: 20 }),
  )
  const line = fc.array(claim, { maxLength: 8 }).map((claims) => claims.join(''))
  const headers = fc.dictionary(fc.constantFrom(...addressHeaders), fc.array(line, { maxLength: 3 }), {
    noNullPrototype: true,
  })
  const host = fc.array(claim, { maxLength: 4 }).map((claims) => claims.join('').slice(0, 200))

  type Sent = { [name in AddressHeader]?: string[] }
  interface Proxy {
    address: string
    hasPort: boolean
    isUppercase: boolean
    /** HAProxy adds a line; nginx and Envoy append to the last one. */
    addsLine: boolean
    separator: string
    host: string | null
  }
  const proxy: fc.Arbitrary<Proxy> = fc.record({
    address: trustedAddress,
    hasPort: fc.boolean(),
    isUppercase: fc.boolean(),
    addsLine: fc.boolean(),
    separator: fc.constantFrom(', ', ',', ' ,\t'),
    host: fc.option(host),
  })

  const bracketed = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip)
  const inXForwardedFor = (peer: string, { hasPort }: Proxy) => (hasPort ? `${bracketed(peer)}:4711` : peer)
  const quote = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`

  /** Source: RFC 7239, sections 4 and 6. */
  function inForwarded(peer: string, { hasPort, isUppercase, host: asked }: Proxy): string {
    const node = `${bracketed(peer)}${hasPort ? ':4711' : ''}`
    const named = `${isUppercase ? 'For' : 'for'}=${/[^\d.]/.test(node) ? quote(node) : node}`
    return [asked === null ? [] : `host=${quote(asked)}`, named, 'proto=https;by="[fd00::1]:443"'].flat().join(';')
  }

  /** What a proxy makes of a list: what came, and behind it whom it was asked by. */
  function append(lines: string[] = [], appended: string, { addsLine, separator }: Proxy): string[] {
    const last = lines.at(-1)
    return addsLine || last === undefined
      ? [...lines, appended]
      : [...lines.slice(0, -1), `${last}${separator}${appended}`]
  }

  /** What a proxy sends on that writes this header and lets all others pass. */
  function pass(sent: Sent, name: AddressHeader, peer: string, own: Proxy, isEdge: boolean): Sent {
    if (name === 'x-forwarded-for') return { ...sent, [name]: append(sent[name], inXForwardedFor(peer, own), own) }
    if (name === 'forwarded') return { ...sent, [name]: append(sent[name], inForwarded(peer, own), own) }
    // A platform's edge overwrites its header. What stands behind it in the platform passes that on.
    if (!isEdge) return sent
    return { ...sent, [name]: [name === 'cloudfront-viewer-address' ? `${peer}:4711` : peer] }
  }

  test.each(addressHeaders)('is found behind proxies that write %s, whatever it sends', (name) => {
    fc.assert(
      fc.property(attacker, headers, fc.array(proxy, { minLength: 1, maxLength: 4 }), (own, sent, chain) => {
        let arriving: Sent = sent
        let peer = own
        for (const [index, next] of chain.entries()) {
          arriving = pass(arriving, name, peer, next, index === 0)
          peer = next.address
        }
        const found = findClientAddress(normalizeIpAddress(peer), isTrusted, name, arriving[name]?.join(', '))
        expect(found).toBe(normalizeIpAddress(own))
      }),
      { numRuns: 3000 },
    )
  })

  test.each(addressHeaders)('is found when it comes to the server itself, whatever it sends in %s', (name) => {
    fc.assert(
      fc.property(attacker, line, (own, sent) => {
        expect(findClientAddress(normalizeIpAddress(own), isTrusted, name, sent)).toBe(normalizeIpAddress(own))
      }),
    )
  })
})

describe('any text', () => {
  const piece = fc.constantFrom(
    ',',
    '"',
    '\\',
    '=',
    ';',
    ':',
    '[',
    ']',
    ' ',
    'for=',
    '10.0.0.1',
    '203.0.113.7',
    '::1',
    'by',
    '?',
  )
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'binary', minLength: 4000, maxLength: 6000, size: 'max' }),
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
  )

  test('gives a normalised address or null, the same one each time', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...addressHeaders), (text, name) => {
        const found = find(text, name)
        expect(normalizeIpAddress(found)).toBe(found)
        expect(find(text, name)).toBe(found)
      }),
      { numRuns: 5000 },
    )
  })

  test.each(addressHeaders)('takes less than 5 ms in a %s of a megabyte', (name) => {
    const words = [
      ' ',
      ',',
      ', ',
      '"',
      '\\',
      ':',
      ';',
      'for="',
      'for=10.0.0.1,',
      'a="\\,',
      'a=b,',
      'x;',
      '1',
      '10.0.0.1,',
    ]
    const more = [
      '10.0.0.1:80 ,',
      'fd00::1,',
      '[fd00::1]:80,',
      '::ffff:10.0.0.1,',
      'for="[fd00::1]",',
      'for="a,b",',
      '\u{1f600}',
      '1:',
    ]
    const ends = ['', '"', ':80', ',for="', `,a="${'x,'.repeat(15)}`, `,a=b${';a="x"'.repeat(600)}`]
    const slow = [...words, ...more].flatMap((word) =>
      ends.filter((end) => {
        const text = megabyteOf(word) + end
        const found = find(text, name)
        expect(found === null || isTrusted(found) || isPublicAddress(found)).toBe(true)
        return isSlow(() => find(text, name))
      }),
    )
    expect(slow).toEqual([])
  })
})
