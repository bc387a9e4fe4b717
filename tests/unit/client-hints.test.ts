import { describe, expect, test } from 'vitest'
import { describeDevice } from '../../src/user-agent.ts'

const blink = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const webkit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'
const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)'
const windows = `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink} Chrome/126.0.0.0 Safari/537.36`
const windows7 = `Mozilla/5.0 (Windows NT 6.1) ${blink} Chrome/109.0.0.0 Safari/537.36`
const chromeOnMac = `${mac} ${blink} Chrome/126.0.0.0 Safari/537.36`
const safari = `${mac} ${webkit} Version/17.5 Safari/605.1.15`
const linux = `Mozilla/5.0 (X11; Linux x86_64) ${blink} Chrome/126.0.0.0 Safari/537.36`
const chromebook = `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${blink} Chrome/126.0.0.0 Safari/537.36`
const android = `Mozilla/5.0 (Linux; Android 10; K) ${blink} Chrome/126.0.0.0 Mobile Safari/537.36`
const webView = `Mozilla/5.0 (Linux; Android 14; SM-S921B; wv) ${blink} Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36`
const instagram = `${webView} Instagram 336.0.0.35.90 Android (34/14; 480dpi; 1080x2340; samsung; SM-S921B)`

describe('describeDevice() refines the system by client hints', () => {
  test.each<[string, string, object, string | null]>([
    ['Windows 11', windows, { platform: 'Windows', platformVersion: '15.0.0' }, 'Windows 11'],
    ['the first Windows 11', windows, { platform: 'Windows', platformVersion: '13.0.0' }, 'Windows 11'],
    ['neither 10 nor 11, by the text', windows, { platform: 'Windows', platformVersion: '12.0.0' }, 'Windows 10'],
    ['the last Windows 10', '', { platform: 'Windows', platformVersion: '10.0.0' }, 'Windows 10'],
    ['the first Windows 10', '', { platform: 'Windows', platformVersion: '1.0.0' }, 'Windows 10'],
    ['Windows without a version', windows, { platform: 'Windows' }, 'Windows 10'],
    ['Windows 7, by the text', windows7, { platform: 'Windows', platformVersion: '0.1.0' }, 'Windows 7'],
    ['macOS', chromeOnMac, { platform: 'macOS', platformVersion: '14.5.0' }, 'macOS 14.5'],
    [
      'the macOS that others say they are',
      chromeOnMac,
      { platform: 'macOS', platformVersion: '10.15.7' },
      'macOS 10.15.7',
    ],
    [
      'a build of Chrome OS, no version',
      chromebook,
      { platform: 'Chrome OS', platformVersion: '15886.72.0' },
      'Chrome OS',
    ],
    ['Chrome OS by its other name', '', { platform: 'Chromium OS', platformVersion: '15886.72.0' }, 'Chrome OS'],
    ['a kernel of Linux, no version', linux, { platform: 'Linux', platformVersion: '6.8.0' }, 'Linux'],
    ['Android', android, { platform: 'Android', platformVersion: '14.0.0', model: 'Pixel 8' }, 'Pixel 8 Android 14'],
    ['the constant model', android, { platform: 'Android', platformVersion: '14.0.0', model: 'K' }, 'Android 14'],
    ['an old model in the text', webView, { platform: 'Android', model: 'Pixel 8' }, 'Pixel 8 Android 14'],
    ['a system, where there is no text', '', { platform: 'Windows', platformVersion: '15.0.0' }, 'Windows 11'],
    ['nothing, without a system', '', { platformVersion: '14.0.0', model: 'Pixel 8' }, null],
    ['no system, by an unknown name', '', { platform: 'Fuchsia', platformVersion: '1.0.0' }, null],
    [
      'nothing, by an unknown name',
      android,
      { platform: 'Fuchsia', platformVersion: '1.0.0', model: 'Pixel 8' },
      'Android',
    ],
  ])('%s', (_, userAgent, hints, deviceInfo) => {
    expect(describeDevice(userAgent, hints).deviceInfo).toBe(deviceInfo)
  })

  test('hints of another system than that of the user agent tell nothing', () => {
    const brands = [{ brand: 'Brave', version: '126' }]
    const foreign = { platform: 'Android', platformVersion: '14.0.0', model: 'Pixel 8', mobile: true, brands }
    for (const userAgent of [windows, chromeOnMac, chromebook, safari])
      expect(describeDevice(userAgent, foreign)).toEqual(describeDevice(userAgent))
    expect(describeDevice(linux, { platform: 'Windows', platformVersion: '15.0.0' })).toEqual(describeDevice(linux))
    expect(describeDevice(android, { platform: 'Linux', model: 'Pixel 8' })).toEqual(describeDevice(android))
  })

  test('a phone that asks for pages of a desktop in the name of Linux is known by its hints', () => {
    const phone = { platform: 'Android', platformVersion: '14.0.0', model: 'Pixel 8' }
    const device = { browserInfo: 'Chrome 126', deviceInfo: 'Pixel 8 Android 14', deviceType: null }
    expect(describeDevice(linux, phone)).toEqual(device)
    expect(describeDevice(linux, { ...phone, mobile: true })).toEqual({ ...device, deviceType: 'mobile' })
    expect(describeDevice(linux, { ...phone, platform: 'Linux' })).toEqual(describeDevice(linux))
  })

  test('a headset is no tablet', () => {
    const hints = { platform: 'Android', platformVersion: '14.0.0', model: 'Quest 3' }
    const headset = `Mozilla/5.0 (Linux; Android 10; K) ${blink} Chrome/126.0.0.0 Safari/537.36`
    expect(describeDevice(headset, hints)).toMatchObject({ deviceInfo: 'Quest 3 Android 14', deviceType: null })
    expect(describeDevice(headset, { ...hints, model: 'SM-X710' })).toMatchObject({ deviceType: 'tablet' })
  })

  test('mobile names the type where the text does not', () => {
    expect(describeDevice('', { platform: 'Android', mobile: true }).deviceType).toBe('mobile')
    expect(describeDevice(windows, { platform: 'Windows', mobile: true }).deviceType).toBe('desktop')
    for (const mobile of [false, 1, 'true', {}])
      expect(describeDevice('', { platform: 'Android', mobile }).deviceType).toBe(null)
  })
})

