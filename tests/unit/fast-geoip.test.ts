import { appendFile, cp, mkdtemp, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lookup } from 'fast-geoip'
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { fastGeoip } from '../../src/fast-geoip.ts'
import { findLocation, readLocation } from '../../src/find-location.ts'
import { isPublicAddress } from '../../src/ip-address.ts'
import { printing, runApplication } from './run-application.ts'

const original = dirname(createRequire(import.meta.url).resolve('fast-geoip/package.json'))
const nowhere = { city: null, country: null }
const google = { city: null, country: 'US' }

/** How many threads this process started since, until the end of the test. */
function countThreads(): () => number {
  let threads = 0
  const count = (): void => void threads++
  process.on('worker', count)
  onTestFinished(() => void process.off('worker', count))
  return () => threads
}

/** As text. */
function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}

/** A machine with more to do may take longer over a new thread than a lookup waits. */
function untilStarted(locate = fastGeoip()): Promise<void> {
  return vi.waitFor(async () => expect(await findLocation('8.8.8.8', locate)).toEqual(google), 10_000)
}

describe('fastGeoip()', () => {
  // Of a database from 2022, by addresses that have not moved since.
  test.each([
    ['8.8.8.8', null, 'US'],
    ['1.1.1.1', null, 'AU'],
    ['193.0.6.139', null, 'NL'],
    ['200.160.2.3', 'São Paulo', 'BR'],
    ['81.2.69.142', 'Long Buckby', 'GB'],
  ])('finds %s in %s, %s', async (ipAddress, city, country) => {
    await untilStarted()
    expect(await findLocation(ipAddress, fastGeoip())).toEqual({ city, country })
  })

  test('answers null for the city where it has an empty name', async () => {
    await untilStarted()
    expect(await fastGeoip()('8.8.8.8', {})).toEqual(google)
  })

  test('knows nothing of addresses that are not public or not IPv4, and starts no thread to say so', async () => {
    vi.resetModules()
    const threads = countThreads()
    const locate = (await import('../../src/fast-geoip.ts')).fastGeoip()
    for (const ipAddress of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '100.64.0.1', '224.0.0.1', '::1', '2804::1', ''])
      expect(await locate(ipAddress, {})).toBe(null)
    expect(threads()).toBe(0)
  })

  test('finds what fast-geoip itself finds, from the first to the last row of its files', async () => {
    await untilStarted()
    const addresses: string[] = []
    for (let file = 5; file < 3077; file += 41) {
      const rows: [number][] = JSON.parse(await readFile(join(original, 'data', `${file}.json`), 'utf8'))
      const firsts = [0, 1, 2, rows.length >> 1, rows.length - 2, rows.length - 1].map((row) => rows[row]![0])
      for (const first of firsts) addresses.push(...[first - 1, first, first + 1].map(addressOf))
    }
    const known = addresses.filter(isPublicAddress)
    expect(known.length).toBeGreaterThan(1200)
    const found: unknown[] = []
    const expected: unknown[] = []
    for (const address of known) {
      found.push(await fastGeoip()(address, {}))
      expected.push(readLocation(await lookup(address)))
    }
    expect(found).toEqual(expected)
  })

  test('does many lookups in one thread and gives each its own answer', async () => {
    vi.resetModules()
    const threads = countThreads()
    const locate = (await import('../../src/fast-geoip.ts')).fastGeoip()
    const addresses = Array.from({ length: 100 }, (_, i) => ['8.8.8.8', '200.160.2.3', '10.0.0.1', '1.1.1.1'][i % 4]!)
    await untilStarted(locate)
    const found = await Promise.all(addresses.map((ipAddress) => findLocation(ipAddress, locate)))
    const countries = { '8.8.8.8': 'US', '200.160.2.3': 'BR', '10.0.0.1': null, '1.1.1.1': 'AU' }
    expect(found.map(({ country }) => country)).toEqual(addresses.map((ipAddress) => Reflect.get(countries, ipAddress)))
    expect(threads()).toBe(1)
  })
})

