import { describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '../../scripts/databases.ts'
import {
  generateSessionKey,
  listSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  touchActivity,
  trackSession,
} from '../../src/index.ts'
import { after, locate, now, start } from '../database/every-verb.ts'
import { openDatabase } from '../database/open-database.ts'
import { observe } from '../servers/observe.ts'

// What MariaDB does from version 11.6 on unless it is told otherwise, and before that when it is told so.
describe('where a row that changed since it was read may not be written', () => {
  it('Prisma passes on that it did', async () => {
    const { db, user, failures } = await openIsolated()
    const transaction = db.$transaction(async (tx) => {
      await tx.user.findUnique({ where: { id: user.id } })
      await db.user.update({ where: { id: user.id }, data: { name: 'Ada' } })
      await tx.user.update({ where: { id: user.id }, data: { name: 'Grace' } })
    })
    await expect(transaction).rejects.toThrow('Record has changed since last read')
    expect(failures).toEqual(['1020'])
  })

  it('50 sign-ins with one key leave one row and give it to all', async () => {
    const { db, user } = await openIsolated()
    const sessionKey = generateSessionKey()
    const track = () => trackSession(db, { userId: user.id, sessionKey }, { now: start, locate })
    const rows = await Promise.all(Array.from({ length: 50 }, track))
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1)
    expect(await db.session.count()).toBe(1)
    expect(await db.userSession.count()).toBe(1)
  })

  it('10 rotations of one key have one winner, in 10 rounds', async () => {
    const { db, user, failures } = await openIsolated()
    for (let round = 0; round < 10; round++) {
      const sessionKey = generateSessionKey()
      const { id } = await trackSession(db, { userId: user.id, sessionKey }, { now: start, locate })
      const newKeys = Array.from({ length: 10 }, generateSessionKey)
      const rotate = (newSessionKey: string) => rotateSessionKey(db, { sessionKey, newSessionKey }, { now })
      const rows = await Promise.all(newKeys.map(rotate))
      expect(rows.filter((row) => row !== null)).toMatchObject([{ id }])
      const touch = (newSessionKey: string) => touchActivity(db, { sessionKey: newSessionKey }, { now })
      const live = await Promise.all(newKeys.map(touch))
      expect(live.map((row) => row?.id)).toEqual(rows.map((row) => row?.id))
    }
    expect(failures).toContain('1020')
  })

  it('revokeSessions ends sessions that are touched and rotated meanwhile, in 20 rounds', async () => {
    const { db, user } = await openIsolated()
    for (let round = 0; round < 20; round++) {
      const keys = Array.from({ length: 5 }, generateSessionKey)
      const newKeys = keys.map(generateSessionKey)
      for (const sessionKey of keys) await trackSession(db, { userId: user.id, sessionKey }, { now: start, locate })
      await Promise.all<unknown>([
        ...keys.map((sessionKey) => touchActivity(db, { sessionKey }, { now })),
        ...keys.map((sessionKey, index) =>
          rotateSessionKey(db, { sessionKey, newSessionKey: newKeys[index]! }, { now }),
        ),
        revokeSessions(db, { userId: user.id }, { now }),
      ])
      expect((await listSessions(db, { userId: user.id }, { now })).items).toEqual([])
      for (const sessionKey of [...keys, ...newKeys]) {
        expect(await touchActivity(db, { sessionKey }, { now })).toBeNull()
      }
    }
    expect(await db.session.count()).toBe(0)
  })

  it('a revocation against a touch never leaves the session live, in 20 rounds', async () => {
    const { db, user } = await openIsolated()
    for (let round = 0; round < 20; round++) {
      const sessionKey = generateSessionKey()
      const { id } = await trackSession(db, { userId: user.id, sessionKey }, { now: start, locate })
      const touch = () => touchActivity(db, { sessionKey }, { now })
      const answers = await Promise.all<unknown>([
        touch(),
        revokeSession(db, { userId: user.id, id }, { now }),
        touch(),
      ])
      expect(answers).toContain(true)
      expect(await touchActivity(db, { sessionKey }, { now: after(101) })).toBeNull()
    }
    expect(await db.session.count()).toBe(0)
  })
})

/** A database, and a client of it that is refused what others changed meanwhile. */
async function openIsolated() {
  const database = await openDatabase()
  const url = new URL(database.url)
  url.searchParams.set('sessionVariables', '{"innodb_snapshot_isolation":1}')
  const prisma = connect('mysql', url.href)
  onTestFinished(() => prisma.$disconnect())
  return { ...observe(prisma), user: database.user }
}
