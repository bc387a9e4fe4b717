import { describe, expect, it } from 'vitest'
import {
  generateSessionKey,
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionEndedError,
  SessionKeyTakenError,
  touchActivity,
  trackSession,
  UserNotFoundError,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)

describe("inside the caller's transaction", () => {
  it('every verb works and is kept when it commits', async () => {
    const { prisma, user } = await openDatabase()
    const [sessionKey, newSessionKey, second, third] = Array.from({ length: 4 }, generateSessionKey) as [
      string,
      string,
      string,
      string,
    ]
    await prisma.$transaction(async (tx) => {
      const { id } = await trackSession(tx, { userId: user.id, sessionKey }, { now: start })
      expect(await trackSession(tx, { userId: user.id, sessionKey }, { now: start })).toMatchObject({ id })
      expect(await touchActivity(tx, { sessionKey }, { now: after(120) })).toMatchObject({
        id,
        lastActivity: after(120),
      })
      expect(await rotateSessionKey(tx, { sessionKey, newSessionKey }, { now: after(130) })).toMatchObject({ id })
      const other = await trackSession(tx, { userId: user.id, sessionKey: second }, { now: after(140) })
      await trackSession(tx, { userId: user.id, sessionKey: third }, { now: after(150) })
      expect((await listSessions(tx, { userId: user.id }, { now: after(150) })).items).toHaveLength(3)
      expect(await revokeSession(tx, { userId: user.id, id: other.id }, { now: after(150) })).toBe(true)
      expect(await revokeOtherSessions(tx, { userId: user.id, sessionKey: newSessionKey }, { now: after(150) })).toBe(1)
      expect(await purgeSessions(tx, { now: after(150) })).toEqual({ sessions: 0, userSessions: 0 })
    })
    expect((await listSessions(prisma, { userId: user.id }, { now: after(150) })).items).toHaveLength(1)
    expect(await touchActivity(prisma, { sessionKey: newSessionKey }, { now: after(150) })).not.toBeNull()
  })

  it('every verb is taken back when it rolls back', async () => {
    const { prisma, user } = await openDatabase()
    const [sessionKey, newSessionKey, second] = Array.from({ length: 3 }, generateSessionKey) as [
      string,
      string,
      string,
    ]
    await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    await trackSession(prisma, { userId: user.id, sessionKey: generateSessionKey() }, { now: start })
    const before = await everything(prisma)
    const changes: ((tx: Transaction) => Promise<unknown>)[] = [
      (tx) => trackSession(tx, { userId: user.id, sessionKey: second }, { now: start }),
      (tx) => touchActivity(tx, { sessionKey }, { now: after(120) }),
      (tx) => rotateSessionKey(tx, { sessionKey, newSessionKey }, { now: start }),
      (tx) => revokeSession(tx, { sessionKey }, { now: start }),
      (tx) => revokeOtherSessions(tx, { userId: user.id, sessionKey }, { now: start }),
      (tx) => revokeSessions(tx, { userId: user.id }, { now: start }),
      (tx) => purgeSessions(tx, { now: after(90 * 86_400) }),
    ]
    for (const change of changes) {
      const transaction = prisma.$transaction(async (tx) => {
        await change(tx)
        expect(await everything(tx)).not.toEqual(before)
        throw new Error('rolled back')
      })
      await expect(transaction).rejects.toThrow('rolled back')
      expect(await everything(prisma)).toEqual(before)
    }
  })

  it('a refusal is the same typed error as outside', async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const sessionKey = generateSessionKey()
    await trackSession(prisma, { userId: user.id, sessionKey })
    const track = (userId: number, key: string) =>
      prisma.$transaction((tx) => trackSession(tx, { userId, sessionKey: key }))
    await expect(track(other.id, sessionKey)).rejects.toThrow(SessionKeyTakenError)
    await expect(track(999, generateSessionKey())).rejects.toThrow(UserNotFoundError)
    await revokeSession(prisma, { sessionKey })
    await expect(track(user.id, sessionKey)).rejects.toThrow(SessionEndedError)
    expect(await prisma.session.count()).toBe(0)
  })

  it('a rotation to a key in use leaves nothing behind in a transaction that goes on', async () => {
    const { prisma, user } = await openDatabase()
    const [sessionKey, taken] = [generateSessionKey(), generateSessionKey()]
    await trackSession(prisma, { userId: user.id, sessionKey })
    await trackSession(prisma, { userId: user.id, sessionKey: taken })
    const before = await everything(prisma)
    await prisma.$transaction(async (tx) => {
      await expect(rotateSessionKey(tx, { sessionKey, newSessionKey: taken })).rejects.toThrow(SessionKeyTakenError)
    })
    expect(await everything(prisma)).toEqual(before)
  })
})

