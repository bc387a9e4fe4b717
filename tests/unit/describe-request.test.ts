import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeRequest, type DescribeRequestOptions } from '../../src/describe-request.ts'
import * as entryPoint from '../../src/request.ts'
import { everyHeader } from '../every-header.ts'
import { isSlow, megabyteOf } from './is-slow.ts'

const proxy: DescribeRequestOptions = { trustedProxies: ['loopback'] }
const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const headers = {
  'user-agent': chrome,
  'x-forwarded-for': '192.0.2.1, 203.0.113.7',
  forwarded: 'for=192.0.2.2',
  'cf-connecting-ip': '192.0.2.3',
  'cf-ipcountry': 'CH',
  'cf-ipcity': 'Bern',
  'sec-ch-ua': '"Chromium";v="126", "Google Chrome";v="126"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Windows"',
}
const described = {
  ipAddress: '203.0.113.7',
  userAgent: chrome,
  clientHints: {
    brands: [
      { brand: 'Chromium', version: '126' },
      { brand: 'Google Chrome', version: '126' },
    ],
    mobile: false,
    platform: 'Windows',
  },
  locationHeaders: { 'cf-ipcountry': 'CH', 'cf-ipcity': 'Bern' },
}
const nothing = { ipAddress: null, userAgent: null, clientHints: null, locationHeaders: {} }

/** A request of node:http as its parser builds it, of these header lines. */
function nodeRequest(lines: [name: string, value: string][], remoteAddress?: string): IncomingMessage {
  const request = new IncomingMessage(Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress }))
  Reflect.apply(Reflect.get(request, '_addHeaderLines'), request, [lines.flat(), lines.length * 2])
  return request
}

test('the entry point has what its contents page says', () => {
  expect(Object.keys(entryPoint).toSorted()).toEqual(['acceptClientHints', 'describeRequest'])
})

describe('requests', () => {
  test.each([
    { kind: "Node's", request: nodeRequest(Object.entries(headers), '127.0.0.1') },
    {
      kind: "Node's, on a socket for both families",
      request: nodeRequest(Object.entries(headers), '::ffff:127.0.0.1'),
    },
    { kind: 'an object with headers and a socket', request: { headers, socket: { remoteAddress: '::1' } } },
    { kind: 'a Fetch request', request: new Request('https://example.com', { headers }), peerAddress: '127.0.0.1' },
    { kind: 'an object with Fetch headers', request: { headers: new Headers(headers) }, peerAddress: '::1' },
    {
      kind: 'Fetch headers and a socket',
      request: { headers: new Headers(headers), socket: { remoteAddress: '127.0.0.1' } },
    },
    { kind: 'an object with headers only', request: { headers }, peerAddress: '127.0.0.1' },
    {
      kind: 'headers without a prototype, in lists',
      request: {
        headers: Object.assign(Object.create(null), { ...headers, 'x-forwarded-for': ['192.0.2.1', '203.0.113.7'] }),
        socket: { remoteAddress: '127.0.0.1' },
      },
    },
    {
      kind: 'lines of the same name',
      request: nodeRequest(
        [
          ['X-Forwarded-For', '192.0.2.1'],
          ...Object.entries({ ...headers, 'x-forwarded-for': '203.0.113.7' }),
          ['x-forwarded-for', '127.0.0.2'],
        ],
        '127.0.0.1',
      ),
    },
  ])('may be $kind', ({ request, peerAddress }) => {
    expect(describeRequest(request, { ...proxy, peerAddress })).toEqual(described)
  })

  test.each([
    { kind: 'none', request: { headers: {}, socket: { remoteAddress: '203.0.113.7' } }, ipAddress: '203.0.113.7' },
    { kind: 'none, and no socket', request: { headers: {} }, ipAddress: null },
    { kind: 'none, and its socket gone', request: { headers: {}, socket: null }, ipAddress: null },
    { kind: 'none, and no peer', request: { headers: {}, socket: {} }, ipAddress: null },
    { kind: 'none of Fetch', request: new Request('https://example.com'), ipAddress: null },
  ])('may have no headers: $kind', ({ request, ipAddress }) => {
    expect(describeRequest(request, proxy)).toEqual({ ...nothing, ipAddress })
  })

  test('may have a header that is called like a method of Fetch headers', () => {
    const request = nodeRequest([['get', 'x'], ['then', 'x'], ...Object.entries(headers)], '127.0.0.1')
    expect(describeRequest(request, proxy)).toEqual(described)
  })

  test('may have lost their client', () => {
    const request = {
      headers,
      get socket(): never {
        throw new Error('ERR_HTTP2_SOCKET_UNBOUND')
      },
    }
    expect(describeRequest(request, proxy)).toEqual({ ...described, ipAddress: null, locationHeaders: {} })
    expect(describeRequest(request, { ...proxy, peerAddress: '127.0.0.1' })).toEqual(described)
  })

  test.each([
    ['nothing', undefined, null],
    ['no object', 'GET /', 1, true, () => headers],
    ['no headers', {}, { headers: undefined }, { headers: null }, { header: headers }, []],
    [
      'headers that are not here',
      { headers: 'host: x' },
      { headers: async () => headers },
      { headers: Promise.resolve(headers) },
      // What another realm promises is no instance of this one's.
      { headers: runInNewContext('Promise.resolve({})') },
      { headers: ['host', 'x'] },
    ],
  ])('are refused when they are %s', (_, ...requests) => {
    const refusals = requests.map((request) => refusalOf(request, proxy))
    expect(refusals).toEqual(
      requests.map(() => expect.objectContaining({ name: 'InvalidInputError', field: 'request' })),
    )
    const message = expect.stringMatching(
      /^Cannot describe request: request must be an object with headers: received \w+$/,
    )
    expect(refusals).toEqual(requests.map(() => expect.objectContaining({ message })))
  })
})

