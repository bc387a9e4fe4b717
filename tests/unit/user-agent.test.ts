import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { describeDevice } from '../../src/user-agent.ts'
import { isSlow, megabyteOf } from './is-slow.ts'

vi.resetModules()
/** The same, of which nothing has been asked yet. */
const { describeDevice: describeAfresh } = await import('../../src/user-agent.ts')

const [, ...groups] = readFileSync(new URL('user-agents.txt', import.meta.url), 'utf8').split(/\n\n# /)
const tables = groups.map((group) => {
  const [heading = '', ...lines] = group.trim().split('\n')
  return { heading, rows: lines.map(rowOf) }
})
const rows = tables.flatMap((table) => table.rows)

function rowOf(line: string): { userAgent: string; device: object } {
  const [browserInfo, deviceInfo, deviceType, ...rest] = line.split(' | ').map((cell) => (cell === '-' ? null : cell))
  return { userAgent: rest.join(' | '), device: { browserInfo, deviceInfo, deviceType } }
}

describe.each(tables)('describeDevice() names what its owner should read: $heading', ({ rows: ofGroup }) => {
  test.each(ofGroup)('$userAgent', ({ userAgent, device }) => {
    expect(describeDevice(userAgent)).toEqual(device)
  })
})

test('the table is read whole, and none of its user agents stands in it twice', () => {
  expect(rows.length).toBeGreaterThan(400)
  expect(new Set(rows.map(({ userAgent }) => userAgent)).size).toBe(rows.length)
})

const windows =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const android =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36'
const nothing = { browserInfo: null, deviceInfo: null, deviceType: null }

describe('describeDevice() names nothing it is not told', () => {
  test.each([
    undefined,
    null,
    '',
    ' ',
    'x',
    'undefined',
    'undefined/1.0 (x)',
    'null/1.0',
    '(null)/1 CFNetwork/1496.0.7',
    'Mozilla/5.0',
    'Mozilla/5.0 (compatible)',
    'Hello world/1.0 (x)',
    'foo/bar (x)',
    '__proto__/1 x',
    '<img src=x onerror=alert(1)>/9 (x)',
    '<script>alert(1)</script>',
    "=cmd|'/c calc'!A1/1 (x)",
    '=1+1/2',
    '+1/2 (x)',
    '@SUM(A1)/2 (x)',
    '-2+3/1',
    '\u001b[31mred/1 (x)',
    '\u202egpj.exe/1 (x)',
    'na\u0000me/1 (x)',
    '\ud800/1 (x)',
    '微信/8.0',
    `${'a'.repeat(41)}/1`,
    0,
    true,
    1n,
    Symbol('curl/8'),
    ['curl/8.5.0'],
    { toString: () => 'curl/8.5.0' },
    () => 'curl/8.5.0',
    new String('curl/8.5.0'),
  ])('%o', (userAgent) => {
    expect(describeDevice(userAgent)).toEqual(nothing)
  })

  test.each([
    '<b>x</b>',
    '\u001b[31mPixel',
    '=1+1',
    'Pixel\u202e8',
    'Pi\u0000xel',
    'Pixel \ud800',
    'x'.repeat(40),
    'x'.repeat(16 * 1024),
  ])('leaves %o out, which is not plain, and keeps the rest', (name) => {
    expect(describeDevice(android.replace('10; K', `14; ${name}`)).deviceInfo).toBe('Android 14')
    expect(describeDevice(`${windows} ${name}/1.0`)).toEqual(describeDevice(windows))
    expect(describeDevice(`${name}%20App/1 CFNetwork/1 Darwin/1`).browserInfo).toBe(null)
  })

  test('fits the longest of names into 64 characters', () => {
    const device = describeDevice(
      `Mozilla/5.0 (Linux; Android 12; HarmonyOS 1234.1234.1234; ${'x'.repeat(39)}) Mobile Safari/1 ${'y'.repeat(39)}/1234567890`,
    )
    expect(device).toEqual({
      browserInfo: `${'y'.repeat(39)} 1234567890`,
      deviceInfo: `${'x'.repeat(39)} HarmonyOS 1234.1234.1234`,
      deviceType: 'mobile',
    })
    expect(device.deviceInfo).toHaveLength(64)
  })

  test.each(['undefined', 'null', 'Mozilla'])('takes %s for no name of an app', (name) => {
    expect(describeDevice(`${name}/1 CFNetwork/1496.0.7 Darwin/23.5.0`).browserInfo).toBe(null)
  })

  test('takes a name of every object for a word like any other', () => {
    expect(describeDevice('constructor/1 x')).toEqual({ ...nothing, browserInfo: 'constructor 1' })
    expect(describeDevice('toString/2')).toEqual({ ...nothing, browserInfo: 'toString 2' })
    expect(describeDevice(`${windows} constructor/3`).browserInfo).toBe('constructor 3')
    expect(describeDevice(`${windows} __proto__/3`).browserInfo).toBe('Chrome 126')
  })
})

test('describeDevice() does not take the build of an iPhone for what an app shows on it', () => {
  const view = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
  for (const products of ['Mobile/15E148', 'Safari/605.1.15 Mobile/15E148', 'Mobile/15E148 Safari/604.1'])
    expect(describeDevice(`${view} ${products}`).browserInfo).toBe('iOS WebView')
})

test('describeDevice() does not call an app by the name of its twin abroad', () => {
  const inApp = `${android} aweme_32.5.0 BytedanceWebview/d8a21c6`
  expect(describeDevice(inApp).browserInfo).toBe('Douyin 32')
})

test('describeDevice() does not take an app for a robot because of its name', () => {
  const app = { browserInfo: 'Chatbot 2', deviceInfo: 'Apple device', deviceType: null }
  expect(describeDevice('Chatbot/2.1 CFNetwork/1496.0.7 Darwin/23.5.0')).toEqual(app)
  const robot = { browserInfo: 'Crawler', deviceInfo: null, deviceType: 'bot' }
  expect(describeDevice(`${'a'.repeat(18)}crawler-${'a'.repeat(18)}/1.0`)).toEqual(robot)
})

describe('describeDevice() for any input', () => {
  const halfCharacters = fc.string({
    unit: fc.integer({ max: 0xffff, min: 0 }).map((unit) => String.fromCharCode(unit)),
  })
  const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 }), halfCharacters)
  // Pieces of real user agents get past the patterns that any text alone never meets.
  const pieces = [...new Set(rows.flatMap(({ userAgent }) => userAgent.split(/(?<=[ ;/(),])/)))]
  const piece = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary' }))
  const userAgents = fc.oneof(
    fc.constantFrom(...rows.map(({ userAgent }) => userAgent)),
    fc.array(piece, { maxLength: 30 }).map((parts) => parts.join('')),
  )
  const brand = fc.record({ brand: fc.oneof(fc.constantFrom('Brave', 'Chromium', 'Opera'), anyText), version: anyText })
  const clientHints = fc.record(
    {
      brands: fc.oneof(fc.array(brand), fc.anything()),
      fullVersionList: fc.oneof(fc.array(brand), fc.anything()),
      maxTouchPoints: fc.oneof(fc.integer(), fc.anything()),
      mobile: fc.anything(),
      model: fc.oneof(anyText, fc.anything()),
      platform: fc.oneof(fc.constantFrom('Windows', 'macOS', 'Android', 'Linux', 'Chrome OS'), fc.anything()),
      platformVersion: fc.oneof(fc.string({ unit: fc.constantFrom('1', '9', '0', '.'), maxLength: 80 }), fc.anything()),
    },
    { requiredKeys: [] },
  )

  test.each([
    ['any text', anyText, fc.constant(undefined)],
    ['pieces of user agents', userAgents, fc.constant(undefined)],
    ['any values', fc.anything(), fc.anything()],
    ['user agents and hints', userAgents, clientHints],
  ])('answers %s with plain names of at most 64 characters, the same twice', (_, userAgent, hints) => {
    fc.assert(
      fc.property(userAgent, hints, (...input) => {
        const device = describeDevice(...input)
        const { browserInfo, deviceInfo, deviceType, ...rest } = device
        for (const name of [browserInfo, deviceInfo])
          expect(name ?? 'null').toMatch(/^[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,63}$/)
        expect([null, 'desktop', 'mobile', 'tablet', 'tv', 'bot']).toContain(deviceType)
        expect(rest).toEqual({})
        expect(describeDevice(...input)).toEqual(device)
        expect(describeAfresh(...input)).toEqual(device)
      }),
      { numRuns: 1000 },
    )
  })

  test('reads the first 1024 characters', () => {
    const filled = windows.replace('(', `(${' '.repeat(1024 - windows.length)}`)
    expect(describeDevice(filled.repeat(2))).toEqual(describeDevice(windows))
    expect(describeDevice(`${' '.repeat(1024)}curl/8.5.0`)).toEqual(nothing)
  })

  test('takes less than 5 ms for a megabyte', () => {
    // What the patterns begin with, and go on with, without ever ending.
    const shapes = [
      'a|(|)|;|1.| |\n|\u{1f600}|_|/|%20|a |a;|A/1 |A-|+|(+http:|abot|a crawle|bot-|abot 1|-User/|a-User/|(a/1|; a/1 +',
      'compatible;a +|slackbot-a|Google-a|StatusCake_|WhatsApp/1|yahoo!  |linespider-|version/1.|opr/1 |Version/1|Ddg/1.',
      'FBAN/|FB_IAB/Orca|[FBAV/;FBAV|trill_|musical_ly_ app_version/|NAVER(inapp;|Weibo (|YJApp-A a|KAKAOTALK/|a/v|a_1',
      'PlayStation Vita| Silk/|Opera Mini/|Microsoft Outlook |(KHTML, like Gecko) a/1|HbbTV/1 (|HbbTV/1 (a;|PICO a|Roku',
      ' CrKey/1.|Xbox|Nintendo |Quest|(Fuchsia|Safari/1 a|Safari/1 a/1 |Mobile/1 a/1| Darwin/1| Darwin/1 (|iPhone a',
      'Mozilla/5 like Mac |Macintosh |Macintosh Mobile/|Macintosh FxiOS|OS 1_|iOS;FBSV/1|OS Version |mac os x 1_1',
      'like Mac OS 18_7 |not_|not |Android 1;|Android 1;(|Tizen 1;(|Build/|Windows NT 10.|HarmonyOS|HarmonyOS 1.|(X11;|MyApp/1 (|.0',
    ].flatMap((line) => line.split('|'))
    const slow = [...shapes, ...tables.map((table) => table.rows[0]!.userAgent)].filter((word) => {
      const text = megabyteOf(word)
      const brands = Array.from({ length: 1e5 }, () => ({ brand: text }))
      const hints = { platform: 'Android', platformVersion: `${text}x`, model: text, brands }
      return isSlow((run) => {
        const newHints = { ...hints, maxTouchPoints: run }
        return [describeDevice(text, newHints), describeDevice(android, newHints)]
      })
    })
    expect(slow).toEqual([])
  })
})
