import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countryName } from '../../src/country-name.ts'
import { InvalidInputError } from '../../src/errors.ts'

// Source: ISO 3166-1, the codes that are assigned.
const assigned = `
  AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
  CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
  GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
  KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
  NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
  SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
  VN VU WF WS YE YT ZA ZM ZW`
  .trim()
  .split(/\s+/)

describe('countryName()', () => {
  test.each([
    ['DE', 'fr', 'Allemagne'],
    ['DE', 'de', 'Deutschland'],
    ['DE', 'en', 'Germany'],
    ['GB', 'pt-BR', 'Reino Unido'],
    ['JP', 'zh-Hant-TW', '日本'],
    ['CI', 'en-GB', 'Côte d’Ivoire'],
    ['XK', 'sq', 'Kosovë'],
  ])('names %s in %s: %s', (country, language, name) => {
    expect(countryName(country, language)).toBe(name)
  })

  test('names it in English where no language is named', () => {
    expect([countryName('DE'), countryName('DE', undefined)]).toEqual(['Germany', 'Germany'])
  })

  test.each(['tlh', 'xx', 'en-XX'])('names it in English in a language without names, %s', (language) => {
    expect(countryName('DE', language)).toBe('Germany')
  })

  test('does not go by the language of the process', () => {
    const module = pathToFileURL(fileURLToPath(new URL('../../src/country-name.ts', import.meta.url))).href
    const script = `
      import { countryName } from ${JSON.stringify(module)}
      const own = new Intl.DisplayNames([], { type: 'region' }).of('DE')
      console.log(JSON.stringify([own, countryName('DE'), countryName('DE', 'tlh')]))`
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const args = ['--import', tsx, '--input-type=module', '--eval', script]
    const env = { ...process.env, LANG: 'ja_JP.UTF-8', LC_ALL: 'ja_JP.UTF-8' }
    expect(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', env }))).toEqual([
      'ドイツ',
      'Germany',
      'Germany',
    ])
  })

  test('names what ISO 3166 has assigned, and Kosovo', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')
    const codes = letters.flatMap((first) => letters.map((second) => first + second))
    expect(assigned).toHaveLength(249)
    expect(codes.filter((code) => countryName(code) !== null)).toEqual([...assigned, 'XK'].toSorted())
  })

  test.each([
    null,
    undefined,
    '',
    'de',
    'DEU',
    'XX',
    'ZZ',
    'QQ',
    'T1',
    '276',
    '150',
    'EU',
    'UN',
    'UK',
    'SU',
    'DE ',
    ' DE',
    'ＤＥ',
    5,
    {},
    ['DE'],
  ])('has no name for %j', (country) => {
    expect(countryName(country as string)).toBe(null)
  })

  test('has no name for what cannot be made a text', () => {
    expect(countryName(Symbol('DE') as never)).toBe(null)
    expect(countryName({ toString: () => expect.fail() } as never)).toBe(null)
  })

  test('has a name or none for anything, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ minLength: 2, maxLength: 2 }), fc.anything()), (country) => {
        expect(countryName(country as string) ?? 'x').toMatch(/^\p{L}/u)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['de_DE', 'string'],
    ['', 'string'],
    ['*', 'string'],
    ['fr;q=0.9', 'string'],
    ['français', 'string'],
    [null, 'null'],
    [5, 'number'],
    [['fr', 'de'], 'array'],
    [new Intl.Locale('fr'), 'object'],
  ])('refuses %j for a language, whatever the country', (language, type) => {
    const error = new InvalidInputError(
      `Cannot name country: language must be a BCP 47 tag: received ${type}`,
      'language',
    )
    expect(() => countryName('DE', language as string)).toThrow(error)
    expect(() => countryName(null, language as string)).toThrow(error)
  })

  test('takes a language of up to 255 characters', () => {
    const longest = `de-x${'-abcdefgh'.repeat(27)}-abcdefg`
    expect(longest).toHaveLength(255)
    expect(countryName('DE', longest)).toBe('Deutschland')
    expect(() => countryName('DE', `${longest}h`)).toThrow(InvalidInputError)
  })
})
