import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeDevice } from '../../src/user-agent.ts'

// browserInfo | deviceInfo | deviceType | user agent, as the client sends it or its vendor documents it; `-` is null.
const tables = {
  'a desktop': `
    Chrome 126 | Windows 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
    Microsoft Edge 126 | Windows 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0
    Opera 111 | Windows 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0
    Vivaldi 6 | Windows 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Vivaldi/6.8.3381.44
    Firefox 127 | Windows 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0
    Chrome 109 | Windows 8.1 | desktop | Mozilla/5.0 (Windows NT 6.3; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36
    Internet Explorer 11 | Windows 7 | desktop | Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko
    Safari 17 | macOS 10.15.7 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15
    Chrome 126 | macOS 10.15.7 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
    Firefox 127 | macOS 10.15 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0
    Chrome 126 | Linux | desktop | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
    Firefox 127 | Linux | desktop | Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0
    Chrome 126 | Chrome OS | desktop | Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
    Firefox 127 | FreeBSD | desktop | Mozilla/5.0 (X11; FreeBSD amd64; rv:127.0) Gecko/20100101 Firefox/127.0
  `,
  'a phone or tablet': `
    Safari 17 | iPhone iOS 17.5 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
    Chrome 126 | iPhone iOS 17.5 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1
    Firefox 127 | iPhone iOS 17.5 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.1 Mobile/15E148 Safari/605.1.15
    Safari 17 | iPad iOS 17.5 | tablet | Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
    Chrome 126 | Pixel 8 Android 14 | mobile | Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36
    Chrome 126 | Android | mobile | Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
    Chrome 126 | Android | tablet | Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
    Firefox 127 | Android 14 | mobile | Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0
    Firefox 127 | Android 13 | tablet | Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0
    Samsung Internet for Android 22 | SM-S918B Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/22.0 Chrome/111.0.5563.116 Mobile Safari/537.36
    Chrome 103 | moto g(7) power Android 10 | mobile | Mozilla/5.0 (Linux; Android 10; moto g(7) power) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.5060.71 Mobile Safari/537.36
    Android Browser 4 | HTC Sensation Android 4.0.3 | mobile | Mozilla/5.0 (Linux; U; Android 4.0.3; de-ch; HTC Sensation Build/IML74K) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30
    Chrome 92 | NOH-AN00 Android 10 | mobile | Mozilla/5.0 (Linux; Android 10; HarmonyOS; NOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.105 HuaweiBrowser/12.1.2.312 Mobile Safari/537.36
    Chrome 103 | CUBOT X18 Plus Android 9 | mobile | Mozilla/5.0 (Linux; Android 9; CUBOT X18 Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.5060.71 Mobile Safari/537.36
    Amazon Silk 126 | KFMAWI Android 9 | tablet | Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/126.2.1 like Chrome/126.0.0.0 Safari/537.36
    Firefox 48 | KAIOS | mobile | Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5
  `,
  'a television or console': `
    - | Smart TV Tizen 5.0 | tv | Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.0 TV Safari/537.36
    WebOS Browser | Smart TV WebOS | tv | Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36 WebAppManager
    Chrome 88 | AFTMM Android 9 | tv | Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7233; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/88.0.4324.152 Mobile Safari/537.36
    Chrome 108 | BRAVIA 4K VH2 Android 12 | tv | Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.0.0 Safari/537.36
    Chrome 122 | Android 12.0 | tv | Mozilla/5.0 (Linux; Android 12.0; Build/STTL.240206.002) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.6261.64 Safari/537.36 CrKey/1.56.500000 DeviceType/AndroidTV
    - | PlayStation 4 | tv | Mozilla/5.0 (PlayStation 4 11.00) AppleWebKit/605.1.15 (KHTML, like Gecko)
    - | Roku 12.5 | tv | Roku/DVP-12.5 (12.5.0.4178-88)
    AppleCoreMedia 1 | Apple TV | tv | AppleCoreMedia/1.0.0.21L569 (Apple TV; U; CPU OS 17_5 like Mac OS X; en_us)
    Safari 15 | PlayStation 5 | tv | Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15
    Microsoft Edge 126 | Xbox | tv | Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0
    - | Nintendo Switch | - | Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.2.22.5 NintendoBrowser/5.1.0.23519
  `,
  'a crawler': `
    Googlebot 2 | - | bot | Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
    Googlebot 2 | - | bot | Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
    bingbot 2 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36
    GPTBot 1 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
    AhrefsBot 7 | - | bot | Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
    Bytespider | - | bot | Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)
    YahooSlurp | - | bot | Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)
    FacebookExternalHit | - | bot | facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
    PingdomBot | - | bot | Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PingdomTMS/0.8.5 Safari/538.1
    TelegramBot | - | bot | TelegramBot (like TwitterBot)
    Twitterbot 1 | - | bot | Twitterbot/1.0
  `,
  'an HTTP client or app': `
    curl 8 | - | - | curl/8.5.0
    Wget 1 | Linux | - | Wget/1.21.4 (linux-gnu)
    okhttp 4 | - | - | okhttp/4.12.0
    python-requests 2 | - | - | python-requests/2.32.3
    PostmanRuntime 7 | - | - | PostmanRuntime/7.39.0
    Go-http-client 2 | - | - | Go-http-client/2.0
    Apache-HttpClient 4 | - | - | Apache-HttpClient/4.5.14 (Java/17.0.11)
    Dalvik 2 | Pixel 8 Android 14 | - | Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UQ1A.240105.004)
    MyApp 42 | - | - | MyApp/42 CFNetwork/1496.0.7 Darwin/23.5.0
    MyApp 3 | iOS 17.5.1 | - | MyApp/3.2.1 (com.example.myapp; build:42; iOS 17.5.1) CFNetwork/1496.0.7 Darwin/23.5.0
    MyApp 3 | iPhone iOS 17.5.1 | mobile | MyApp/3.2.1 (iPhone; iOS 17.5.1; Scale/3.00)
    Opera 11 | - | - | Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10
    - | iPhone iOS 17.5.1 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 Instagram 336.0.4.24.93 (iPhone15,3; iOS 17_5_1; en_US; en; scale=3.00; 1290x2796; 609775437)
    Chrome 126 | SM-S921B Android 14 | mobile | Mozilla/5.0 (Linux; Android 14; SM-S921B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.1.0.56.78;]
    - | iOS 17.5 | - | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 YJApp-IOS jp.co.yahoo.ipn.appli/4.16.14
  `,
}

