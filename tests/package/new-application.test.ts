import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { dropDatabase, execute } from '../../scripts/databases.ts'
import { install, ownVersion } from './install.ts'
import { pack } from './pack.ts'
import { run } from './run.ts'
import { refusalsOf, signInProgram, storyOf, wrongUserIds, type Names } from './sign-in-program.ts'
import { compilerOptions, prismaFile, writeFiles, type Provider } from './write-application.ts'

const user = `
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
}
`
const account = `
model Account {
  id    BigInt @id
  email String @unique
}
`
/** As the reference of Auth.js has them. */
const authJs = `
model Account {
  id                String  @id @default(cuid())
  userId            String
  type              String
  provider          String
  providerAccountId String
  access_token      String?
  expires_at        Int?
  user              User    @relation(fields: [userId], references: [id], onDelete: Cascade)

  @@unique([provider, providerAccountId])
}

model Session {
  id           String   @id @default(cuid())
  sessionToken String   @unique
  userId       String
  expires      DateTime
  user         User     @relation(fields: [userId], references: [id], onDelete: Cascade)
}

model User {
  id            String    @id @default(cuid())
  name          String?
  email         String?   @unique
  emailVerified DateTime?
  image         String?
  accounts      Account[]
  sessions      Session[]
}

model VerificationToken {
  identifier String
  token      String   @unique
  expires    DateTime

  @@unique([identifier, token])
}
`
/** As the reference of prisma-session-store has it. */
const sessionStore = `
model Session {
  id        String   @id
  sid       String   @unique
  data      String
  expiresAt DateTime
}
`
const tomorrow = 'new Date(Date.now() + 86_400_000)'

interface Case extends Names {
  /** Its schema's files, with the datasource and the generator before the first. */
  readonly schema: Record<string, string>
  readonly options?: readonly string[]
  readonly typeOfUserId?: string
  readonly wrongUserId?: string
}

const cases: Record<string, Case> = {
  'a schema in a file': { schema: { 'prisma/schema.prisma': user } },
  'a schema in a folder, and a user model Account with BigInt ids': {
    schema: { 'prisma/schema.prisma': '', 'prisma/models/account.prisma': account },
    options: ['--user-model', 'Account'],
    user: 'account',
    newUser: `{ id: 7n, email: 'ada@example.com' }`,
    typeOfUserId: 'bigint',
  },
  "the Session of Auth.js, and the user's String ids": {
    schema: { 'prisma/schema.prisma': authJs },
    newSession: `{ sessionToken: generateSessionKey(), userId, expires: ${tomorrow} }`,
    typeOfUserId: 'string',
    wrongUserId: '1',
  },
  'the Session of prisma-session-store': {
    schema: { 'schema.prisma': user + sessionStore },
    newSession: `{ id: generateSessionKey(), sid: generateSessionKey(), data: '{}', expiresAt: ${tomorrow} }`,
  },
}

let installed: string

beforeAll(async () => {
  const prisma = ['prisma', '@prisma/client', '@prisma/adapter-libsql', '@prisma/adapter-pg'] as const
  installed = await install(
    pack().tarball,
    ...[...prisma, 'typescript' as const, '@types/node' as const].map(ownVersion),
  )
}, 300_000)

/** An application that has these files, and what is installed. */
function newApplication(files: Record<string, string>, url: string) {
  const directory = mkdtempSync(join(inject('directory'), 'new-application-'))
  writeFiles(directory, files)
  writeFileSync(join(directory, 'package.json'), readFileSync(join(installed, 'package.json')))
  symlinkSync(join(installed, 'node_modules'), join(directory, 'node_modules'), 'junction')
  // What is not installed is not to be had by another download.
  const variables = { npm_config_yes: 'false', DATABASE_URL: url }
  const npx = (...args: string[]) => run(directory, 'npx', args, variables)
  return { directory, npx }
}