describe('with the models passed by hand', () => {
  it('a sign-in writes both rows or neither, and waits for its turn', async () => {
    const database = await openDatabase()
    const { prisma, user } = database
    for (const { session, userSession } of [
      prisma,
      prisma.$extends({ query: { $allOperations: (call) => call.query(call.args) } }),
    ]) {
      const db = { session, userSession }
      await expect(trackSession(db, { userId: 999, sessionKey: 'key' })).rejects.toThrow(UserNotFoundError)
      expect(await prisma.session.count()).toBe(0)
      const input = { userId: user.id, sessionKey: generateSessionKey() }
      const rows = await besideRollback(database, something, () =>
        Promise.all([trackSession(db, input), trackSession(db, input)]),
      )
      expect(rows[0]).toEqual(rows[1])
      expect(await revokeSession(db, { sessionKey: input.sessionKey })).toBe(true)
      expect(await prisma.session.count()).toBe(0)
    }
  })

  it("those of a transaction's client are part of it", async () => {
    const { prisma, user } = await openDatabase()
    const transaction = prisma.$transaction(async ({ session, userSession }) => {
      await trackSession({ session, userSession }, { userId: user.id, sessionKey: generateSessionKey() })
      throw new Error('rolled back')
    })
    await expect(transaction).rejects.toThrow('rolled back')
    expect(await prisma.userSession.count()).toBe(0)
  })
})

