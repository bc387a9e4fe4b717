import { join } from 'node:path'
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { createDatabase, dropDatabase } from '../../scripts/databases.ts'
import * as index from '../../src/index.ts'
import * as location from '../../src/location.ts'
import * as request from '../../src/request.ts'
import { install, ownVersion } from './install.ts'
import { pack } from './pack.ts'
import { root, run } from './run.ts'
import { storyOf } from './sign-in-program.ts'
import { writeApplication } from './write-application.ts'

/** npm has Node.js itself, in a package for each of these. */
const platforms = new Set(['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win-x64'])
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const isAtHand = platforms.has(platform)
const others = ['22', '24']

let installed: string
let application: string

beforeAll(async () => {
  const prisma = (['@prisma/client', '@prisma/adapter-libsql', '@types/node'] as const).map(ownVersion)
  const runtimes = others.map((version) => `node-${version}@npm:node-${platform}@${version}`)
  installed = await install(pack().tarball, ...prisma, ...(isAtHand ? runtimes : []))
  application = await writeApplication(installed)
  await run(application, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'])
}, 300_000)

describe.each([
  { version: process.versions.node, isHere: true },
  ...others.map((version) => ({ version, isHere: isAtHand })),
])('Node.js $version', ({ version, isHere }) => {
  const node = (directory: string, args: string[], variables = {}) => {
    const file = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
    const program = others.includes(version) ? join(installed, `node_modules/node-${version}`, file) : process.execPath
    return run(directory, program, args, variables)
  }

  test.skipIf(!isHere).each([
    ['prisma-user-sessions', index],
    ['prisma-user-sessions/location', location],
    ['prisma-user-sessions/request', request],
  ])('imports and requires %s, and has nothing to say of it', async (name, source) => {
    const output = `${JSON.stringify(Object.keys(source).toSorted())}\n`
    const imported = `console.log(JSON.stringify(Object.keys(await import('${name}')).sort()))`
    expect(await node(installed, ['--input-type=module', '--eval', imported])).toEqual({ status: 0, output })
    const required = `console.log(JSON.stringify(Object.keys(require('${name}')).sort()))`
    expect(await node(installed, ['--input-type=commonjs', '--eval', required])).toEqual({ status: 0, output })
  })

  test.skipIf(!isHere)('runs the command', async () => {
    const itself = await node(installed, ['--print', 'process.versions.node'])
    expect(itself).toEqual({ status: 0, output: expect.stringMatching(new RegExp(`^${version}\\.?`)) })
    const command = join(installed, 'node_modules/prisma-user-sessions', manifest.bin['prisma-user-sessions'])
    expect(await node(installed, [command, '--version'])).toEqual({ status: 0, output: `${manifest.version}\n` })
    const dryRun = await node(application, [command, 'init', '--dry-run'])
    expect(dryRun).toEqual({ status: 0, output: 'Nothing to do: the models are there.\n' })
  })

  test.skipIf(!isHere)('tracks sessions on SQLite', async () => {
    const url = await createDatabase('libsql', inject('directory'))
    onTestFinished(() => dropDatabase('libsql', inject('directory'), url))
    const output = `${JSON.stringify(storyOf())}\n`
    expect(await node(application, ['dist/sign-in.js'], { DATABASE_URL: url })).toEqual({ status: 0, output })
  })
})
