import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hashSessionKey, listSessions, revokeSession } from 'prisma-user-sessions'
import { expect, inject, onTestFinished, test } from 'vitest'
import { execute } from '../../scripts/databases.ts'
import { nodeArguments } from '../cli/new-application.ts'
import { newApplication, prismaCli } from './new-application.ts'
import { readFiles, readPage } from './read-blocks.ts'

const page = 'docs/migrating.md'
const models = [...readPage(page).matchAll(/^```prisma\n(.*?)^```$/gms)].map(([, model = '']) => model)
const [oldModel = '', keptModel = ''] = models

const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'
const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000)
const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000)
const names = ['laptop', 'phone', 'tablet', 'television', 'console', 'expired', 'ended']
const sessions = names.map((name) => ({
  token: `token of the ${name}`,
  userId: 1,
  ip: '203.0.113.7',
  userAgent: agent,
  expiresAt: name === 'expired' ? yesterday : tomorrow,
}))

test('nobody is signed out, and nothing that was ended comes back', async () => {
  const { addition, removal, url, findSession, endOtherSessions, takeOver, prisma, policy, meanwhile } = await migrate()
  expect(changesIn(addition)).toEqual(['CREATE TABLE "SessionKey"', 'CREATE TABLE "UserSession"'])
  expect(changesIn(removal)).toEqual(['DROP TABLE "Session"'])
  const oldTokens = async () => (await prisma.oldSession.findMany()).map(({ token }: { token: string }) => token)

  // The next request of an old session tracks it with what was stored of it, also when several come at once.
  const laptop = await findSession('token of the laptop')
  expect(laptop).toMatchObject({ userId: 1, ipAddress: '203.0.113.7', browserInfo: 'Firefox 127', deviceInfo: 'Linux' })
  expect(await findSession('token of the laptop')).toMatchObject({ id: laptop.id })
  const atOnce = await Promise.all(Array.from({ length: 10 }, () => findSession('token of the phone')))
  expect(new Set(atOnce.map((found) => found?.id)).size).toBe(1)
  expect(atOnce[0]).toMatchObject({ userId: 1, endedAt: null })
  expect(await oldTokens()).toEqual(sessions.slice(2).map(({ token }) => token))
  // Another request of the same browser tracks it between this one's two looks.
  meanwhile.work = async () => {
    meanwhile.work = async () => {}
    await findSession('token of the tablet')
  }
  expect(await findSession('token of the tablet')).toMatchObject({ userId: 1 })
  const stored = JSON.stringify([await prisma.session.findMany(), await prisma.userSession.findMany()])
  expect(stored).not.toContain('token of')
  expect(stored).toContain(hashSessionKey('token of the laptop'))

  // Whoever was signed out stays so, also where a request did not come as far as taking the old row away.
  expect(await findSession('token of nobody')).toBeNull()
  expect(await findSession('token of the expired')).toBeNull()
  expect(await findSession('token of the ended')).not.toBeNull()
  await prisma.oldSession.create({ data: sessions.at(-1)! })
  expect(await revokeSession(prisma, { sessionKey: 'token of the ended' }, { policy })).toBe(true)
  expect(await findSession('token of the ended')).toBeNull()
  expect(await findSession('token of the ended')).toBeNull()

  // A new password ends those that are old still with the others.
  expect(await oldTokens()).toEqual(['token of the television', 'token of the console'])
  expect(await endOtherSessions(1, 'token of the laptop')).toBe(4)
  for (const name of ['phone', 'tablet', 'television', 'console'])
    expect(await findSession(`token of the ${name}`)).toBeNull()

  // All at once, more than are read at a time.
  const many = Array.from({ length: 150 }, (_, index) => ({ ...sessions[0]!, token: `token ${index}` }))
  await prisma.oldSession.createMany({ data: many })
  await takeOver()
  expect(await oldTokens()).toEqual([])
  const { items } = await listSessions(prisma, { userId: 1 }, { policy, limit: 200 })
  expect(items).toHaveLength(151)

  await execute('libsql', url, removal)
  expect(await findSession('token of the laptop')).toMatchObject({ id: laptop.id })
  const tables = await prisma.$queryRaw`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`
  expect(tables).toEqual(expect.arrayContaining([{ name: 'SessionKey' }, { name: 'UserSession' }]))
  expect(tables).not.toContainEqual({ name: 'Session' })
}, 300_000)

