import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { findLocation, locateWithFastGeoip, type Locate } from '../../src/location.ts'

const require = createRequire(import.meta.url)
const nowhere = { city: null, country: null }
const google = { city: null, country: 'US' }
const answering =
  (answer: unknown): Locate =>
  async () =>
    answer as never

describe('findLocation() with fast-geoip', () => {
  // Of a database from 2022, by addresses that have not moved since.
  test.each([
    ['8.8.8.8', null, 'US'],
    ['1.1.1.1', null, 'AU'],
    ['193.0.6.139', null, 'NL'],
    ['200.160.2.3', 'São Paulo', 'BR'],
    ['81.2.69.142', 'Long Buckby', 'GB'],
  ])('finds %s in %s, %s', async (ipAddress, city, country) => {
    expect(await findLocation(ipAddress)).toEqual({ city, country })
  })

  test('knows nothing of addresses that are not public or not IPv4, and starts no thread to say so', async () => {
    vi.resetModules()
    const threads = countThreads()
    const fresh = await import('../../src/location.ts')
    for (const ipAddress of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '100.64.0.1', '224.0.0.1', '::1', '2804::1', null])
      expect(await fresh.findLocation(ipAddress)).toEqual(nowhere)
    expect(await fresh.locateWithFastGeoip('::1')).toBe(null)
    expect(threads()).toBe(0)
  })

  test('does many lookups in one thread and gives each its own answer', async () => {
    vi.resetModules()
    const threads = countThreads()
    const fresh = await import('../../src/location.ts')
    const addresses = Array.from({ length: 100 }, (_, i) => ['8.8.8.8', '200.160.2.3', '10.0.0.1', '1.1.1.1'][i % 4]!)
    const found = await Promise.all(addresses.map((ipAddress) => fresh.findLocation(ipAddress)))
    const countries = { '8.8.8.8': 'US', '200.160.2.3': 'BR', '10.0.0.1': null, '1.1.1.1': 'AU' }
    expect(found.map(({ country }) => country)).toEqual(addresses.map((ipAddress) => Reflect.get(countries, ipAddress)))
    expect(threads()).toBe(1)
  })

  function countThreads(): () => number {
    let threads = 0
    const count = (): void => void threads++
    process.on('worker', count)
    onTestFinished(() => void process.off('worker', count))
    return () => threads
  }
})

