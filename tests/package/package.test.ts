import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, test } from 'vitest'
import * as index from '../../src/index.ts'
import * as location from '../../src/location.ts'
import * as request from '../../src/request.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const modulesIn = (folder: string): string[] => readdirSync(join(root, folder)).map((name) => name.replace(/\.ts$/, ''))

/** What is made here, not written. */
const made = /^(\.git|coverage|dist|generated|node_modules|.*\.db.*|.*\.tgz)$/

interface Packed {
  readonly directory: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
  readonly size: number
  readonly unpackedSize: number
}

/** Builds and packs a copy of this project the way npm does for publishing. */
function pack(): Packed {
  const directory = mkdtempSync(join(inject('directory'), 'package-'))
  for (const name of readdirSync(root).filter((entry) => !made.test(entry))) {
    cpSync(join(root, name), join(directory, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction')
  const shell = process.platform === 'win32'
  const output = execFileSync('npm', ['pack', '--json'], { cwd: directory, encoding: 'utf8', stdio: 'pipe', shell })
  return { ...JSON.parse(output)[0], directory }
}

/** An application that has the package from its tarball, what that depends on, and these packages. */
function newApplication({ directory: from, filename }: Packed, packages: string[] = []) {
  const directory = mkdtempSync(join(inject('directory'), 'application-'))
  const installed = join(directory, 'node_modules/prisma-user-sessions')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', filename, '--strip-components=1', '-C', installed], { cwd: from })
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

const packed = pack()
const tarball = join(packed.directory, packed.filename)
const application = newApplication(packed)
const inKilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`

test(`the tarball, of ${inKilobytes(packed.size)}, has the build, the models and what one reads first`, () => {
  const built = modulesIn('src').flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`])
  const command = modulesIn('cli').map((name) => `dist/cli/${name}.js`)
  const schemas = ['prisma/schema.prisma', 'prisma/mysql/schema.prisma', 'prisma/postgresql/schema.prisma']
  const others = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', ...schemas]
  expect(packed.files.map(({ path }) => path).toSorted()).toEqual([...built, ...command, ...others].toSorted())
})

test(`it takes no more than 300 kB on disk, ${inKilobytes(packed.unpackedSize)} now`, () => {
  expect(packed.unpackedSize).toBeLessThanOrEqual(300_000)
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
  const { directory, installed, node } = newApplication(packed)
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
  const { node } = newApplication(packed, packages)
  const output = `${JSON.stringify(place)}\n`
  expect(node('--input-type=module', '--eval', script)).toEqual({ status: 0, output })
})

const consumer = `
  import type { IncomingMessage } from 'node:http'
  import { trackSession, type SessionClient, type UserSessionOf } from 'prisma-user-sessions'
  import { fastGeoip, firstOf, locationHeaders } from 'prisma-user-sessions/location'
  import { describeRequest } from 'prisma-user-sessions/request'
  export async function signIn(db: SessionClient, userId: number, request: IncomingMessage): Promise<Date> {
    const client = describeRequest(request, { trustedProxies: ['loopback'] })
    const locate = firstOf(locationHeaders('cloudflare'), fastGeoip())
    const { expiresAt } = await trackSession(db, { userId, sessionKey: 'key', ...client }, { locate })
    return expiresAt
  }
  // @ts-expect-error
  export const withoutKey = (db: SessionClient) => trackSession(db, { userId: 1 })
  // @ts-expect-error
  export const wrongType = ({ expiresAt }: UserSessionOf<SessionClient>): number => expiresAt
`

test.each([
  ['nodenext', 'nodenext', 'consumer.mts'],
  ['nodenext', 'nodenext', 'consumer.cts'],
  ['node16', 'node16', 'consumer.mts'],
  ['esnext', 'bundler', 'consumer.ts'],
])('its declarations serve module %s with moduleResolution %s in %s', (module, moduleResolution, file) => {
  const { directory, node } = newApplication(packed, ['@types/node'])
  writeFileSync(join(directory, file), consumer)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const options = `--noEmit --strict --skipLibCheck false --types node --target es2022`.split(' ')
  const modes = ['--module', module, '--moduleResolution', moduleResolution]
  expect(node(tsc, ...options, ...modes, file)).toEqual({ status: 0, output: '' })
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