describe('a process that looks up with fast-geoip', () => {
  /** For an answer that is due, since a machine with more to do may take a second over a new thread. */
  const look = `
    import { findLocation } from './src/find-location.ts'
    import { fastGeoip } from './src/fast-geoip.ts'
    const look = async (tries = 5, locate = fastGeoip()) => {
      const found = await findLocation('8.8.8.8', locate)
      return found.country === null && tries > 1 ? look(tries - 1, locate) : found
    }`

  const lookOnce = `${look}
    console.log(JSON.stringify(await look()))`

  /** Each makes fast-geoip throw from a callback, where nobody can catch it. */
  const faults = [
    ['locations.json is missing', 'locations.json', null],
    ['locations.json is empty', 'locations.json', 0],
    ['index.json is cut off', 'index.json', 100],
  ] as const

  test.each(faults)('ends when %s, if it does so itself', async (_, file, length) => {
    const directory = await createApplication()
    await damage(directory, file, length)
    const child = await runApplication(
      directory,
      `import { lookup } from 'fast-geoip'
      console.log('before')
      await lookup('8.8.8.8').catch(() => {})
      console.log('after')`,
    )
    expect(child).toMatchObject({ code: 1, stdout: 'before\n' })
    expect(child.stderr).toMatch(/ERR_INVALID_ARG_TYPE|SyntaxError/)
  })

  test.each(faults)(
    'survives when %s, and finds again in the same thread once that is repaired',
    async (_, file, length) => {
      const directory = await createApplication()
      await damage(directory, file, length)
      const child = await runApplication(
        directory,
        `${look}
      import { rename } from 'node:fs/promises'
      let threads = 0
      process.on('worker', () => threads++)
      const found = await Promise.all([look(1), look(1), look(2)])
      await rename('whole', 'node_modules/fast-geoip/data/${file}')
      console.log(JSON.stringify([...found, await look(), await look(), threads]))`,
      )
      expect(child).toEqual(printing([nowhere, nowhere, nowhere, google, google, 1]))
    },
  )

  test.each([
    ['has text in its rows', (rows: number[][]) => JSON.stringify(rows.map((row) => [...row, '[0, "x"]']))],
    ['has no spaces', (rows: number[][]) => JSON.stringify(rows)],
    ['has a line to each row', (rows: number[][]) => JSON.stringify(rows, null, 1)],
  ])('finds where a file %s', async (_, write) => {
    const directory = await createApplication()
    await rewriteRows(directory, write)
    expect(await runApplication(directory, lookOnce)).toEqual(printing(google))
  })

  test('finds nothing where the file is cut off after a row', async () => {
    const directory = await createApplication()
    await rewriteRows(directory, (rows) => JSON.stringify(rows.filter(([first]) => first! < 0x08080000)).slice(0, -1))
    expect(await runApplication(directory, lookOnce)).toEqual(printing(nowhere))
  })

  /** Takes all file handles that the process may have, but for a few, and gives them back. */
  const handles = `
    import { closeSync, openSync } from 'node:fs'
    const taken = []
    const giveHandles = (count) => taken.splice(0, count).forEach((handle) => closeSync(handle))
    const takeHandles = (left) => {
      try { for (;;) taken.push(openSync('/dev/null')) } catch {}
      giveHandles(left)
    }
    const soon = () => new Promise((resolve) => setImmediate(resolve))`
  const limited = ['bash', '-c', 'ulimit -n 256 && exec "$0" "$@"']

  describe.skipIf(process.platform === 'win32')('with few file handles', () => {
    test('ends, if it does so itself', async () => {
      const child = await runApplication(
        await createApplication(),
        `${handles}
        import { lookup } from 'fast-geoip'
        takeHandles(3)
        console.log('before')
        for (let i = 0; i < 10_000; i++) {
          lookup('8.8.8.8').catch(() => {})
          await soon()
        }
        console.log('after')`,
        { launcher: limited },
      )
      expect(child).toMatchObject({ code: 1, stdout: 'before\n' })
      expect(child.stderr).toContain('ERR_INVALID_ARG_TYPE')
    })

    test('survives, and finds again once there are more', async () => {
      const child = await runApplication(
        await createApplication(),
        `${look} ${handles}
        const found = [await look()]
        takeHandles(0)
        found.push(await look(1))
        for (let i = 0; i < 300; i++) {
          look(1)
          giveHandles(3)
          await soon()
          takeHandles(0)
        }
        giveHandles(Infinity)
        found.push(await look())
        console.log(JSON.stringify(found))`,
        { launcher: limited },
      )
      expect(child).toEqual(printing([google, nowhere, google]))
    })

    test('survives a first lookup with any number of them', async () => {
      const child = await runApplication(
        await createApplication(),
        `${look} ${handles}
        const unexpected = []
        for (let left = 0; left < 16; left++) {
          const anew = (await import('./src/fast-geoip.ts?' + left)).fastGeoip()
          takeHandles(left)
          const { country } = await findLocation('8.8.8.8', anew)
          giveHandles(Infinity)
          const answers = left < 3 ? [null] : [null, 'US']
          const after = await look(5, anew)
          if (!answers.includes(country) || after.country !== 'US') unexpected.push([left, country, after])
        }
        console.log(JSON.stringify(unexpected))`,
        { launcher: limited },
      )
      expect(child).toEqual(printing([]))
    })
  })

  // Where the default of V8 is known to need more, and to abort. Later than Node 20, compiling the test itself needs more.
  const hasKnownLimits =
    process.platform === 'linux' && process.arch === 'x64' && process.versions.node.startsWith('20.')
  test.skipIf(!hasKnownLimits)('survives with 500 MB of address space left', async () => {
    const child = await runApplication(
      await createApplication(),
      `${look}
        import { execFileSync } from 'node:child_process'
        import { readFileSync } from 'node:fs'
        const size = Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
        execFileSync('prlimit', ['--pid', process.pid, '--as=' + (size + 500 * 2 ** 20)])
        console.log(JSON.stringify(await look()))`,
    )
    expect(child).toEqual(printing(google))
  })

  test('ends by itself as soon as it has its answer', async () => {
    const child = await runApplication(
      await createApplication(),
      `${look}
      const found = [await look(), await findLocation('8.8.8.8', () => new Promise(() => {}))]
      const answered = performance.now()
      process.on('exit', () => console.log(JSON.stringify([...found, performance.now() - answered < 500])))`,
    )
    expect(child).toEqual(printing([google, nowhere, true]))
  })

  test('starts no thread by importing this package', async () => {
    const child = await runApplication(
      await createApplication(),
      `// Compiling the first file may take a thread.
      await import('./src/ip-address.ts')
      await new Promise((resolve) => setTimeout(resolve, 300))
      let threads = 0
      process.on('worker', () => threads++)
      await import('./src/fast-geoip.ts')
      await new Promise((resolve) => setTimeout(resolve, 100))
      console.log(threads)`,
    )
    expect(child).toEqual(printing(0))
  })

  test('finds nothing and starts no thread where fast-geoip is not installed', async () => {
    const child = await runApplication(
      await createApplication({ geoip: false }),
      `import { fastGeoip } from './src/fast-geoip.ts'
      let threads = 0
      process.on('worker', () => threads++)
      console.log(JSON.stringify([await fastGeoip()('8.8.8.8', {}), threads]))`,
    )
    expect(child).toEqual(printing([null, 0]))
  })

  test.each([
    ['throws', "throw new Error('x')"],
    ['exits', 'process.exit()'],
  ])('answers all who wait for a thread that %s, and starts another one', async (_, end) => {
    const directory = await createApplication()
    const failing = `exports.lookup = () => (setImmediate(() => { ${end} }), new Promise(() => {}))`
    await writeFile(join(directory, 'node_modules/fast-geoip/build/index.js'), failing)
    const child = await runApplication(
      directory,
      `import { fastGeoip } from './src/fast-geoip.ts'
      let threads = 0
      process.on('worker', () => threads++)
      // The thread keeps no process alive.
      const alive = setInterval(() => {}, 1000)
      const locateThrice = () => Promise.all([1, 2, 3].map(() => fastGeoip()('8.8.8.8', {})))
      console.log(JSON.stringify([...await locateThrice(), ...await locateThrice(), threads]))
      clearInterval(alive)`,
    )
    expect(child).toEqual(printing([null, null, null, null, null, null, 2]))
  })

  test('keeps the thread in which fast-geoip cannot be loaded, throws, rejects or finds nothing', async () => {
    const directory = await createApplication()
    const failing = `
      globalThis.loads = (globalThis.loads ?? 0) + 1
      if (globalThis.loads === 1) throw new Error('load')
      const lookups = [
        () => { throw new Error('throw') },
        () => Promise.reject(new Error('reject')),
        async () => null,
        async () => ({ city: 'Berlin', country: 'DE' }),
      ]
      exports.lookup = () => lookups.shift()()`
    await writeFile(join(directory, 'node_modules/fast-geoip/build/index.js'), failing)
    const child = await runApplication(
      directory,
      `${look}
      let threads = 0
      process.on('worker', () => threads++)
      console.log(JSON.stringify([await look(1), await look(1), await look(1), await look(1), await look(1), threads]))`,
    )
    expect(child).toEqual(printing([nowhere, nowhere, nowhere, nowhere, { city: 'Berlin', country: 'DE' }, 1]))
  })

  test.each([
    ['waits', 'new Promise((resolve) => setTimeout(resolve, 300))'],
    ['does not let go', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)'],
  ])('leaves out what nobody waits for any longer where a lookup %s', async (_, wait) => {
    const directory = await createApplication()
    const slow = `exports.lookup = async () => (await ${wait}, { city: '', country: 'US' })`
    await writeFile(join(directory, 'node_modules/fast-geoip/build/index.js'), slow)
    const child = await runApplication(
      directory,
      `${look}
      const found = await Promise.all(Array.from({ length: 60 }, () => look(1)))
      console.log(JSON.stringify([found.filter(({ country }) => country !== null).length <= 3, await look()]))`,
    )
    expect(child).toEqual(printing([true, google]))
  })

  test("prints nothing that fast-geoip prints, and leaves the application's streams alone", async () => {
    const directory = await createApplication()
    const noise = "console.log('noise'); console.error('noise'); process.emitWarning('noise')\n"
    await appendFile(join(directory, 'node_modules/fast-geoip/build/index.js'), noise)
    const child = await runApplication(
      directory,
      `${look}
      const countPipes = () => process.stdout.listenerCount('unpipe') + process.stderr.listenerCount('unpipe')
      const pipes = countPipes()
      console.log(JSON.stringify([await look(), countPipes() - pipes]))`,
    )
    expect(child).toEqual(printing([google, 0]))
  })

  test.each([
    ['in its flags', { flags: ['--require', './preload.cjs'] }],
    ['in NODE_OPTIONS', { env: { NODE_OPTIONS: '--require ./preload.cjs' } }],
  ])('does not run in the thread what it preloads %s', async (_, options) => {
    const directory = await createApplication()
    // tsx has a thread too, which may.
    const preload = "if (/fast-geoip/.test(require('node:worker_threads').workerData)) throw new Error('preloaded')"
    await writeFile(join(directory, 'preload.cjs'), preload)
    expect(await runApplication(directory, lookOnce, options)).toEqual(printing(google))
  })
})