describe("findLocation() with the application's own locate", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test.each(['8.8.8.8', '10.0.0.1', '::1', '2001:db8::1'])('asks it for %s', async (ipAddress) => {
    const locate = vi.fn(answering({ city: 'Ürümqi', country: 'CN' }))
    expect(await findLocation(ipAddress, locate)).toEqual({ city: 'Ürümqi', country: 'CN' })
    expect(locate.mock.calls).toEqual([[ipAddress]])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('does not ask it for no address', async () => {
    expect(await findLocation(null, () => expect.fail())).toEqual(nowhere)
  })

  const unreadable = new Proxy({}, { get: () => expect.fail() })
  test.each<[string, unknown]>([
    ['throws', () => expect.fail()],
    ['throws undefined', () => fail(undefined)],
    ['rejects', async () => expect.fail()],
    ['rejects with undefined', () => Promise.reject(fail)],
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
    ['answers a getter that throws', answering({ country: 'DE', get city() { return expect.fail() } })], // prettier-ignore
    ['answers a proxy that throws', () => unreadable],
    ['answers a thenable that throws', () => ({ then: () => expect.fail() })],
  ])('answers nulls when it %s', async (_, locate) => {
    expect(await findLocation('8.8.8.8', locate as Locate)).toEqual(nowhere)
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each<[string, () => unknown]>([
    ['never answers', () => new Promise(() => {})],
    ['never calls back', () => ({ then: () => {} })],
    ['answers after 1001 ms', () => new Promise((resolve) => void setTimeout(resolve, 1001, google))],
    // Vitest fails a run in which a rejection is nobody's.
    ['rejects after 1001 ms', () => new Promise((_, reject) => void setTimeout(reject, 1001, new Error('late')))],
  ])('answers nulls after 1 s when it %s', async (_, locate) => {
    const answered = vi.fn()
    const found = findLocation('8.8.8.8', locate as Locate).then(answered)
    await vi.advanceTimersByTimeAsync(999)
    expect(answered).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await found
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
    ['100 Mile House', 'Klipplaat (1)', 'Volketswil / Volketswil (Dorf)', '北京', 'القاهرة', 'नई दिल्ली', 'Zu\u0308rich'],
    ['a', 'x'.repeat(100), '𠀀'.repeat(100)],
  ].flat()
  test.each(names)('takes the name %s', async (city) => {
    expect(await findLocation('8.8.8.8', answering({ city, country: 'DE' }))).toEqual({ city, country: 'DE' })
  })

  test.each([
    ['markup', '<b>Berlin</b>', 'Berlin&nbsp;', '"Berlin"', '`Berlin`', '{{Berlin}}', '${Berlin}', '[Berlin](x:y)'],
    ['a control character', 'Ber\0lin', 'Berlin\n', '\tBerlin', 'Ber\u001b[31mlin', 'Ber\u0085lin', 'Ber\u2028lin'],
    ['a direction mark', 'Ber\u202elin', 'Ber\u2066lin', '\u200fBerlin', 'Ber\u061clin', '\u{e0001}Berlin'],
    ['an invisible character', '\u3164', 'Ber\u200blin', 'Ber\u00adlin', '\ufeffBerlin', 'Ber\u034flin', '\u115f'],
    ['half of a character', 'Berlin\ud83d', '\udc00', '\udc00\ud840'],
    ['the beginning of a formula', '=1+1', '+1', '-1', '@SUM', ' Berlin', '.', '(x)', ',', '/etc/passwd', '\u0301'],
    ['no name at all', '', ' ', 'Berlin 😀', 'a_b', 'a:b', 'a;b', 'a\\b', 'a|b', 'a=b', '½', 'x'.repeat(101)],
  ])('takes no name with %s', async (_, ...cities) => {
    for (const city of cities)
      expect(await findLocation('8.8.8.8', answering({ city, country: 'DE' }))).toEqual({ city: null, country: 'DE' })
  })

  test('takes no country but two capital letters', async () => {
    for (const country of ['', 'de', 'D', 'DEU', 'Germany', 'T1', 'DE\n', ' DE', 'ÄÖ', 'ＤＥ', '\ud83c\udde9', null, 49, {}])
      expect(await findLocation('8.8.8.8', answering({ city: 'Berlin', country }))).toEqual({ city: 'Berlin', country: null })
  })

  test('answers anything with two names or nulls', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    const answer = fc.oneof(fc.anything(), fc.record({ city: fc.oneof(text, fc.anything()), country: fc.anything() }))
    const property = fc.asyncProperty(answer, async (value) => {
      const { city, country, ...rest } = await findLocation('8.8.8.8', answering(value))
      expect(city ?? 'x').toMatch(/^[^\p{C}<>&"`]{1,100}$/u)
      expect(country ?? 'XX').toMatch(/^[A-Z]{2}$/)
      expect(rest).toEqual({})
    })
    await fc.assert(property, { numRuns: 2000 })
  })
})

describe.concurrent('an application with fast-geoip', () => {
  /** Each of these makes fast-geoip throw where no caller can catch. */
  const faults = [
    ['has no locations.json', 'locations.json', null],
    ['has an empty locations.json', 'locations.json', 0],
    ['has half an index.json', 'index.json', 100],
  ] as const

  test.each(faults)('ends when it %s and is called directly', async (_, file, length) => {
    const directory = await createApplication()
    await damage(directory, file, length)
    const { code, stdout, stderr } = await run(
      directory,
      `import { lookup } from 'fast-geoip'
      console.log('before')
      await lookup('8.8.8.8').catch(() => {})
      console.log('after')`,
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'before\n' })
    expect(stderr).toMatch(/ERR_INVALID_ARG_TYPE|SyntaxError/)
  })

  test.each(faults)('survives when it %s, and finds again once that is repaired', async (_, file, length) => {
    const directory = await createApplication()
    await damage(directory, file, length)
    const child = await run(
      directory,
      `import { rename } from 'node:fs/promises'
      import { findLocation } from './src/location.ts'
      const find = () => Promise.all([1, 2, 3].map(() => findLocation('8.8.8.8')))
      const found = [await find(), await find()]
      await rename('node_modules/fast-geoip/whole', 'node_modules/fast-geoip/data/${file}')
      found.push(await find())
      console.log(JSON.stringify(found))`,
    )
    expect(child).toEqual(printing([three(nowhere), three(nowhere), three(google)]))
  })

  const three = <T>(value: T): T[] => [value, value, value]
})

interface Child {
  code: number | null
  stdout: string
  stderr: string
}

function printing(value: unknown): Child {
  return { code: 0, stdout: `${JSON.stringify(value)}\n`, stderr: '' }
}

/** A directory with the sources of this package and as much of fast-geoip as finds 8.8.8.8. Removed after the run. */
async function createApplication({ geoip = true } = {}): Promise<string> {
  const directory = await mkdtemp(join(inject('directory'), 'application-'))
  const source = dirname(fileURLToPath(import.meta.resolve('../../src/location.ts')))
  for (const name of ['ip-address.ts', 'location.ts']) await cp(join(source, name), join(directory, 'src', name))
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  if (!geoip) return directory

  const original = dirname(require.resolve('fast-geoip/package.json'))
  const copy = join(directory, 'node_modules/fast-geoip')
  await mkdir(join(copy, 'data'), { recursive: true })
  for (const name of ['package.json', 'build']) await cp(join(original, name), join(copy, name), { recursive: true })
  const read = async (name: string): Promise<number[]> => JSON.parse(await readFile(join(original, 'data', name), 'utf8'))
  const ip = 0x08080808
  const range = (await read('index.json')).findLastIndex((first) => first <= ip)
  const part = (await read(`i${range}.json`)).findLastIndex((first) => first <= ip) + range * 56
  for (const name of ['index.json', `i${range}.json`, `${part}.json`]) await cp(join(original, 'data', name), join(copy, 'data', name))
  await symlink(join(original, 'data/locations.json'), join(copy, 'data/locations.json'))
  return directory
}

/** Leaves so many bytes of a data file, or removes it; the whole one waits beside the data. */
async function damage(directory: string, file: string, length: number | null): Promise<void> {
}

function run(directory: string, code: string, flags: string[] = [], env = {}): Promise<Child> {
}
