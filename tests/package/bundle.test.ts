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
let application: string

beforeAll(async () => {
  installed = await install(pack().tarball, ...(['@prisma/client', '@prisma/adapter-libsql'] as const).map(ownVersion))
  application = await writeApplication(installed)
  mkdirSync(join(installed, 'with/node_modules'), { recursive: true })
  const fastGeoip = join(root, 'node_modules/fast-geoip')
  symlinkSync(fastGeoip, join(installed, 'with/node_modules/fast-geoip'), 'junction')
}, 300_000)

/** What a format lacks that packages in it take for granted. Names that nothing in a bundle has. */
const formats = {
  esm: {
    banner: `import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url)`,
    define: {},
  },
  cjs: {
    banner: `const bundleUrl = require('node:url').pathToFileURL(__filename).href`,
    define: { 'import.meta.url': 'bundleUrl' },
  },
} as const

test.each([
  ['esm', 'without', null],
  ['esm', 'with', 'US'],
  ['cjs', 'without', null],
  ['cjs', 'with', 'US'],
] as const)("esbuild's bundle, %s, tracks sessions %s fast-geoip, and ends", async (format, folder, country) => {
  const url = await createDatabase('libsql', inject('directory'))
  onTestFinished(() => dropDatabase('libsql', inject('directory'), url))
  const { banner, define } = formats[format]
  const bundle = join(installed, folder, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
  const { warnings } = await build({
    entryPoints: [join(application, 'sign-in.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format,
    banner: { js: banner },
    define,
    // Prisma's are native code or load files of their own.
    external: ['@prisma/*', 'fast-geoip', 'maxmind'],
    logLevel: 'silent',
  })
  expect(warnings).toEqual([])
  const output = `${JSON.stringify(storyOf({ country }))}\n`
  expect(await run(installed, process.execPath, [bundle], { DATABASE_URL: url })).toEqual({ status: 0, output })
})