/** Goes through the page's steps, with a database that has old sessions. */
async function migrate() {
  const before = schemaWith('sessions Session[]', oldModel)
  const map = /\n  @@map\("Session"\)\n/
  expect(keptModel).toMatch(map)
  const added = init(schemaWith('oldSessions OldSession[]', keptModel.replace(map, '')))
  const both = endModel(endModel(added, 'OldSession', '@@map("Session")'), 'Session', '@@map("SessionKey")')
  const after = both.replace(/^model OldSession \{.*?^\}\n/ms, '').replace(/^ *oldSessions .*\n/m, '')

  const url = `file:${join(inject('directory'), 'migrating.db')}`
  await execute('libsql', url, migration('', before))
  await execute('libsql', url, `INSERT INTO "User" ("email") VALUES ('ada@example.com');`)
  const addition = migration(before, both)
  await execute('libsql', url, addition)

  const exported = await open(both, url)
  const { prisma } = exported
  onTestFinished(() => prisma.$disconnect())
  await prisma.oldSession.createMany({ data: sessions })
  return { ...exported, url, addition, removal: migration(both, after) }
}

/** The page's files with a client of this schema, compiled, and what they export. */
async function open(schema: string, url: string) {
  const prismaFile = `
    import { PrismaLibSql } from '@prisma/adapter-libsql'
    import { PrismaClient } from './generated/prisma/client.ts'
    export const meanwhile = { work: async () => {} }
    export const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: '${url}', timeout: 5000 }) }).$extends({
      query: { oldSession: { findUnique: ({ args, query }) => meanwhile.work().then(() => query(args)) } },
    })`
  const { directory, compile } = newApplication({ 'prisma.ts': prismaFile, ...readFiles(page) }, { schema })
  expect(await compile()).toBe('')
  const files = Object.keys({ 'prisma.ts': prismaFile, ...readFiles(page) })
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(join(directory, file)).href)))
  return Object.assign({}, ...modules)
}

function schemaWith(list: string, model: string): string {
  return `generator client {
  provider = "prisma-client"
  output   = "./generated/prisma"
}

datasource db {
  provider = "sqlite"
}

model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  ${list}
}

${model}`
}

/** What the package's command makes of a schema. */
function init(schema: string): string {
  const file = writeSchema(schema)
  execFileSync(process.execPath, [...nodeArguments, 'init', '--yes', '--schema', file], { stdio: 'pipe' })
  return readFileSync(file, 'utf8')
}

function endModel(schema: string, model: string, line: string): string {
  return schema.replace(new RegExp(`^model ${model} \\{.*?(?=^\\})`, 'ms'), `$&\n  ${line}\n`)
}

/** The SQL between two schemas, from an empty database where the first is empty. */
function migration(from: string, to: string): string {
  const start = from === '' ? ['--from-empty'] : ['--from-schema', writeSchema(from)]
  return prismaCli('migrate', 'diff', ...start, '--to-schema', writeSchema(to), '--script')
}

function changesIn(sql: string): string[] {
  return sql.match(/^(?:CREATE TABLE|ALTER|DROP|INSERT|UPDATE|DELETE)[^(;\n]*/gm)?.map((line) => line.trim()) ?? []
}

function writeSchema(text: string): string {
  const file = join(mkdtempSync(join(inject('directory'), 'schema-')), 'schema.prisma')
  writeFileSync(file, text)
  return file
}
