import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findLocation, readLocation, type Locate, type Location } from '../../src/find-location.ts'
import { isSlow, megabyteOf } from './is-slow.ts'

const nowhere = { city: null, country: null }
const google = { city: null, country: 'US' }
const answering =
  (answer: unknown): Locate =>
  async () =>
    answer as never

// oxlint-disable-next-line unicorn/no-thenable
const thenable = (then: () => void): unknown => ({ then })

function refuse(): never {
  throw new Error('refused')
}

describe('findLocation()', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test.each(['8.8.8.8', '10.0.0.1', '::1', '2001:db8::1'])('asks it for %s', async (ipAddress) => {
    const locate = vi.fn<Locate>(answering({ city: 'Ürümqi', country: 'CN' }))
    expect(await findLocation(ipAddress, locate)).toEqual({ city: 'Ürümqi', country: 'CN' })
    expect(locate.mock.calls).toEqual([[ipAddress, {}]])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('hands it the texts among the headers, and none of anything else', async () => {
    const texts = { 'cf-ipcountry': 'DE', 'cf-ipcity': '' }
    const others = { 'x-list': ['DE'], 'x-none': undefined, 'x-null': null, 'x-number': 5, 'x-object': {} }
    const handed = async (headers: unknown): Promise<unknown> => {
      const locate = vi.fn<Locate>(answering(google))
      expect(await findLocation('8.8.8.8', locate, headers)).toEqual(google)
      return locate.mock.calls[0]?.[1]
    }
    expect(await handed({ ...texts, ...others })).toEqual(texts)
    const unreadables = [
      new Proxy({}, { ownKeys: refuse }),
      Object.defineProperty({}, 'x', { get: refuse, enumerable: true }),
    ]
    for (const headers of [
      undefined,
      null,
      5,
      'cf-ipcountry',
      [],
      [['cf-ipcountry', 'DE']],
      new Map([['a', 'b']]),
      ...unreadables,
    ])
      expect(await handed(headers)).toEqual({})
  })

  test('does not ask it for no address', async () => {
    expect(await findLocation(null, () => expect.fail())).toEqual(nowhere)
  })

  const unreadable = new Proxy({}, { get: refuse })
  test.each<[string, unknown]>([
    ['throws', refuse],
    ['rejects', async () => refuse()],
    ['rejects with nothing', () => Promise.reject()],
    ['is not a function', 'Berlin'],
    ['answers at once', () => ({ city: 5, country: 5 })],
    ['answers null', answering(null)],
    ['answers undefined', answering(undefined)],
    ['answers a text', answering('Berlin')],
    ['answers a number', answering(1)],
    ['answers an array', answering(['Berlin', 'DE'])],
    ['answers a function', answering(() => google)],
    ['answers nothing in it', answering({})],
    ['answers other types', answering({ city: ['Berlin'], country: new String('DE') })],
    ['answers a getter that throws', answering(Object.defineProperty({ country: 'DE' }, 'city', { get: refuse }))],
    ['answers a proxy that throws', () => unreadable],
    ['answers a thenable that throws', () => thenable(refuse)],
  ])('answers nulls when it %s', async (_, locate) => {
    expect(await findLocation('8.8.8.8', locate as Locate)).toEqual(nowhere)
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each<[string, () => unknown]>([
    ['never answers', () => new Promise(() => {})],
    ['never calls back', () => thenable(() => {})],
    ['answers after 1001 ms', () => new Promise((resolve) => void setTimeout(resolve, 1001, google))],
    // Vitest fails a run in which a rejection is nobody's.
    ['rejects after 1001 ms', () => new Promise((_, reject) => void setTimeout(reject, 1001, new Error('late')))],
  ])('answers nulls after 1 s when it %s', async (_, locate) => {
    const answered = vi.fn<(location: Location) => void>()
    void findLocation('8.8.8.8', locate as Locate).then(answered)
    await vi.advanceTimersByTimeAsync(999)
    expect(answered).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(answered.mock.calls).toEqual([[nowhere]])
    await vi.advanceTimersByTimeAsync(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('takes an answer that comes within 1 s', async () => {
    const found = findLocation('8.8.8.8', () => new Promise((resolve) => void setTimeout(resolve, 999, google)))
    await vi.advanceTimersByTimeAsync(999)
    expect(await found).toEqual(google)
  })

  const names = [
    ['Berlin', 'São Paulo', "L'Aquila", 'Al ‘Ayn', 'Be’er Toviyya', "'s-Hertogenbosch", 'St. John’s', 'Tala, Cyprus'],
    [
      '100 Mile House',
      'Klipplaat (1)',
      'Volketswil / Volketswil (Dorf)',
      '北京',
      'القاهرة',
      'नई दिल्ली',
      'Zu\u0308rich',
      'Ko‘rg‘ontepa',
      'ʻEwa Beach',
    ],
    [
      'Munich (Bogenhausen)',
      'Saint-Louis-du-Ha! Ha!',
      'Rosemont–La Petite-Patrie',
      'Montreal (Rosemont—La Petite-Patrie)',
    ],
    ['25 de Junho ”B”', 'Bel·loc', 'Nuku‘alofa', '東京', 'Łódź', 'กรุงเทพมหานคร', 'תל אביב', '25 de Mayo'],
  ].flat()
  test.each(names)('takes the name %s', async (city) => {
    expect(await findLocation('8.8.8.8', answering({ city, country: 'DE' }))).toEqual({ city, country: 'DE' })
  })

  test('takes names of 1 to 100 characters', async () => {
    for (const city of ['a', 'x'.repeat(100), '𠀀'.repeat(100)])
      expect(await findLocation('8.8.8.8', answering({ city, country: 'DE' }))).toEqual({ city, country: 'DE' })
  })

  test.each([
    [
      'markup',
      '<b>Berlin</b>',
      'Berlin&nbsp;',
      'B & B',
      'Berlin [x]',
      'Berlin](x)',
      '![x](y)',
      '"Berlin"',
      '`Berlin`',
      '{{Berlin}}',
      '${Berlin}',
      '[Berlin](x:y)',
    ],
    ['a control character', 'Ber\0lin', 'Berlin\n', '\tBerlin', 'Ber\u001b[31mlin', 'Ber\u0085lin', 'Ber\u2028lin'],
    ['a direction mark', 'Ber\u202elin', 'Ber\u2066lin', '\u200fBerlin', 'Ber\u061clin', '\u{e0001}Berlin'],
    ['an invisible character', '\u3164', 'Ber\u200blin', 'Ber\u00adlin', '\ufeffBerlin', 'Ber\u034flin', '\u115f'],
    ['half of a character', 'Berlin\ud83d', '\udc00', '\udc00\ud840'],
    ['the beginning of a formula', '=1+1', '+1', '-1', '@SUM', ' Berlin', '.', '(x)', ',', '/etc/passwd', '\u0301'],
    [
      'no name at all',
      '',
      ' ',
      'Berlin 😀',
      'a_b',
      'a:b',
      'a;b',
      'a\\b',
      'a|b',
      'a=b',
      '½',
      'Berlin ½',
      'x'.repeat(101),
      '𠀀'.repeat(101),
    ],
  ])('takes no name with %s', async (_, ...cities) => {
    for (const city of cities)
      expect(await findLocation('8.8.8.8', answering({ city, country: 'DE' }))).toEqual({ city: null, country: 'DE' })
  })

  test('takes no country but two capital letters', async () => {
    const others = ['', 'de', 'D', 'DEU', 'Germany', 'T1', 'DE\n', ' DE', 'ÄÖ', 'ＤＥ', '\ud83c\udde9', null, 49, {}]
    for (const country of others)
      expect(await findLocation('8.8.8.8', answering({ city: 'Berlin', country }))).toEqual({
        city: 'Berlin',
        country: null,
      })
  })

  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')

  // Source: ISO 3166-1, section 8.1.3.
  test('takes no country that ISO 3166 leaves to its users, but for Kosovo', async () => {
    const codes = letters.flatMap((first) => letters.map((second) => first + second))
    const refused = codes.filter((country) => readLocation({ country }) === null)
    const own = 'MNOPQRSTUVWXYZ'
      .split('')
      .map((letter) => `Q${letter}`)
      .concat(
        letters.map((letter) => `X${letter}`),
        'AA',
        'ZZ',
      )
    expect(refused).toEqual(own.filter((code) => code !== 'XK').toSorted())
    expect(await findLocation('8.8.8.8', answering({ city: 'Pristina', country: 'XK' }))).toEqual({
      city: 'Pristina',
      country: 'XK',
    })
  })
})

describe('readLocation()', () => {
  test('reads anything as names, of which the other may be null, or as null without either', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    const like = fc.string({ unit: fc.constantFrom(...`aZß٣'’‘ .“”„()/,!·–—-&"<>\`[]:;=+@\u0301\u202e`.split('')) })
    const code = fc.string({ unit: fc.constantFrom('A', 'Q', 'X', 'Z', 'a', '1'), maxLength: 3 })
    const city = fc.oneof(text, like, fc.anything())
    const answer = fc.oneof(fc.anything(), fc.record({ city, country: fc.oneof(code, fc.anything()) }))
    const isName = (value: unknown): boolean =>
      typeof value === 'string' && /^(?![=+@.,/!·–—-])[^\p{C}<>&"`[\]:;=+@\\|_{}$*#~^]{1,100}$/u.test(value)
    const isCode = (value: unknown): boolean => typeof value === 'string' && /^[A-Z]{2}$/.test(value)
    const isRight = (read: Location | null): boolean =>
      read === null ||
      (isName(read.city) && (read.country === null || isCode(read.country))) ||
      (read.city === null && isCode(read.country))
    const property = fc.property(answer, (value) => {
      const read = readLocation(value)
      expect(isRight(read), JSON.stringify(read)).toBe(true)
      expect(readLocation(value)).toEqual(read)
      expect(readLocation(read)).toEqual(read)
    })
    fc.assert(property, { numRuns: 3000 })
  })

  test('reads what throws when it is read as null', () => {
    const unreadables = [
      new Proxy({}, { get: refuse }),
      Object.defineProperty({ city: 'Berlin' }, 'country', { get: refuse }),
    ]
    expect(unreadables.map((answer) => readLocation(answer))).toEqual([null, null])
  })

  test('takes less than 5 ms for a megabyte', () => {
    const slow = ['a', ' ', '(', '\u0301', '\u200b', '𠀀', 'a '].filter((word) => {
      const text = megabyteOf(word)
      return isSlow(() => expect(readLocation({ city: text, country: text })).toBe(null))
    })
    expect(slow).toEqual([])
  })
})
