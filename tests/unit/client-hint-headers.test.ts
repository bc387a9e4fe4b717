import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acceptClientHints, readClientHintHeaders } from '../../src/client-hint-headers.ts'
import { describeDevice } from '../../src/user-agent.ts'
import { isSlow } from './is-slow.ts'

const names = [
  'sec-ch-ua',
  'sec-ch-ua-full-version-list',
  'sec-ch-ua-mobile',
  'sec-ch-ua-model',
  'sec-ch-ua-platform',
  'sec-ch-ua-platform-version',
]
const read = (headers: Record<string, string | undefined>) => readClientHintHeaders((name) => headers[name])
const brands = (...pairs: [brand: string, version: string][]) => pairs.map(([brand, version]) => ({ brand, version }))

describe('browsers', () => {
  // Sources: MDN, Sec-CH-UA and its family, for Chrome, Edge and Opera; requests that are copied into public code for the rest.
  test.each([
    {
      browser: 'Chrome on Windows, asked for more',
      headers: {
        'sec-ch-ua': '"Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126"',
        'sec-ch-ua-full-version-list':
          '"Not/A)Brand";v="8.0.0.0", "Chromium";v="126.0.6478.127", "Google Chrome";v="126.0.6478.127"',
        'sec-ch-ua-mobile': '?0',
        'sec-ch-ua-model': '""',
        'sec-ch-ua-platform': '"Windows"',
        'sec-ch-ua-platform-version': '"15.0.0"',
      },
      hints: {
        brands: brands(['Not/A)Brand', '8'], ['Chromium', '126'], ['Google Chrome', '126']),
        fullVersionList: brands(
          ['Not/A)Brand', '8.0.0.0'],
          ['Chromium', '126.0.6478.127'],
          ['Google Chrome', '126.0.6478.127'],
        ),
        mobile: false,
        model: '',
        platform: 'Windows',
        platformVersion: '15.0.0',
      },
    },
    {
      browser: 'Edge',
      headers: {
        'sec-ch-ua': '" Not A;Brand";v="99", "Chromium";v="96", "Microsoft Edge";v="96"',
        'sec-ch-ua-mobile': '?0',
        'sec-ch-ua-platform': '"Windows"',
      },
      hints: {
        brands: brands([' Not A;Brand', '99'], ['Chromium', '96'], ['Microsoft Edge', '96']),
        mobile: false,
        platform: 'Windows',
      },
    },
    {
      browser: 'Brave',
      headers: {
        'sec-ch-ua': '"Brave";v="137", "Chromium";v="137", "Not/A)Brand";v="24"',
        'sec-ch-ua-mobile': '?0',
        'sec-ch-ua-platform': '"Linux"',
      },
      hints: {
        brands: brands(['Brave', '137'], ['Chromium', '137'], ['Not/A)Brand', '24']),
        mobile: false,
        platform: 'Linux',
      },
    },
    {
      browser: 'Opera',
      headers: {
        'sec-ch-ua': '"Opera";v="81", " Not;A Brand";v="99", "Chromium";v="95"',
        'sec-ch-ua-mobile': '?0',
        'sec-ch-ua-platform': '"macOS"',
      },
      hints: {
        brands: brands(['Opera', '81'], [' Not;A Brand', '99'], ['Chromium', '95']),
        mobile: false,
        platform: 'macOS',
      },
    },
    {
      browser: 'Samsung Internet, asked for more',
      headers: {
        'sec-ch-ua': '"Chromium";v="136", "Samsung Internet";v="29.0", "Not.A/Brand";v="99"',
        'sec-ch-ua-mobile': '?1',
        'sec-ch-ua-model': '"SM-S911B"',
        'sec-ch-ua-platform': '"Android"',
        'sec-ch-ua-platform-version': '"14"',
      },
      hints: {
        brands: brands(['Chromium', '136'], ['Samsung Internet', '29.0'], ['Not.A/Brand', '99']),
        mobile: true,
        model: 'SM-S911B',
        platform: 'Android',
        platformVersion: '14',
      },
    },
    { browser: 'Firefox and Safari', headers: {}, hints: null },
  ])('$browser', ({ headers, hints }) => {
    expect(read(headers)).toEqual(hints)
  })

  test('what is read tells a device what the user agent does not', () => {
    const chrome =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
    const hints = read({ 'sec-ch-ua-platform': '"Windows"', 'sec-ch-ua-platform-version': '"15.0.0"' })
    expect(describeDevice(chrome).deviceInfo).toBe('Windows 10')
    expect(describeDevice(chrome, hints).deviceInfo).toBe('Windows 11')
  })
})

test.each([
  [
    'escapes',
    '"\\\\Not\\"A;Brand";v="99", "Chromium";v="126"',
    [
      ['\\Not"A;Brand', '99'],
      ['Chromium', '126'],
    ],
  ],
  ['other parameters', '"Chromium";a;v="126";b=?0', [['Chromium', '126']]],
  [
    'no spaces',
    '"Chromium";v="126","Edge";v="126"',
    [
      ['Chromium', '126'],
      ['Edge', '126'],
    ],
  ],
  [
    'tabs',
    ' "Chromium";v="126" ,\t"Edge";v="126" ',
    [
      ['Chromium', '126'],
      ['Edge', '126'],
    ],
  ],
  [
    'entries of another kind',
    '"Chromium";v="126", Edge;v="126", "Opera", "X";v=1, ("Y";v="1"), 5, ?1',
    [['Chromium', '126']],
  ],
] as [string, string, [string, string][]][])('a list of brands may have %s', (_, text, expected) => {
  expect(read({ 'sec-ch-ua': text })).toEqual({ brands: brands(...expected) })
  expect(read({ 'sec-ch-ua-full-version-list': text })).toEqual({ fullVersionList: brands(...expected) })
})

