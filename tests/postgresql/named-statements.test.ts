import { expect, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/postgresql/client.ts'
import { namingAdapter } from '../../scripts/databases.ts'
import {
  generateSessionKey,
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  rotateSessionKey,
  touchActivity,
  trackSession,
} from '../../src/index.ts'
import { after, locate, start } from '../database/every-verb.ts'
import { openDatabase } from '../database/open-database.ts'

it('statements that have names, as the README gives them, do the same, and none of them has a list', async () => {
  const { url, user } = await openDatabase()
  const prisma = new PrismaClient({ adapter: namingAdapter(url) })
  onTestFinished(() => prisma.$disconnect())
  const keys = Array.from({ length: 20 }, generateSessionKey)
  const [first, second, ...others] = keys as [string, string, ...string[]]
  const touch = (sessionKey: string, seconds: number) => touchActivity(prisma, { sessionKey }, { now: after(seconds) })

  for (const sessionKey of keys) await trackSession(prisma, { userId: user.id, sessionKey }, { now: start, locate })
  for (const seconds of [60, 120, 121, 180]) {
    expect(await touch(first, seconds)).toMatchObject({ lastActivity: after(seconds === 121 ? 120 : seconds) })
  }
  for (let count = 2; count <= others.length; count++) {
    const touched = await Promise.all(others.slice(0, count).map((sessionKey) => touch(sessionKey, count * 60)))
    expect(touched.map((row) => row?.lastActivity)).toEqual(Array(count).fill(after(count * 60)))
  }
  const newSessionKey = generateSessionKey()
  const now = after(1200)
  expect(await rotateSessionKey(prisma, { sessionKey: second, newSessionKey }, { now })).not.toBeNull()
  expect(await revokeOtherSessions(prisma, { userId: user.id, sessionKey: first }, { now })).toBe(19)
  expect(await touch(others[0]!, 1200)).toBeNull()
  expect((await listSessions(prisma, { userId: user.id }, { now })).items).toHaveLength(1)
  expect(await purgeSessions(prisma, { now: after(50_000) })).toMatchObject({ sessions: 1 })

  const named = await prisma.$queryRaw<{ statement: string }[]>`SELECT statement FROM pg_prepared_statements`
  const texts = named.map(({ statement }) => statement)
  expect(texts.filter((text) => /^UPDATE .* SET "lastActivity"/.test(text)).length).toBe(1)
  expect(texts.filter((text) => / IN \(/.test(text))).toEqual([])
})