describe("beside another caller's open transaction on the same client, which rolls back", () => {
  it('a sign-in that was answered is kept', async () => {
    const database = await openDatabase()
    const { prisma, user } = database
    const sessionKey = generateSessionKey()
    await besideRollback(database, something, () => trackSession(prisma, { userId: user.id, sessionKey }))
    expect(await touchActivity(prisma, { sessionKey })).not.toBeNull()
  })

  it("a sign-in on another library's Session row that was answered is kept", async () => {
    const database = await openDatabase()
    const { prisma, user } = database
    await prisma.session.create({ data: { id: 'theirs', createdAt: new Date(), expiresAt: new Date() } })
    await besideRollback(database, something, () => trackSession(prisma, { userId: user.id, sessionId: 'theirs' }))
    expect(await touchActivity(prisma, { sessionId: 'theirs' })).not.toBeNull()
  })

  it('a sign-in with a key that only the other transaction has used is new and kept', async () => {
    const database = await openDatabase()
    const { prisma, user } = database
    const input = { userId: user.id, sessionKey: generateSessionKey() }
    await besideRollback(
      database,
      (tx) => trackSession(tx, input),
      () => trackSession(prisma, input),
    )
    expect(await touchActivity(prisma, { sessionKey: input.sessionKey })).not.toBeNull()
  })

  it('a sign-in with a key that the other transaction has ended is the live session still', async () => {
    const { database, prisma, user, sessionKey, userSession } = await signedIn()
    const input = { userId: user.id, sessionKey }
    const answer = await besideRollback(
      database,
      (tx) => revokeSession(tx, { sessionKey }),
      () => trackSession(prisma, input),
    )
    expect(answer).toEqual(userSession)
  })

  it('a touch that was answered is kept', async () => {
    const { database, prisma, sessionKey, userSession } = await signedIn()
    const now = new Date(userSession.createdAt.getTime() + 90_000)
    const touched = await besideRollback(database, something, () => touchActivity(prisma, { sessionKey }, { now }))
    expect(touched).toMatchObject({ lastActivity: now })
    expect(await prisma.userSession.findMany()).toEqual([touched])
  })

  it('what a purge has counted is gone', async () => {
    const { database, prisma } = await signedIn()
    const now = new Date(Date.now() + 86_400_000)
    const purge = () => purgeSessions(prisma, { now })
    expect(await besideRollback(database, something, purge)).toEqual({ sessions: 1, userSessions: 0 })
    expect(await prisma.session.count()).toBe(0)
  })

  it('a rotation that was answered is kept', async () => {
    const { database, prisma, sessionKey, userSession } = await signedIn()
    const newSessionKey = generateSessionKey()
    await besideRollback(database, something, () => rotateSessionKey(prisma, { sessionKey, newSessionKey }))
    expect(await touchActivity(prisma, { sessionKey: newSessionKey })).toMatchObject({ id: userSession.id })
    expect(await touchActivity(prisma, { sessionKey })).toBeNull()
  })

  it('a revocation that was answered is kept, however it names the session', async () => {
    const revocations = [
      ({ prisma, user, userSession }) => revokeSession(prisma, { userId: user.id, id: userSession.id }),
      ({ prisma, sessionKey }) => revokeSession(prisma, { sessionKey }),
      ({ prisma, user }) => revokeSessions(prisma, { userId: user.id }),
      ({ prisma, user }) => revokeOtherSessions(prisma, { userId: user.id, sessionKey: generateSessionKey() }),
    ] satisfies ((session: Awaited<ReturnType<typeof signedIn>>) => Promise<unknown>)[]
    for (const revoke of revocations) {
      const session = await signedIn()
      expect(Number(await besideRollback<unknown>(session.database, something, () => revoke(session)))).toBe(1)
      expect(await touchActivity(session.prisma, { sessionKey: session.sessionKey })).toBeNull()
    }
  })

  it('a revocation finds what the other transaction has ended and takes back', async () => {
    const { database, prisma, user, sessionKey, userSession } = await signedIn()
    const revoke = () => revokeSession(prisma, { userId: user.id, id: userSession.id })
    expect(await besideRollback(database, (tx) => revokeSession(tx, { sessionKey }), revoke)).toBe(true)
    expect(await touchActivity(prisma, { sessionKey })).toBeNull()
  })
})

type Transaction = Parameters<Parameters<Database['prisma']['$transaction']>[0]>[0]

async function everything(db: Transaction): Promise<unknown> {
  const orderBy = { id: 'asc' } as const
  return [
    await db.user.findMany({ orderBy }),
    await db.session.findMany({ orderBy }),
    await db.userSession.findMany({ orderBy }),
  ]
}

/** Calls while a transaction is open that has done something, and ends that transaction only then. */
async function besideRollback<T>(
  { prisma }: Database,
  meanwhile: (tx: Transaction) => Promise<unknown>,
  call: () => Promise<T>,
): Promise<T> {
  let answer: Promise<T> | undefined
  const transaction = prisma.$transaction(async (tx) => {
    await meanwhile(tx)
    answer = call()
    answer.catch(() => {})
    // Time for the call to reach the database, unless it waits for its turn.
    await new Promise((resolve) => setTimeout(resolve, 100))
    throw new Error('rolled back')
  })
  await expect(transaction).rejects.toThrow('rolled back')
  return answer!
}
const something = (tx: Transaction): Promise<unknown> => tx.user.create({ data: { email: 'never@example.com' } })

async function signedIn() {
  const database = await openDatabase()
  const sessionKey = generateSessionKey()
  const userSession = await trackSession(database.prisma, { userId: database.user.id, sessionKey })
  return { ...database, database, sessionKey, userSession }
}