function refusalOf(request: unknown, options: unknown): unknown {
  try {
    return describeRequest(request as never, options as never)
  } catch (error) {
    return error
  }
}

describe('options', () => {
  const withEach = (name: string, ...values: unknown[]) =>
    values.map((value) => Object.assign({}, proxy, { [name]: value }))
  const request = { headers, socket: { remoteAddress: '127.0.0.1' } }
  const ipAddressOf = (options: DescribeRequestOptions) => describeRequest(request, options).ipAddress

  test('no proxy is trusted unless it is named', () => {
    expect(ipAddressOf({ trustedProxies: [] })).toBe('127.0.0.1')
    expect(ipAddressOf({ trustedProxies: ['uniquelocal', '198.51.100.0/24'] })).toBe('127.0.0.1')
    expect(ipAddressOf({ trustedProxies: ['127.0.0.1'] })).toBe('203.0.113.7')
    expect(ipAddressOf({ trustedProxies: ['127.0.0.1', '203.0.113.0/24'] })).toBe('192.0.2.1')
  })

  test('one header says the address, X-Forwarded-For where no other is named', () => {
    expect(ipAddressOf({ ...proxy, addressHeader: undefined })).toBe('203.0.113.7')
    expect(ipAddressOf({ ...proxy, addressHeader: 'x-forwarded-for' })).toBe('203.0.113.7')
    expect(ipAddressOf({ ...proxy, addressHeader: 'forwarded' })).toBe('192.0.2.2')
    expect(ipAddressOf({ ...proxy, addressHeader: 'cf-connecting-ip' })).toBe('192.0.2.3')
    // It is not here. The others are not asked.
    expect(ipAddressOf({ ...proxy, addressHeader: 'fly-client-ip' })).toBe('127.0.0.1')
  })

  test("peerAddress takes the place of the socket's address", () => {
    expect(ipAddressOf({ ...proxy, peerAddress: '198.51.100.1' })).toBe('198.51.100.1')
    expect(ipAddressOf({ trustedProxies: ['10.0.0.0/8'], peerAddress: '::ffff:10.0.0.1' })).toBe('203.0.113.7')
    expect(ipAddressOf({ ...proxy, peerAddress: null })).toBe('203.0.113.7')
    expect(ipAddressOf({ ...proxy, peerAddress: undefined })).toBe('203.0.113.7')
    expect(ipAddressOf({ ...proxy, peerAddress: '' })).toBe(null)
    expect(ipAddressOf({ ...proxy, peerAddress: '/run/app.sock' })).toBe(null)
  })

  test('location headers are there when the peer is trusted, whomever it names', () => {
    const placeOf = (options: DescribeRequestOptions, own = headers) =>
      describeRequest({ headers: own, socket: request.socket }, options).locationHeaders
    expect(placeOf(proxy)).toEqual(described.locationHeaders)
    expect(placeOf(proxy, { ...headers, 'x-forwarded-for': 'unknown' })).toEqual(described.locationHeaders)
    expect(placeOf({ trustedProxies: [] })).toEqual({})
    expect(placeOf({ ...proxy, peerAddress: '203.0.113.7' })).toEqual({})
    expect(placeOf({ ...proxy, peerAddress: '' })).toEqual({})
  })

  test.each([
    ['options', undefined, null, [], 'loopback', { trustedProxies: [], proxies: [] }, { ...proxy, trustProxy: true }],
    [
      'trustedProxies',
      {},
      ...withEach('trustedProxies', undefined, null, true, 1, 'loopback', {}, ['203.0.113.777'], [1]),
    ],
    ['trustedProxies', ...withEach('trustedProxies', ['loopback', '*'], [['loopback']], ['10.0.0.0/0'])],
    [
      'addressHeader',
      ...withEach('addressHeader', null, true, 'x-real-ip', 'X-Forwarded-For', '', ['forwarded'], 'toString'),
    ],
    ['peerAddress', ...withEach('peerAddress', 1, true, ['127.0.0.1'], {}, { address: '127.0.0.1' })],
  ])('%s that are wrong are refused, without saying what they are', (name, ...wrong) => {
    const refusals = wrong.map((options) => refusalOf(request, options))
    expect(refusals).toEqual(wrong.map(() => expect.objectContaining({ name: 'InvalidInputError', field: name })))
    const message = expect.stringMatching(
      new RegExp(String.raw`^Cannot describe request: ${name} must be .+: received [a-z ]+$`),
    )
    expect(refusals).toEqual(wrong.map(() => expect.objectContaining({ message })))
    expect(refusals).not.toContainEqual(expect.objectContaining({ message: expect.stringMatching(/203|real|\*/) }))
  })

  test('neither request nor options are changed', () => {
    const frozen = Object.freeze({
      headers: Object.freeze({ ...headers }),
      socket: Object.freeze({ remoteAddress: '127.0.0.1' }),
    })
    const options = Object.freeze({
      trustedProxies: Object.freeze(['linklocal', 'loopback']),
      addressHeader: 'x-forwarded-for',
    } as const)
    expect(describeRequest(frozen, options)).toEqual(described)
  })
})

