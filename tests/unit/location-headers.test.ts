import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { readLocation, type Location } from '../../src/find-location.ts'
import { locationHeaders, readLocationHeaders, type LocationPlatform } from '../../src/location-headers.ts'
import { isSlow, megabyteOf } from './is-slow.ts'

const platforms = ['cloudflare', 'cloudfront', 'vercel'] as const
const names = {
  cloudflare: { country: 'cf-ipcountry', city: 'cf-ipcity' },
  cloudfront: { country: 'cloudfront-viewer-country', city: 'cloudfront-viewer-city' },
  vercel: { country: 'x-vercel-ip-country', city: 'x-vercel-ip-city' },
}

/** What the platform says where it sends these, undefined being no header. */
function locate(platform: LocationPlatform, country: unknown, city?: unknown): Promise<Location | null> {
  const headers = { [names[platform].country]: country, [names[platform].city]: city }
  return locationHeaders(platform)('8.8.8.8', headers as Record<string, string>)
}

/** Text as Node gives it when its UTF-8 comes in a header. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1')

describe('locationHeaders()', () => {
  test.each<[LocationPlatform, string, string, string, string]>([
    ['cloudflare', 'US', 'San Francisco', 'San Francisco', 'US'],
    ['cloudflare', 'BR', bytes('São Paulo'), 'São Paulo', 'BR'],
    ['cloudflare', 'PL', bytes('Łódź'), 'Łódź', 'PL'],
    ['cloudflare', 'CN', bytes('北京'), '北京', 'CN'],
    ['cloudfront', 'US', 'Ann Arbor', 'Ann Arbor', 'US'],
    ['cloudfront', 'BR', 'S%C3%A3o Paulo', 'São Paulo', 'BR'],
    ['cloudfront', 'TR', '%C4%B0stanbul', 'İstanbul', 'TR'],
    ['vercel', 'US', 'San%20Francisco', 'San Francisco', 'US'],
    ['vercel', 'US', 'Berlin', 'Berlin', 'US'],
    ['vercel', 'BR', 'S%C3%A3o%20Paulo', 'São Paulo', 'BR'],
    ['vercel', 'FR', "L'Ha%C3%BF-les-Roses", "L'Haÿ-les-Roses", 'FR'],
  ])('reads what %s sends: %s, %s', async (platform, sentCountry, sentCity, city, country) => {
    expect(await locate(platform, sentCountry, sentCity)).toEqual({ city, country })
  })

  describe.each(platforms)('of %s', (platform) => {
    test('knows nothing where it sends nothing, and what there is where it sends one', async () => {
      expect(await locationHeaders(platform)('8.8.8.8', {})).toBe(null)
      expect(await locate(platform, undefined)).toBe(null)
      expect(await locate(platform, '', '')).toBe(null)
      expect(await locate(platform, 'DE')).toEqual({ city: null, country: 'DE' })
      expect(await locate(platform, 'DE', '')).toEqual({ city: null, country: 'DE' })
      expect(await locate(platform, undefined, 'Berlin')).toEqual({ city: 'Berlin', country: null })
    })

    test('knows no place of an address that is not public', async () => {
      const headers = { [names[platform].country]: 'DE', [names[platform].city]: 'Berlin' }
      for (const ipAddress of [
        '10.0.0.9',
        '127.0.0.1',
        '100.64.0.1',
        '203.0.113.7',
        'fd00::1',
        '2002::1',
        '64:ff9b::1',
      ])
        expect(await locationHeaders(platform)(ipAddress, headers)).toBe(null)
      expect(await locationHeaders(platform)('2a00:1450::1', headers)).toEqual({ city: 'Berlin', country: 'DE' })
    })

    test('goes by no header of another platform', async () => {
      const others = platforms.filter((other) => other !== platform)
      const headers = Object.fromEntries(
        others.flatMap((other) => [
          [names[other].country, 'DE'],
          [names[other].city, 'Berlin'],
        ]),
      )
      expect(await locationHeaders(platform)('8.8.8.8', headers)).toBe(null)
    })

    test('takes no city where the country is none: unknown, Tor, sent twice', async () => {
      for (const country of ['XX', 'T1', 'ZZ', 'DE, DE', 'de', 'Germany', 'D', ''])
        expect(await locate(platform, country, 'Berlin'), country).toBe(null)
    })

    test('takes no city that is not safe to show, or is written in another way', async () => {
      const markup = [
        '<b>Berlin</b>',
        '%3Cb%3EBerlin',
        '%22Berlin',
        '=1+1',
        '%3D1',
        'Berlin%0A',
        'Ber%00lin',
        'Ber%E2%80%AElin',
      ]
      const malformed = [
        '%',
        'Berlin%',
        'S%C3o',
        '%C3%28',
        '%ED%A0%80',
        '%F8%88%80%80',
        '%u00e3',
        'S\u00e3o',
        'Ł',
        '\ufeffBerlin',
      ]
      const cut = [bytes('São').slice(0, 2), 'S%C3', 'S%C', bytes('\ufeffBerlin'), 'x'.repeat(1201), '%20'.repeat(500)]
      for (const city of [...markup, ...malformed, ...cut])
        expect(await locate(platform, 'DE', city), city).toEqual({ city: null, country: 'DE' })
    })

    test('takes nothing but text', async () => {
      for (const value of [undefined, null, 5, true, {}, ['Berlin'], new String('Berlin')])
        expect(await locate(platform, 'DE', value)).toEqual({ city: null, country: 'DE' })
      for (const value of [null, 5, true, {}, ['DE'], new String('DE')])
        expect(await locate(platform, value, 'Berlin')).toBe(null)
    })

    test('answers names or null to anything, the same each time', async () => {
      const piece = fc.constantFrom(
        '%',
        '%C3',
        '%A3',
        '%3C',
        '%00',
        'São',
        'Ã£',
        '\u00c3\u00a3',
        ' ',
        'DE',
        '\u202e',
        'Ł',
        ',',
      )
      const text = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(piece).map((pieces) => pieces.join('')),
        fc.anything(),
      )
      const property = fc.asyncProperty(fc.oneof(fc.constant('DE'), text), text, async (country, city) => {
        const found = await locate(platform, country, city)
        expect(readLocation(found)).toEqual(found)
        expect(await locate(platform, country, city)).toEqual(found)
      })
      await fc.assert(property, { numRuns: 1000 })
    })

    test('takes less than 5 ms for a megabyte', async () => {
      const slow: string[] = []
      for (const word of ['a', '%', '%C3%A3', '%C3', '\u00c3\u00a3', ' ', '\u{1f600}']) {
        const text = megabyteOf(word)
        expect(await locate(platform, text, text)).toBe(null)
        if (isSlow(() => locate(platform, text, text))) slow.push(word)
      }
      expect(slow).toEqual([])
    })
  })

  test.each(['fly', 'Cloudflare', '', 'constructor', '__proto__', 'toString', undefined, null, 5, ['vercel'], {}])(
    'refuses %j for a platform',
    (platform) => {
      const type = Array.isArray(platform) ? 'array' : platform === null ? 'null' : typeof platform
      const message = `Cannot read location headers: platform must be one of cloudflare, cloudfront, vercel: received ${type}`
      expect(() => locationHeaders(platform as LocationPlatform)).toThrow(new InvalidInputError(message, 'platform'))
    },
  )
})

describe('readLocationHeaders()', () => {
  const reading = (headers: Record<string, unknown>): unknown =>
    readLocationHeaders((name) => headers[name] as string | undefined)

  test('picks the headers of all platforms that are there, and no other', () => {
    const sent = Object.fromEntries(
      platforms.flatMap((platform) => [
        [names[platform].country, 'DE'],
        [names[platform].city, ''],
      ]),
    )
    expect(reading({ ...sent, cookie: 'secret', 'fly-region': 'fra', 'cf-connecting-ip': '8.8.8.8' })).toEqual(sent)
    expect(reading({ 'cf-ipcountry': 'DE' })).toEqual({ 'cf-ipcountry': 'DE' })
    expect(reading({})).toEqual({})
  })

  test('leaves out what is longer than any city, and what is not text', () => {
    const longest = '%F0%A0%80%80'.repeat(100)
    expect(reading({ 'cf-ipcity': longest })).toEqual({ 'cf-ipcity': longest })
    expect(reading({ 'cf-ipcity': `${longest}a`, 'cf-ipcountry': 'x'.repeat(2 ** 20) })).toEqual({})
    expect(reading({ 'cf-ipcity': null, 'cf-ipcountry': 5, 'x-vercel-ip-city': ['Berlin'] })).toEqual({})
  })

  test('has room for the longest city', async () => {
    expect(await locate('vercel', 'CN', '%F0%A0%80%80'.repeat(100))).toEqual({ city: '𠀀'.repeat(100), country: 'CN' })
  })

  test("reads a city from a request of Node's server and from fetch's headers", async () => {
    const server = createServer((request, response) => {
      const headers = readLocationHeaders((name) => request.headers[name] as string | undefined)
      void locationHeaders('cloudflare')('8.8.8.8', headers).then((found) => response.end(JSON.stringify(found)))
    })
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    socket.end(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCF-IPCountry: BR\r\nCF-IPCity: São Paulo\r\n\r\n',
      'utf8',
    )
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    await once(socket, 'close')
    expect(answer).toContain('{"city":"São Paulo","country":"BR"}')

    const sent = new Headers({ 'CF-IPCountry': 'BR', 'CF-IPCity': bytes('São Paulo') })
    const headers = readLocationHeaders((name) => sent.get(name) ?? undefined)
    expect(await locationHeaders('cloudflare')('8.8.8.8', headers)).toEqual({ city: 'São Paulo', country: 'BR' })
  })
})
