import { expect, it, onTestFinished } from 'vitest'
import { connect } from '../../scripts/databases.ts'
import { generateSessionKey, hashSessionKey, touchActivity, trackSession } from '../../src/index.ts'
import { locate, now, start } from '../database/every-verb.ts'
import { openDatabase } from '../database/open-database.ts'
import { untilOneWaits } from './until-one-waits.ts'

const dates = { createdAt: start, lastActivity: start, expiresAt: start }

it('a session whose row somebody has locked keeps those waiting who are written with it, and nobody else', async () => {
  const { prisma, driver, url, user } = await openDatabase()
  const keys = Array.from({ length: 30 }, generateSessionKey)
  for (const sessionKey of keys) await trackSession(prisma, { userId: user.id, sessionKey }, { now: start, locate })
  // MariaDB reads the whole of a small table, and locks what it reads.
  const rows = Array.from({ length: 2000 }, (_, index) => ({ id: `history-${index}`, userId: user.id, ...dates }))
  await prisma.userSession.createMany({ data: rows })
  const locker = connect(driver, url)
  onTestFinished(() => locker.$disconnect())
  const touch = (sessionKey: string) => touchActivity(prisma, { sessionKey }, { now })
  const touched = expect.objectContaining({ lastActivity: now })
  const [locked, ...others] = keys as [string, ...string[]]
  let answer: Promise<unknown> | undefined
  await locker.$transaction(
    async (tx) => {
      await tx.userSession.update({ where: { sessionId: hashSessionKey(locked) }, data: { city: 'Oslo' } })
      answer = touch(locked)
      await untilOneWaits(prisma)
      expect(await Promise.all(others.map(touch))).toEqual(others.map(() => touched))
    },
    { timeout: 15_000 },
  )
  expect(await answer).toEqual(touched)
  expect(await prisma.userSession.count({ where: { lastActivity: now } })).toBe(30)
})
