import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, it, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ownSchema = readFileSync(join(root, 'prisma/schema.prisma'), 'utf8')
const application = readFileSync(new URL('application.ts', import.meta.url), 'utf8')
const directive = '// @ts-expect-error'

const preamble = `
  import * as verbs from 'prisma-user-sessions'
  import { PrismaClient, type User } from '../../generated/prisma/client.ts'
  declare const { adapter, sessionKey }: { adapter: never; sessionKey: string }
  declare const { user, global }: { user?: User; global: { prisma?: PrismaClient } }
  const { listSessions, purgeSessions, revokeSession, revokeSessions, touchActivity, trackSession } = verbs
  const prisma = new PrismaClient({ adapter })
`
const mistakes = {
  [`trackSession(prisma, { userId: 'u1', sessionKey })`]: `Type 'string' is not assignable to type 'number'.`,
  [`trackSession(prisma, { userId: 1 })`]: `not assignable to parameter of type 'TrackSessionInput<number>'`,
  [`revokeSessions(prisma, { userId: user?.id })`]: `Type 'number | undefined' is not assignable to type 'number'.`,
  [`listSessions(prisma, {})`]: `Property 'userId' is missing in type '{}'`,
  [`listSessions(prisma, { userId: { not: 1 } })`]: `Type '{ not: number; }' is not assignable to type 'number'.`,
  [`(await listSessions(prisma, { userId: 1 })).items[0]!.sessionId`]: `Property 'sessionId' does not exist on type`,
  [`revokeSession(prisma, { id: 'an id' })`]: `Property 'userId' is missing in type '{ id: string; }'`,
  [`touchActivity(prisma, {})`]: `'{}' is not assignable to parameter of type 'Credential'.`,
  [`touchActivity(prisma, { sessionKey: 1 })`]: `Type 'number' is not assignable to type 'string'.`,
  [`touchActivity(prisma, { sessionKey, sessionId: 'x' })`]: `Types of property 'sessionId' are incompatible.`,
  [`touchActivity(prisma, { sesionKey: 'x' })`]: `Did you mean to write 'sessionKey'?`,
  [`touchActivity(prisma, { sessionKey }, { noww: new Date() })`]: `Did you mean to write 'now'?`,
  [`touchActivity(prisma, { sessionKey }, { policy: { idle: 1 } })`]: `'idle' does not exist in type 'Partial<Policy>'.`,
  [`purgeSessions(42)`]: `Argument of type 'number' is not assignable to parameter of type 'SessionClient'.`,
  [`purgeSessions({})`]: `is missing the following properties from type 'SessionClient': session, userSession`,
  [`purgeSessions(global.prisma)`]: `Type 'undefined' is not assignable to type 'SessionClient'.`,
  [purgeWithout('session', 'id')]: `Property 'id' is missing in type`,
  [purgeWithout('userSession', 'id')]: `Property 'id' is missing in type`,
  [purgeWithout('userSession', 'userId')]: `Property 'userId' is missing in type`,
  [purgeWithout('userSession', 'sessionId')]: `Property 'sessionId' is missing in type`,
  [purgeWithout('userSession', 'createdAt')]: `Property 'createdAt' is missing in type`,
  [purgeWithout('userSession', 'lastActivity')]: `Property 'lastActivity' is missing in type`,
  [purgeWithout('userSession', 'expiresAt')]: `Property 'expiresAt' is missing in type`,
  [purgeWithout('userSession', 'endedAt')]: `Property 'endedAt' is missing in type`,
}

function purgeWithout(model: string, column: string): string {
  return `purgeSessions(new PrismaClient({ adapter, omit: { ${model}: { ${column}: true } } }))`
}

const idTypes = [
  { idType: 'Int', type: 'number', userId: '1', wrongUserId: `'u1'`, wrongType: 'string' },
  { idType: 'String', type: 'string', userId: `'u1'`, wrongUserId: '1', wrongType: 'number' },
  { idType: 'BigInt', type: 'bigint', userId: '1n', wrongUserId: `'u1'`, wrongType: 'string' },
]