const rows = Object.values(tables).flatMap(rowsOf)

function rowsOf(table: string): { userAgent: string; device: object }[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [browserInfo, deviceInfo, deviceType, userAgent] = line
        .trim()
        .split(' | ')
        .map((cell) => (cell === '-' ? null : cell))
      return { userAgent: userAgent ?? '', device: { browserInfo, deviceInfo, deviceType } }
    })
}

describe.each(Object.entries(tables))('describeDevice() names %s', (_, table) => {
  test.each(rowsOf(table))('$userAgent', ({ userAgent, device }) => {
    expect(describeDevice(userAgent)).toEqual(device)
  })
})

test('describeDevice() does not call it Safari what an app shows on iOS', () => {
  const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
  expect(describeDevice(`${safari} Mobile/15E148`).browserInfo).toBe(null)
  expect(describeDevice(`${safari} Version/17.5 Mobile/15E148 Safari/604.1`).browserInfo).toBe('Safari 17')
})

const blink = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)'
const windows = `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink} Chrome/126.0.0.0 Safari/537.36`
const android = `Mozilla/5.0 (Linux; Android 10; K) ${blink} Chrome/126.0.0.0 Mobile Safari/537.36`

describe('describeDevice() refines the system by client hints', () => {
  const brands = [
    { brand: 'Not/A)Brand', version: '8' },
    { brand: 'Chromium', version: '126' },
    { brand: 'Brave', version: '126' },
  ]

  test.each<[string, string, object, string | null, string | null]>([
    ['Windows 11', windows, { platform: 'Windows', platformVersion: '15.0.0' }, 'Chrome 126', 'Windows 11'],
    ['the first Windows 11', windows, { platform: 'Windows', platformVersion: '13.0.0' }, 'Chrome 126', 'Windows 11'],
    [
      'neither 10 nor 11, by the text',
      windows,
      { platform: 'Windows', platformVersion: '12.0.0' },
      'Chrome 126',
      'Windows 10',
    ],
    ['the last Windows 10', '', { platform: 'Windows', platformVersion: '10.0.0' }, null, 'Windows 10'],
    ['the first Windows 10', '', { platform: 'Windows', platformVersion: '1.0.0' }, null, 'Windows 10'],
    ['Windows without a version', windows, { platform: 'Windows' }, 'Chrome 126', 'Windows 10'],
    [
      'Windows 7, by the text',
      `Mozilla/5.0 (Windows NT 6.1) ${blink} Chrome/109.0.0.0 Safari/537.36`,
      { platform: 'Windows', platformVersion: '0.1.0' },
      'Chrome 109',
      'Windows 7',
    ],
    [
      'macOS',
      `${mac} ${blink} Chrome/126.0.0.0 Safari/537.36`,
      { platform: 'macOS', platformVersion: '14.5.0' },
      'Chrome 126',
      'macOS 14.5',
    ],
    [
      'a build of Chrome OS, which is no version',
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${blink} Chrome/126.0.0.0 Safari/537.36`,
      { platform: 'Chrome OS', platformVersion: '15886.72.0' },
      'Chrome 126',
      'Chrome OS',
    ],
    [
      'an Android phone',
      android,
      { platform: 'Android', platformVersion: '14.0.0', model: 'Pixel 8', mobile: true },
      'Chrome 126',
      'Pixel 8 Android 14',
    ],
    [
      'the constant model',
      android,
      { platform: 'Android', platformVersion: '14.0.0', model: 'K' },
      'Chrome 126',
      'Android 14',
    ],
    ['a brand', windows, { brands }, 'Brave 126', 'Windows 10'],
    [
      'the full version of a brand',
      windows,
      { brands, fullVersionList: [{ brand: 'Vivaldi', version: '6.8.3381.44' }] },
      'Vivaldi 6',
      'Windows 10',
    ],
    ['a system, where there is no text', '', { platform: 'Windows', platformVersion: '15.0.0' }, null, 'Windows 11'],
    ['nothing, without a system', '', { platformVersion: '14.0.0', model: 'Pixel 8' }, null, null],
    ['no system, by an unknown name', '', { platform: 'Fuchsia', platformVersion: '1.0.0' }, null, null],
    [
      'nothing, for another system',
      windows,
      { platform: 'Android', platformVersion: '14.0.0', model: 'Pixel 8' },
      'Chrome 126',
      'Windows 10',
    ],
  ])('%s', (_, userAgent, hints, browserInfo, deviceInfo) => {
    expect(describeDevice(userAgent, hints)).toMatchObject({ browserInfo, deviceInfo })
  })

  test('mobile names the type where the text does not', () => {
    expect(describeDevice('', { platform: 'Android', mobile: true }).deviceType).toBe('mobile')
    expect(describeDevice(windows, { platform: 'Windows', mobile: true }).deviceType).toBe('desktop')
  })
})

const nothing = { browserInfo: null, deviceInfo: null, deviceType: null }

describe('describeDevice() names nothing it is not told', () => {
  test.each([
    undefined,
    null,
    '',
    ' ',
    'x',
    'node',
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

  test('leaves a name out that is not plain and keeps the rest', () => {
    for (const model of ['<b>x</b>', '\u001b[31mPixel', '=1+1', 'Pixel\u202e8', 'x'.repeat(41)])
      expect(describeDevice(android.replace('10; K', `14; ${model}`)).deviceInfo).toBe('Android 14')
  })

  test('takes a name of every object for a word like any other', () => {
    expect(describeDevice('constructor/1 x')).toEqual({ ...nothing, browserInfo: 'constructor 1' })
    expect(describeDevice('toString/2')).toEqual({ ...nothing, browserInfo: 'toString 2' })
  })

  test('never throws for hostile hints, and keeps those that can be read', () => {
    const throwing = {
      get platform(): string {
        throw new Error('no')
      },
    }
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    const hostile = [null, 0, 'hints', [], [[]], () => 0, throwing, { brands: proxy }, { brands: [throwing] }, proxy]
    for (const hints of hostile) expect(describeDevice(windows, hints)).toEqual(describeDevice(windows))
    const readable = { platform: 'Windows', platformVersion: '15.0.0' }
    for (const brands of [null, 'Brave', {}, [null, 1, 'Brave', { brand: 1 }, { brand: 'Brave', version: {} }]])
      expect(describeDevice(windows, { ...readable, brands, model: 1 }).deviceInfo).toBe('Windows 11')
    const markup = { platform: 'Android', platformVersion: '<b>', model: '<img src=x onerror=alert(1)>' }
    expect(describeDevice(android, markup).deviceInfo).toBe('Android')
  })
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
  const brand = fc.record({ brand: fc.constantFrom('Brave', 'Vivaldi'), version: anyText })
  const clientHints = fc.record(
    {
      brands: fc.oneof(fc.array(brand), fc.anything()),
      fullVersionList: fc.oneof(fc.array(brand), fc.anything()),
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
    const shapes =
      'a|(|)|;|1.|A/1 |A-|abot|a crawle|Android 1;|Android 1;(|Build/|Version/1|version/1.|opr/1 |linespider-'
    const others = 'slackbot-a|yahoo!  |Macintosh FxiOS| Ddg/1.|mac os x 1_1|\u{1f600}| |\n|(X11;|MyApp/1 ('
    const slow = [...shapes.split('|'), ...others.split('|'), windows, android].filter((word) => {
      const text = word.repeat(Math.ceil(2 ** 20 / word.length))
      const hints = { platform: text, model: text, brands: Array.from({ length: 1e4 }, () => ({ brand: text })) }
      const times = Array.from({ length: 7 }, () => {
        const start = performance.now()
        describeDevice(text, hints)
        return performance.now() - start
      })
      // The best of several runs: other work on the machine makes a run longer, never shorter.
      return Math.min(...times) >= 5
    })
    expect(slow).toEqual([])
  })
})