/** A directory with the modules under test and as much of fast-geoip as finds 8.8.8.8. It is gone after the run. */
async function createApplication({ geoip = true } = {}): Promise<string> {
  const directory = await mkdtemp(join(inject('directory'), 'application-'))
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  const sources = fileURLToPath(new URL('../../src', import.meta.url))
  const names = ['fast-geoip.ts', 'find-location.ts', 'ip-address.ts']
  for (const name of names) await cp(join(sources, name), join(directory, 'src', name))
  if (!geoip) return directory

  const copy = join(directory, 'node_modules/fast-geoip')
  for (const name of ['package.json', 'build']) await cp(join(original, name), join(copy, name), { recursive: true })
  const copyData = async (name: string): Promise<number[]> => {
    await cp(join(original, 'data', name), join(copy, 'data', name))
    return JSON.parse(await readFile(join(original, 'data', name), 'utf8'))
  }
  const address = 0x08080808
  const range = (await copyData('index.json')).findLastIndex((first) => first <= address)
  const part = (await copyData(`i${range}.json`)).findLastIndex((first) => first <= address)
  // Each file of the middle level names 56 of the lowest.
  await copyData(`${range * 56 + part}.json`)
  await symlink(join(original, 'data/locations.json'), join(copy, 'data/locations.json'))
  return directory
}

/** Writes the one file of rows that an application has anew. */
async function rewriteRows(directory: string, write: (rows: number[][]) => string): Promise<void> {
  const data = join(directory, 'node_modules/fast-geoip/data')
  const name = (await readdir(data)).find((file) => /^\d+\.json$/.test(file))!
  await writeFile(join(data, name), write(JSON.parse(await readFile(join(data, name), 'utf8'))))
}

/** Removes a data file, or leaves so many bytes of it. The whole one waits in the application's directory. */
async function damage(directory: string, file: string, length: number | null): Promise<void> {
  const path = join(directory, 'node_modules/fast-geoip/data', file)
  const whole = join(directory, 'whole')
  await rename(path, whole)
  if (length !== null) await writeFile(path, (await readFile(whole)).subarray(0, length))
}
