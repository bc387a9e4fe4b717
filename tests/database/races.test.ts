import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  generateSessionKey,
  listSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionEndedError,
  SessionKeyTakenError,
  touchActivity,
  trackSession,
  UserNotFoundError,
} from '../../src/index.ts'
import { openDatabase } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const times = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

describe('calls that race', () => {
  it('50 sign-ins with one key leave one row and give it to all', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const rows = await times(50, () => trackSession(prisma, { userId: user.id, sessionKey }, { now: start }))
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1)
    expect(await prisma.userSession.count()).toBe(1)
    expect(await prisma.session.count()).toBe(1)
  })

  it('two users who sign in with one key: one has it, the other is refused', async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const sessionKey = generateSessionKey()
    const userIds = [user.id, other.id, user.id, other.id]
    const outcomes = await Promise.allSettled(userIds.map((userId) => trackSession(prisma, { userId, sessionKey })))
    const owner = (await prisma.userSession.findFirstOrThrow()).userId
    const refused = { status: 'rejected', reason: expect.any(SessionKeyTakenError) }
    expect(outcomes).toMatchObject(userIds.map((userId) => (userId === owner ? { status: 'fulfilled' } : refused)))
  })

  it('50 touches past the interval write once', async () => {
    const { prisma, user } = await openDatabase()
    let writes = 0
    const counting = prisma.$extends({
      query: {
        userSession: {
          async updateMany({ args, query }) {
            const result = await query(args)
            writes += result.count
            return result
          },
        },
      },
    })
    const sessionKey = generateSessionKey()
    await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    const now = after(120)
    const rows = await times(50, () => touchActivity(counting, { sessionKey }, { now }))
    expect(writes).toBe(1)
    expect(rows.map((row) => row?.lastActivity)).toEqual(rows.map(() => now))
  })

  it('a revocation against a touch never leaves the session live, in 20 rounds', async () => {
    const { prisma, user } = await openDatabase()
    for (let round = 0; round < 20; round++) {
      const sessionKey = generateSessionKey()
      const { id } = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
      const revoke = () => revokeSession(prisma, { userId: user.id, id }, { now: after(90) })
      const touch = () => touchActivity(prisma, { sessionKey }, { now: after(90) })
      const calls = round % 2 === 0 ? [touch(), revoke(), touch()] : [revoke(), touch(), touch()]
      const answers = await Promise.all<unknown>(calls)
      expect(answers).toContain(true)
      expect(await touchActivity(prisma, { sessionKey }, { now: after(91) })).toBeNull()
      expect(await prisma.userSession.findUnique({ where: { id } })).toMatchObject({
        sessionId: null,
        endReason: 'revoked',
      })
    }
    expect(await prisma.session.count()).toBe(0)
  })

  it('1,000 touches of unknown keys create nothing', async () => {
    const { prisma } = await openDatabase()
    const answers = await times(1000, () => touchActivity(prisma, { sessionKey: generateSessionKey() }))
    expect(new Set(answers)).toEqual(new Set([null]))
    expect(await prisma.userSession.count()).toBe(0)
    expect(await prisma.session.count()).toBe(0)
  })

  it('10 rotations of one key have one winner', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const { id } = await trackSession(prisma, { userId: user.id, sessionKey })
    const newKeys = Array.from({ length: 10 }, generateSessionKey)
    const rows = await times(10, (index) => rotateSessionKey(prisma, { sessionKey, newSessionKey: newKeys[index]! }))
    expect(rows.filter((row) => row !== null)).toMatchObject([{ id }])
    const live = await times(10, (index) => touchActivity(prisma, { sessionKey: newKeys[index]! }))
    expect(live.map((row) => row?.id)).toEqual(rows.map((row) => row?.id))
    expect(await prisma.session.count()).toBe(1)
    // What lost has not used up its new key.
    const loser = newKeys[rows.indexOf(null)]!
    await expect(trackSession(prisma, { userId: user.id, sessionKey: loser })).resolves.toMatchObject({ endedAt: null })
  })

  it('a rotation to a key that somebody signs in with: one has it, and no other error is met', async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const refusals = new Set<unknown>()
    for (let round = 0; round < 20; round++) {
      const [sessionKey, newSessionKey] = [generateSessionKey(), generateSessionKey()]
      const { id } = await trackSession(prisma, { userId: user.id, sessionKey })
      const rotate = () => rotateSessionKey(prisma, { sessionKey, newSessionKey })
      const track = () => trackSession(prisma, { userId: other.id, sessionKey: newSessionKey })
      const outcomes = await Promise.allSettled([rotate(), track(), rotate(), track()])
      for (const outcome of outcomes) if (outcome.status === 'rejected') refusals.add(outcome.reason.constructor)
      const holder = await touchActivity(prisma, { sessionKey: newSessionKey })
      const isRotated = holder?.id === id
      expect(holder?.userId).toBe(isRotated ? user.id : other.id)
      const old = await touchActivity(prisma, { sessionKey })
      expect(old?.id).toBe(isRotated ? undefined : id)
    }
    expect([...refusals].filter((refusal) => refusal !== SessionKeyTakenError)).toEqual([])
  })

  it('revoking everything ends a session whose key is rotated meanwhile', async () => {
    const { prisma, user } = await openDatabase()
    for (let round = 0; round < 20; round++) {
      const keys = Array.from({ length: 3 }, generateSessionKey)
      const newKeys = keys.map(generateSessionKey)
      for (const sessionKey of keys) await trackSession(prisma, { userId: user.id, sessionKey })
      await Promise.all<unknown>([
        ...keys.map((sessionKey, index) => rotateSessionKey(prisma, { sessionKey, newSessionKey: newKeys[index]! })),
        revokeSessions(prisma, { userId: user.id }),
      ])
      expect((await listSessions(prisma, { userId: user.id })).items).toEqual([])
      for (const sessionKey of [...keys, ...newKeys]) expect(await touchActivity(prisma, { sessionKey })).toBeNull()
    }
  })

  it('a sign-in and a revocation of the same key never leave it live after the revocation', async () => {
    const { prisma, user } = await openDatabase()
    for (let round = 0; round < 20; round++) {
      const sessionKey = randomUUID()
      await trackSession(prisma, { userId: user.id, sessionKey })
      const track = () => trackSession(prisma, { userId: user.id, sessionKey })
      const outcomes = await Promise.allSettled([track(), revokeSession(prisma, { sessionKey }), track()])
      const refusals = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason)
      expect(refusals.every((reason) => reason instanceof SessionEndedError)).toBe(true)
      await expect(track()).rejects.toThrow(SessionEndedError)
    }
  })

  it('a user who is deleted while signing in has no session afterwards', async () => {
    const { prisma } = await openDatabase()
    const reasons = new Set<unknown>()
    for (let round = 0; round < 20; round++) {
      const { id: userId } = await prisma.user.create({ data: { email: `${round}@example.com` } })
      const keys = Array.from({ length: 5 }, generateSessionKey)
      const track = (sessionKey: string) => trackSession(prisma, { userId, sessionKey }, { now: start })
      const remove = () => prisma.user.delete({ where: { id: userId } })
      const [first, ...others] = keys
      const outcomes = await Promise.allSettled([track(first!), remove(), ...others.map(track)])
      for (const outcome of outcomes) if (outcome.status === 'rejected') reasons.add(outcome.reason.constructor)
      for (const sessionKey of keys) expect(await touchActivity(prisma, { sessionKey }, { now: start })).toBeNull()
      expect(await prisma.userSession.count()).toBe(0)
    }
    expect([...reasons]).toEqual([UserNotFoundError])
  })
})