describe('what a client sends', () => {
  const addressHeader = fc.constantFrom('x-forwarded-for', 'forwarded', 'cf-connecting-ip', 'cloudfront-viewer-address')
  const isDescription = {
    ipAddress: expect.toSatisfy((value: unknown) => value === null || typeof value === 'string'),
    userAgent: expect.toSatisfy((value: unknown) => value === null || typeof value === 'string'),
    clientHints: expect.toSatisfy((value: unknown) => typeof value === 'object'),
    locationHeaders: expect.toSatisfy((value: object) =>
      Object.values(value).every((text) => typeof text === 'string'),
    ),
  }

  test.each([
    5,
    true,
    null,
    {},
    [],
    [5],
    [[chrome]],
    Symbol('x'),
    [Symbol('x')],
    Object.create(null),
    [Object.create(null)],
    () => chrome,
  ])('counts for nothing where a header is no text: %o', (value) => {
    const sent = Object.fromEntries(Object.keys(headers).map((name) => [name, value]))
    const request = { headers: sent, socket: { remoteAddress: '127.0.0.1' } }
    expect(describeRequest(request, proxy)).toEqual({ ...nothing, ipAddress: '127.0.0.1' })
  })

  test('never throws, whatever its headers are, and gives the same answer each time', () => {
    const sent = fc.dictionary(
      fc.constantFrom(...everyHeader),
      fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.array(fc.string())),
    )
    fc.assert(
      fc.property(sent, addressHeader, (own, name) => {
        const request = { headers: own as Record<string, string>, socket: { remoteAddress: '127.0.0.1' } }
        const options = { ...proxy, addressHeader: name }
        const description = describeRequest(request, options)
        expect(description).toEqual(isDescription)
        expect(describeRequest(request, options)).toEqual(description)
      }),
      { numRuns: 2000 },
    )
  })

  test("is read the same in Node's and in Fetch's headers", () => {
    const value = fc.string({ unit: fc.constantFrom(...' ,;="\\?:[]v1aé203.for'.split('')), maxLength: 40 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...everyHeader), value), { maxLength: 12 }),
        addressHeader,
        (lines, name) => {
          // A server trims what it reads, and keeps the first of several user agents.
          const sent = lines
            .filter(
              ([header], index) => header !== 'user-agent' || lines.findIndex(([other]) => other === header) === index,
            )
            .map(([header, text]): [string, string] => [header, text.trim()])
          const options = { ...proxy, addressHeader: name }
          const ofNode = describeRequest(nodeRequest(sent, '127.0.0.1'), options)
          expect(describeRequest({ headers: new Headers(sent) }, { ...options, peerAddress: '127.0.0.1' })).toEqual(
            ofNode,
          )
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('takes less than 5 ms, a megabyte of it in each header', () => {
    const words = [
      'a',
      ' ',
      ',',
      '"',
      '\\',
      'for="',
      '127.0.0.1,',
      'for=127.0.0.1,',
      '"a";v="1",',
      '(',
      '%c3%bc',
      'é',
      '\u{1f600}',
    ]
    const slow = words.flatMap((word) => {
      const text = megabyteOf(word)
      const sent = Object.fromEntries(everyHeader.map((name) => [name, text]))
      return (['x-forwarded-for', 'forwarded', 'cloudfront-viewer-address'] as const).filter((name) => {
        const options = { ...proxy, addressHeader: name, peerAddress: '127.0.0.1' }
        expect(describeRequest({ headers: sent }, options).ipAddress ?? '127.0.0.1').toBe('127.0.0.1')
        return isSlow(() => describeRequest({ headers: sent }, options))
      })
    })
    expect(slow).toEqual([])
  })
})