/** As `prisma init` makes it, and with the program that signs in. */
function filesOf(provider: Provider, { schema, wrongUserId, ...names }: Case): Record<string, string> {
  const [first, ...others] = Object.entries(schema) as [[string, string], ...[string, string][]]
  const [folder] = others.length > 0 ? ['prisma'] : first
  const head = `generator client {
  provider = "prisma-client"
  output   = "${first[0].includes('/') ? '..' : '.'}/generated/prisma"
}

datasource db {
  provider = "${provider}"
}
`
  return {
    ...Object.fromEntries([[first[0], head + first[1]], ...others]),
    'prisma.config.ts': `import { defineConfig } from 'prisma/config'
export default defineConfig({
  schema: '${folder}',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL },
})
`,
    'tsconfig.json': JSON.stringify({ compilerOptions, exclude: ['prisma.config.ts', 'dist'] }),
    'prisma.ts': prismaFile(provider),
    'sign-in.ts': signInProgram(names),
    'wrong-user-ids.ts': wrongUserIds(wrongUserId).join('\n'),
  }
}

/** An empty database, for as long as the test runs. */
async function newDatabase(provider: Provider): Promise<string> {
  const name = `new_application_${randomUUID().replaceAll('-', '')}`
  if (provider === 'sqlite') return `file:${join(inject('directory'), name)}.db`
  const server = inject('servers').postgresql!
  const url = Object.assign(new URL(server), { pathname: name }).href
  await execute('postgresql', server, `CREATE DATABASE ${name}`)
  onTestFinished(() => dropDatabase('postgresql', server, url))
  return url
}

// Windows starts no script by its first line, such as the schema engine's.
const isWindows = process.platform === 'win32'
const hasPostgresql = inject('servers')?.postgresql !== undefined
const [plain, , withAuthJs] = Object.keys(cases)
const runs: { provider: Provider; isMissing: boolean; names: (string | undefined)[] }[] = [
  { provider: 'sqlite', isMissing: isWindows, names: Object.keys(cases) },
  { provider: 'postgresql', isMissing: isWindows || !hasPostgresql, names: [plain, withAuthJs] },
]

for (const { provider, isMissing, names } of runs) {
  describe.skipIf(isMissing)(`a new application on ${provider}, with npm's own installation`, () => {
    test.each(names)('signs in with %s', async (name) => {
      const each = cases[name!]!
      const { typeOfUserId = 'number', wrongUserId = `'u'`, options = [] } = each
      const { npx } = newApplication(filesOf(provider, each), await newDatabase(provider))
      expect(await npx('prisma-user-sessions', 'init', '--yes', ...options)).toMatchObject({ status: 0 })
      const migrated = await npx('prisma', 'migrate', 'dev', '--name', 'init')
      expect(migrated).toEqual({ status: 0, output: expect.stringContaining('in sync with your schema') })
      expect(await npx('prisma', 'generate')).toMatchObject({ status: 0 })

      // It compiles but for the lines that name a wrong user.
      const { output } = await npx('tsc', '--pretty', 'false')
      expect(output.match(/^\S.*/gm)).toEqual(refusalsOf('wrong-user-ids.ts', wrongUserId, typeOfUserId))

      const story = `${JSON.stringify(storyOf({ typeOfUserId }))}\n`
      expect(await npx('node', 'dist/sign-in.js')).toEqual({ status: 0, output: story })
    })
  })
}

test('where init refuses, it says why, exits with 1 and leaves every file as it was', async () => {
  // As the first page of Auth.js has it.
  const withoutId = authJs.replace(/(?<=^model Session \{\n).*\n/m, '')
  const files = filesOf('sqlite', { schema: { 'prisma/schema.prisma': withoutId } })
  const { directory, npx } = newApplication(files, 'file:none.db')
  const read = () => {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return entries.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')])
  }
  const before = read()
  expect(await npx('prisma-user-sessions', 'init', '--yes')).toEqual({
    status: 1,
    output: expect.stringContaining('id String @id'),
  })
  expect(read()).toEqual(before)
})