describe('describeDevice() tells an iPad that says it is a Mac', () => {
  const ipad = { deviceInfo: 'iPad iPadOS', deviceType: 'tablet' }
  const isMac = { deviceInfo: 'macOS', deviceType: 'desktop' }

  test('by more than one point of touch', () => {
    expect(describeDevice(safari, { maxTouchPoints: 5 })).toEqual({ browserInfo: 'Safari 17', ...ipad })
    expect(describeDevice(safari, { maxTouchPoints: 2 })).toMatchObject(ipad)
    for (const maxTouchPoints of [1, 0, -5, Number.NaN, '5', null, [5]])
      expect(describeDevice(safari, { maxTouchPoints })).toEqual({ browserInfo: 'Safari 17', ...isMac })
  })

  test('but no Mac, whose browser tells its platform, and nothing else that can be touched', () => {
    const touched = { maxTouchPoints: 5, platform: 'macOS' }
    expect(describeDevice(chromeOnMac, touched)).toEqual({ browserInfo: 'Chrome 126', ...isMac })
    expect(describeDevice(windows, { maxTouchPoints: 10 })).toEqual(describeDevice(windows))
    expect(describeDevice(linux, { maxTouchPoints: 10 })).toEqual(describeDevice(linux))
  })

  test.each([
    ['Chrome 126', 'CriOS/126 Version/11.1.1 Safari/605.1.15'],
    ['Firefox 127', 'FxiOS/127.0 Safari/605.1.15'],
    ['Microsoft Edge 126', 'Version/17.0 EdgiOS/126.0.2592.56 Safari/605.1.15'],
    ['DuckDuckGo 7', 'Version/17.5 DuckDuckGo/7 Safari/605.1.15'],
    ['Google App 320', 'GSA/320.0.639331702 Safari/604.1'],
    ['Opera Mini 16', 'OPiOS/16.0.15.124050 Safari/9537.53'],
    ['iOS WebView', 'Mobile/15E148'],
  ])('by what runs on no Mac: %s', (browserInfo, products) => {
    expect(describeDevice(`${mac} ${webkit} ${products}`)).toEqual({ browserInfo, ...ipad })
  })

  test('DuckDuckGo on a Mac is on a Mac', () => {
    const userAgent = `${mac} ${webkit} Version/17.4.1 Safari/605.1.15 Ddg/17.4.1`
    expect(describeDevice(userAgent)).toEqual({ browserInfo: 'DuckDuckGo 17', ...isMac })
  })
})

