import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { createDatabase, dropDatabase } from '../../scripts/databases.ts'
import { install, ownVersion } from './install.ts'
import { pack } from './pack.ts'
import { root, run } from './run.ts'
import { storyOf } from './sign-in-program.ts'
import { writeApplication } from './write-application.ts'

let installed: string
const applications = { esm: '', cjs: '' }

beforeAll(async () => {
  installed = await install(pack().tarball, ...(['@prisma/client', '@prisma/adapter-libsql'] as const).map(ownVersion))
  for (const format of ['esm', 'cjs'] as const) applications[format] = await writeApplication(installed, format)
  mkdirSync(join(installed, 'with/node_modules'), { recursive: true })
  const fastGeoip = join(root, 'node_modules/fast-geoip')
  symlinkSync(fastGeoip, join(installed, 'with/node_modules/fast-geoip'), 'junction')
}, 300_000)

/** Packages of CommonJS require what a bundle of ES modules has no `require` for. Its name is one that nothing in there has. */
const banner = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)`

test.each([
  ['esm', 'without', null],
  ['esm', 'with', 'US'],
  ['cjs', 'without', null],
  ['cjs', 'with', 'US'],
] as const)("esbuild's bundle, %s, tracks sessions %s fast-geoip, and ends", async (format, folder, country) => {
  const url = await createDatabase('libsql', inject('directory'))
  onTestFinished(() => dropDatabase('libsql', inject('directory'), url))
  const bundle = join(installed, folder, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
  const { warnings } = await build({
    entryPoints: [join(applications[format], 'sign-in.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format,
    banner: { js: format === 'esm' ? banner : '' },
    // Prisma's are native code or load files of their own.
    external: ['@prisma/*', 'fast-geoip', 'maxmind'],
    logLevel: 'silent',
  })
  expect(warnings).toEqual([])
  const output = `${JSON.stringify(storyOf({ country }))}\n`
  expect(await run(installed, process.execPath, [bundle], { DATABASE_URL: url })).toEqual({ status: 0, output })
})