test.each([
  [
    'sec-ch-ua',
    ['', ' ', '"', '"Chromium";v="126', '"Chromium";v="126",', '"Chromium" v="126"', 'Chromium', '"é";v="1"'],
  ],
  [
    'sec-ch-ua-full-version-list',
    ['"Chromium"', '"Chromium";v=126', '"a";v="1" "b";v="2"', '%"a";v="1"', ':YQ==:;v="1"'],
  ],
  ['sec-ch-ua-mobile', ['', '?', '?2', '1', '"?1"', 'true', '?1, ?1', '?1 x', '@1', '(?1)']],
  [
    'sec-ch-ua-model',
    ['', 'Pixel 8', '"Pixel 8', '"Pixel", "8"', '?1', '8', ':UGl4ZWw=:', '%"Pixel"', 'Pixel', '"\n"'],
  ],
  [
    'sec-ch-ua-platform',
    ['Windows', '"Windows" x', "'Windows'", '"Windows', '"Win\\dows"', '"Windows"; ', '"\u{1f600}"'],
  ],
  ['sec-ch-ua-platform-version', ['15.0.0', '15', '"15.0.0', '"15.0.0", "14.0.0"', '1e3', '-']],
])('%s that is not what it should be is left out, and the others stay', (name, texts) => {
  expect(texts.filter((text) => read({ [name]: text }) !== null)).toEqual([])
  const other = name === 'sec-ch-ua-mobile' ? { 'sec-ch-ua-model': '"K"' } : { 'sec-ch-ua-mobile': '?1' }
  const hints = name === 'sec-ch-ua-mobile' ? { model: 'K' } : { mobile: true }
  expect(texts.map((text) => read({ [name]: text, ...other }))).toEqual(texts.map(() => hints))
})

test('a header of up to 1024 characters is read, and no part of a longer one', () => {
  const quoted = (length: number) => `"${'a'.repeat(length - 2)}"`
  expect(read({ 'sec-ch-ua-model': quoted(1024) })).toEqual({ model: 'a'.repeat(1022) })
  expect(read({ 'sec-ch-ua-model': quoted(1025) })).toBe(null)
  expect(read({ 'sec-ch-ua': `"a";v="1", ${quoted(1024)};v="1"` })).toBe(null)
})

test('a browser is asked for what it does not send by itself, and for nothing that is not read', () => {
  // Source: User-Agent Client Hints, which calls these three low entropy hints.
  const unasked = ['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform']
  const asked = acceptClientHints.toLowerCase().split(', ')
  // Of a browser's version the first number is shown, which comes unasked.
  const shown = names.filter((name) => name !== 'sec-ch-ua-full-version-list')
  expect([...unasked, ...asked].toSorted()).toEqual(shown)
})

const crafted = fc.array(
  fc.constantFrom(
    '"',
    '\\',
    ';',
    'v',
    '=',
    ',',
    ' ',
    '\t',
    '(',
    ')',
    '?1',
    '"Chromium"',
    ';v="1"',
    ':',
    '%"',
    '@',
    '-',
    '1.5',
    'a',
    '*',
  ),
  { maxLength: 30 },
)
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  crafted.map((pieces) => pieces.join('')),
)
const anyHeaders = fc.record(Object.fromEntries(names.map((name) => [name, anyText])), { requiredKeys: [] })

test('any texts give hints of the right types, the same ones each time', () => {
  const brandList = expect.toSatisfy((list: { brand: unknown; version: unknown }[]) =>
    list.every(({ brand, version }) => typeof brand === 'string' && typeof version === 'string'),
  )
  const text = expect.any(String)
  const types = {
    brands: brandList,
    fullVersionList: brandList,
    mobile: expect.any(Boolean),
    model: text,
    platform: text,
    platformVersion: text,
  }
  fc.assert(
    fc.property(anyHeaders, (headers) => {
      const hints = read(headers)
      expect({ ...types, ...hints }).toEqual(types)
      expect(Object.keys(hints ?? types)).not.toEqual([])
      expect(read(headers)).toEqual(hints)
    }),
    { numRuns: 5000 },
  )
})

test('takes less than 5 ms for a megabyte in each header, and for the most that is read', () => {
  const words = [
    '"',
    '"a";v="1", ',
    'a',
    'a;',
    'a;a=1;',
    '(',
    '(a ',
    ':AAAA:, ',
    '%"%f0',
    '@1',
    ' ',
    '\\"',
    '?1, ',
    '-1, ',
    ',',
  ]
  const slow = [2 ** 20, 1024].flatMap((length) =>
    words.filter((word) => {
      const text = word.repeat(Math.ceil(length / word.length)).slice(0, length)
      return isSlow(() => readClientHintHeaders(() => text))
    }),
  )
  expect(slow).toEqual([])
})