describe.each(['sqlite', 'postgresql', 'mysql'])('an application on %s', (provider) => {
  it.each(idTypes)('with user ids of $idType has its ids and its own columns, and no other ids', async (names) => {
    const { type, userId, wrongUserId, wrongType } = names
    const { compile } = await newApplication(schemaWith(names.idType, provider))
    const errors = await compile({
      'schema-names.ts': `export type UserId = ${type}
      export const userId: UserId = ${userId}
      export const wrongUserId = ${wrongUserId}
      export type OwnColumn = 'note'
      export const ownColumn: OwnColumn = 'note'`,
      'application.ts': application,
      'application-with-mistakes.ts': application.replaceAll(directive, '//'),
    })
    const lines = application.split('\n')
    const mistakenLines = lines.flatMap((line, index) => (line.includes(directive) ? [index + 2] : []))
    const reason = new RegExp(`'${wrongType}' is not assignable to (parameter of )?type '${type}'`)
    const message = expect.stringMatching(reason)
    expect(errors).toEqual(mistakenLines.map((line) => ({ file: 'application-with-mistakes.ts', line, message })))
  })
})

test('models under other names fit as they are, and a client of such a schema does not', async () => {
  const renamed = ownSchema.replaceAll(/\bUserSession\b/g, 'SignIn').replaceAll(/\bSession(?=[? ])/g, 'Credential')
  const { compile } = await newApplication(renamed)
  const errors = await compile({
    'renamed-models.ts': `
      import { touchActivity, trackSession } from 'prisma-user-sessions'
      import type { PrismaClient, SignIn } from '../../generated/prisma/client.ts'
      declare const prisma: PrismaClient
      const db = { session: prisma.credential, userSession: prisma.signIn }
      export const row: SignIn = await trackSession(db, { userId: 1, sessionKey: 'key' })
      await touchActivity(prisma, { sessionKey: 'key' })`,
  })
  const message = expect.stringContaining(
    `missing the following properties from type 'SessionClient': session, userSession`,
  )
  expect(errors).toEqual([{ file: 'renamed-models.ts', line: 7, message }])
})

test('each mistake is an error that names it', async () => {
  const { compile } = await newApplication(ownSchema)
  const code = Object.keys(mistakes).map((call) => `void ${call}\n`)
  const errors = await compile({ 'mistakes.ts': preamble + code.join('') })
  const firstLine = preamble.split('\n').length
  const expected = Object.values(mistakes).map((words, index) => {
    return { file: 'mistakes.ts', line: firstLine + index, message: expect.stringContaining(words) }
  })
  expect(errors).toEqual(expected)
})

/** This project's schema with another type of user id and a column that this package knows nothing of. */
function schemaWith(idType: string, provider: string): string {
  return ownSchema
    .replace('provider = "sqlite"', `provider = "${provider}"`)
    .replace(/^  id +Int +@id @default\(autoincrement\(\)\)$/m, `  id ${idType} @id`)
    .replace(/^  userId +Int$/m, `  userId ${idType}`)
    .replace('model UserSession {', '$&\n  note String?')
}

/** An application with a client generated from its schema. */
async function newApplication(schema: string) {
  const directory = mkdtempSync(join(inject('directory'), 'application-'))
  for (const name of ['prisma', 'tests', 'tests/types']) mkdirSync(join(directory, name))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction')
  const schemaFile = join(directory, 'prisma/schema.prisma')
  writeFileSync(schemaFile, schema)
  // Generated with this project's configuration, which spares a download.
  const generated = await run(root, 'prisma/build/index.js', 'generate', '--schema', schemaFile)
  expect(generated).toEqual({ status: 0, output: expect.stringContaining('Generated Prisma Client') })

  const tsconfig = { extends: join(root, 'tsconfig.json'), include: ['tests'] }
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(tsconfig))

  /** Compiles these files of `tests/types`, with the package's sources, and answers what the compiler says of them. */
  async function compile(files: Record<string, string>) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, 'tests/types', name), text)
    const { status, output } = await run(directory, 'typescript/bin/tsc', '--pretty', 'false')
    // A line that begins with a space continues a message.
    const errors = output
      .split(/\n(?! )/)
      .filter((text) => text !== '')
      .map(readError)
    expect(status === 0).toBe(errors.length === 0)
    return errors
  }
  return { compile }
}

function readError(text: string) {
  const [, file = text, line, message] = /^tests\/types\/(.+?)\((\d+),\d+\): error TS\d+: (.+)$/s.exec(text) ?? []
  return { file, line: Number(line), message }
}

const env = { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1' }

async function run(cwd: string, script: string, ...args: string[]) {
  return new Promise<{ status: unknown; output: string }>((resolve) => {
    execFile(process.execPath, [join(root, 'node_modules', script), ...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, output: stdout + stderr })
    })
  })
}
