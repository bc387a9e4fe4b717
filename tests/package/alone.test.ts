import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { install } from './install.ts'
import { pack } from './pack.ts'

const modules = join(await install(pack().tarball), 'node_modules')
const files = readdirSync(modules, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'))

/** Of all files in these packages, in megabytes. */
function sizeOf(isIn: (path: string) => boolean): number {
  const sizes = files.filter(isIn).map((path) => statSync(join(modules, path)).size)
  return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1_000_000)
}
const ofPrisma = sizeOf((path) => path.startsWith('@prisma/'))
const others = sizeOf((path) => !path.startsWith('@prisma/'))

test(`npm installs it with what it depends on and Prisma's client: ${others} MB, and ${ofPrisma} MB of Prisma's`, () => {
  const packages = files.filter((path) => /^(?:@[^/]+\/)?[^@./][^/]*$/.test(path))
  const own = Object.keys(manifest.dependencies)
  // What these depend on themselves.
  const deeper = ['@prisma/client-runtime-utils', 'forwarded', 'ipaddr.js']
  expect(packages.toSorted()).toEqual(['@prisma/client', 'prisma-user-sessions', ...own, ...deeper].toSorted())
  expect(others).toBeLessThan(15)
})

test('it brings neither fast-geoip nor maxmind, which are asked for by who wants them', () => {
  expect(files.filter((path) => /fast-geoip|maxmind/.test(path) && !path.startsWith('prisma-user-sessions/'))).toEqual(
    [],
  )
})