describe('describeDevice() names the browser by its brand', () => {
  const chromium = { brand: 'Chromium', version: '126' }

  // Spellings that Chromium has sent. Source: ua-parser-js, test/data/ua-ch/headers.js
  test.each([
    'Not_A Brand',
    'Not A(Brand',
    'Not(A:Brand',
    'Not-A.Brand',
    'Not:A-Brand',
    ' Not;A Brand',
    'Not.A/Brand',
    'Not?A_Brand',
    'Not;A=Brand',
    ';Not A Brand',
    ' Not A;Brand',
    'Not/A)Brand',
    'Not)A;Brand',
    'Not Any Brand',
    '(Not(A:Brand',
    'NotABrand',
  ])('and not by %s', (brand) => {
    const grease = { brand, version: '99' }
    const other = { brand: 'Acme Browser', version: '3.1' }
    for (const brands of [
      [grease, chromium, other],
      [other, chromium, grease],
      [chromium, grease, other],
    ])
      expect(describeDevice(windows, { brands }).browserInfo).toBe('Acme Browser 3')
    expect(describeDevice(windows, { brands: [chromium, grease] }).browserInfo).toBe('Chromium 126')
    expect(describeDevice('', { brands: [grease] }).browserInfo).toBe(null)
  })

  // Source: ua-parser-js, test/data/ua-ch/headers.js; Brave, DuckDuckGo and Vivaldi by their own documentation
  test.each([
    ['Chrome 111', windows, ['Google Chrome', '111']],
    ['Brave 132', windows, ['Brave', '132']],
    ['Microsoft Edge 120', windows, ['Microsoft Edge', '120']],
    ['Microsoft Edge WebView2 104', windows, ['Microsoft Edge', '104'], ['Microsoft Edge WebView2', '104']],
    ['Opera 116', windows, ['Opera', '116']],
    ['Opera GX 114', windows, ['Opera GX', '114']],
    ['Opera 86', android, ['OperaMobile', '86'], ['Opera', '115']],
    ['Vivaldi 6', windows, ['Vivaldi', '6.8']],
    ['Yandex Browser 24', windows, ['YaBrowser', '24.12'], ['Yowser', '2.5']],
    ['Samsung Internet 27', android, ['Samsung Internet', '27.0']],
    ['Huawei Browser 114', android, ['HuaweiBrowser', '114']],
    ['Mi Browser 123', android, ['Miui Browser', '123']],
    ['DuckDuckGo 131', android, ['DuckDuckGo', '131']],
    ['Avast Secure Browser 131', windows, ['Avast Secure Browser', '131']],
    ['Norton Private Browser 124', windows, ['Norton Private Browser', '124']],
    ['Oculus Browser 36', android, ['Oculus Browser', '36']],
    ['Android WebView 123', android, ['Android WebView', '123']],
  ])('%s', (browserInfo, userAgent, ...told) => {
    const brands = [
      chromium,
      { brand: 'Not/A)Brand', version: '24' },
      ...told.map(([brand, version]) => ({ brand, version })),
    ]
    expect(describeDevice(userAgent, { brands }).browserInfo).toBe(browserInfo)
    expect(describeDevice(userAgent, { brands: brands.toReversed() }).browserInfo).toBe(browserInfo)
  })

  test('in the full list, where there is one', () => {
    const brands = [{ brand: 'Brave', version: '126' }]
    const fullVersionList = [{ brand: 'Vivaldi', version: '6.8.3381.44' }]
    expect(describeDevice(windows, { brands, fullVersionList }).browserInfo).toBe('Vivaldi 6')
    expect(describeDevice(windows, { brands, fullVersionList: [] }).browserInfo).toBe('Brave 126')
  })

  test('but an app or a web view by what it says itself', () => {
    const brands = [{ brand: 'Android WebView', version: '126' }, chromium]
    expect(describeDevice(instagram, { brands }).browserInfo).toBe('Instagram 336')
    expect(describeDevice(webView, { brands }).browserInfo).toBe('Android WebView 126')
    expect(describeDevice('curl/8.5.0', { brands }).browserInfo).toBe('curl 8')
    expect(describeDevice(`${windows} OPR/111.0.0.0`, { brands: [chromium] }).browserInfo).toBe('Opera 111')
    expect(describeDevice(`${windows} Klarna/23.36`, { brands: [chromium] }).browserInfo).toBe('Klarna 23')
  })

  test('and a browser without a head for the robot that it is', () => {
    const robot = { browserInfo: 'HeadlessChrome', deviceInfo: null, deviceType: 'bot' }
    const brands = [chromium, { brand: 'HeadlessChrome', version: '124' }]
    expect(describeDevice(linux, { brands, platform: 'Linux' })).toEqual(robot)
  })

  test.each([
    '<b>Acme</b>',
    '=1+1',
    '\u001b[31mAcme',
    'Acme\u202e',
    'Ac\u0000me',
    '\ud800',
    '__proto__',
    'x'.repeat(40),
    'x'.repeat(16 * 1024),
  ])('and not by %o, which is not plain', (brand) => {
    expect(describeDevice(windows, { brands: [{ brand, version: '3' }] }).browserInfo).toBe('Chrome 126')
    expect(describeDevice('', { brands: [{ brand, version: '3' }] }).browserInfo).toBe(null)
    const brands = [
      { brand: 'Acme', version: '1' },
      { brand: `${brand} Browser`, version: '3' },
    ]
    expect(describeDevice('', { brands }).browserInfo).toBe('Acme 1')
  })

  test('whatever is no list of brands', () => {
    for (const brands of [null, 'Brave', {}, [], [[]], [null], [{ version: '3' }], [{ brand: 'constructor' }].slice(1)])
      expect(describeDevice(windows, { brands }).browserInfo).toBe('Chrome 126')
    const versions = ['x', '', null, '0.9', '-1', '<b>']
    for (const version of versions)
      expect(describeDevice(windows, { brands: [{ brand: 'Acme', version }] }).browserInfo).toBe('Acme')
  })
})
