import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, inject, test } from 'vitest'
import * as index from '../../src/index.ts'
import * as location from '../../src/location.ts'
import * as request from '../../src/request.ts'
import { pack } from './pack.ts'
import { root } from './run.ts'

const { tarball, ...packed } = pack()
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const modulesIn = (folder: string): string[] => readdirSync(join(root, folder)).map((name) => name.replace(/\.ts$/, ''))

/** An application that has the package from its tarball, what that depends on, and these packages. */
function newApplication(packages: string[] = []) {
  const directory = mkdtempSync(join(inject('directory'), 'application-'))
  const installed = join(directory, 'node_modules/prisma-user-sessions')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', basename(tarball), '--strip-components=1', '-C', installed], { cwd: dirname(tarball) })
  for (const name of [...Object.keys(manifest.dependencies), ...packages]) {
    const link = join(directory, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link, 'junction')
  }
  const node = (...args: string[]) => {
    const options = { cwd: directory, encoding: 'utf8', timeout: 60_000 } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
    return { status, output: stdout + stderr }
  }
  return { directory, installed, node }
}

const application = newApplication()
const inKilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`

test(`the tarball, of ${inKilobytes(packed.size)}, has the build, the models and what one reads first`, () => {
  const entries = ['index', 'location', 'request']
  const loadedLater = ['fast-geoip', 'user-agent']
  const sharedByEntries = ['location-headers', 'parse-input']
  const code = [...entries, ...loadedLater, ...sharedByEntries].map((name) => `dist/${name}.js`)
  const types = modulesIn('src').map((name) => `dist/${name}.d.ts`)
  const command = modulesIn('cli').map((name) => `dist/cli/${name}.js`)
  const schemas = ['prisma/schema.prisma', 'prisma/mysql/schema.prisma', 'prisma/postgresql/schema.prisma']
  const others = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', ...schemas]
  expect(packed.files.map(({ path }) => path).toSorted()).toEqual([...code, ...types, ...command, ...others].toSorted())
})

test(`it takes no more than 310 kB on disk, ${inKilobytes(packed.unpackedSize)} now`, () => {
  expect(packed.unpackedSize).toBeLessThanOrEqual(310_000)
})

test.each([
  ['prisma-user-sessions', index],
  ['prisma-user-sessions/location', location],
  ['prisma-user-sessions/request', request],
])('%s runs on its dependencies alone, imported and required, and prints nothing', (name, source) => {
  const output = `${JSON.stringify(Object.keys(source).toSorted())}\n`
  const imported = `console.log(JSON.stringify(Object.keys(await import('${name}')).sort()))`
  expect(application.node('--input-type=module', '--eval', imported)).toEqual({ status: 0, output })
  const required = `console.log(JSON.stringify(Object.keys(require('${name}')).sort()))`
  expect(application.node('--input-type=commonjs', '--eval', required)).toEqual({ status: 0, output })
})

test('its command runs, and adds the models to a schema', () => {
  const { directory, installed, node } = newApplication()
  const command = join(installed, manifest.bin['prisma-user-sessions'])
  expect(node(command, '--version')).toEqual({ status: 0, output: `${manifest.version}\n` })
  const schema = join(directory, 'schema.prisma')
  writeFileSync(schema, 'datasource db {\n  provider = "sqlite"\n}\n\nmodel User {\n  id BigInt @id\n}\n')
  expect(node(command, 'init', '--yes')).toMatchObject({ status: 0 })
  expect(readFileSync(schema, 'utf8')).toMatch(/^ +userId +BigInt$/m)
})

test.each(Object.entries<string | object>(manifest.exports))('what exports names as %s is there', (_name, target) => {
  const paths: string[] = typeof target === 'string' ? [target] : Object.values(target)
  expect(paths.filter((path) => !existsSync(join(application.installed, path)))).toEqual([])
})

test.each([
  ['without fast-geoip it knows no place', [], null],
  ['with fast-geoip it knows the country of an address', ['fast-geoip'], { city: null, country: 'US' }],
])('%s, and lets the process end', (_name, packages, place) => {
  const script = `
    import { fastGeoip } from 'prisma-user-sessions/location'
    // A lookup keeps no process alive; a sign-in that waits for it does.
    const alive = setTimeout(() => {}, 30_000)
    console.log(JSON.stringify(await fastGeoip()('8.8.8.8', {})))
    clearTimeout(alive)`
  const { node } = newApplication(packages)
  const output = `${JSON.stringify(place)}\n`
  expect(node('--input-type=module', '--eval', script)).toEqual({ status: 0, output })
})

test('publint finds nothing', () => {
  const { status, output } = application.node(join(root, 'node_modules/publint/src/cli.js'), 'run', tarball, '--strict')
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('All good!') })
})

test('attw finds nothing', () => {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
  const options = ['--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--no-color']
  const { status, output } = application.node(attw, tarball, ...options)
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('(ESM)') })
})
