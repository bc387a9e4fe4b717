import { join } from 'node:path'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { everyVerbProgram, everyVerbStory } from './every-verb-program.ts'
import { install, ownVersion } from './install.ts'
import { pack } from './pack.ts'
import { root, run, succeed, type Ended } from './run.ts'
import { refusalsOf, signInProgram, storyOf, wrongUserIds } from './sign-in-program.ts'
import { compilerOptions, writeFiles } from './write-application.ts'

const version = '6.19.3'

const generators = [
  {
    provider: 'prisma-client',
    output: '\n  output = "./generated/prisma"',
    client: './generated/prisma/client.js',
  },
  // In its usual place, among the installed packages.
  { provider: 'prisma-client-js', output: '', client: '@prisma/client' },
]

/** Without the engines that it would download otherwise: any file that is there will do. */
const variables = { PRISMA_QUERY_ENGINE_LIBRARY: join(root, 'scripts/schema-engine.mjs') }

let installed: string

beforeAll(async () => {
  const prisma = ['prisma', '@prisma/client', '@prisma/adapter-libsql'].map((name) => `${name}@${version}`)
  installed = await install(pack().tarball, ...prisma, ownVersion('@types/node'))
}, 300_000)

describe.each(generators)('Prisma 6 with the generator $provider and no engine', ({ provider, output, client }) => {
  let application: string
  let compiled: Ended
  const url = `file:${join(inject('directory'), `${provider}-6.db`)}`
  const environment = { ...variables, DATABASE_URL: url }
  const node = (...args: string[]) => run(application, process.execPath, args, environment)

  beforeAll(async () => {
    application = join(installed, provider)
    writeFiles(application, {
      'schema.prisma': `generator client {
  provider   = "${provider}"
  engineType = "client"${output}
}

datasource db {
  provider = "sqlite"
  url      = env("DATABASE_URL")
}

model User {
  id    Int    @id @default(autoincrement())
  email String @unique
}
`,
      'prisma.config.ts': `import { PrismaLibSQL } from '@prisma/adapter-libsql'
import { defineConfig } from 'prisma/config'
export default defineConfig({
  schema: 'schema.prisma',
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => new PrismaLibSQL({ url: process.env.DATABASE_URL! }),
})
`,
      'prisma.ts': `import { PrismaLibSQL } from '@prisma/adapter-libsql'
import { PrismaClient } from '${client}'
export const prisma = new PrismaClient({ adapter: new PrismaLibSQL({ url: process.env.DATABASE_URL! }) })
`,
      'tsconfig.json': JSON.stringify({ compilerOptions, exclude: ['dist', 'prisma.config.ts'] }),
      'sign-in.ts': signInProgram(),
      'every-verb.ts': everyVerbProgram,
      'wrong-user-ids.ts': wrongUserIds().join('\n'),
    })
    const init = join(installed, 'node_modules/prisma-user-sessions/dist/cli/prisma-user-sessions.js')
    await succeed(application, process.execPath, [init, 'init', '--yes'])
    const prisma = join(installed, 'node_modules/prisma/build/index.js')
    await succeed(application, process.execPath, [prisma, 'generate'], environment)
    await succeed(application, process.execPath, [prisma, 'db', 'push', '--skip-generate'], environment)
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    compiled = await node(tsc, '-p', '.', '--pretty', 'false')
  }, 60_000)

  test('the compiler takes the programs, and refuses wrong user ids', () => {
    expect(compiled.output.match(/^\S.*/gm)).toEqual(refusalsOf('wrong-user-ids.ts'))
  })

  test('an application signs in', async () => {
    expect(await node('dist/sign-in.js')).toEqual({ status: 0, output: `${JSON.stringify(storyOf())}\n` })
  })

  test('every verb has its effect, also as a method and in a transaction', async () => {
    const printed = everyVerbStory.map((line) => `${JSON.stringify(line)}\n`).join('')
    expect(await node('dist/every-verb.js')).toEqual({ status: 0, output: printed })
  })
})
