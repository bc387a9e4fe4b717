import * as fc from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import {
  createPolicy,
  generateSessionKey,
  hashSessionKey,
  InvalidInputError,
  InvalidPolicyError,
  isLive,
  purgeSessions,
  revokeSession,
  rotateSessionKey,
  touchActivity,
  trackSession,
  type Policy,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const hour: Partial<Policy> = { idleTimeoutSeconds: 1800, absoluteTimeoutSeconds: 3600 }

const read = ['userSession.findMany']
// A write waits for other transactions where they share a connection, which takes a transaction of two statements.
const readAndWrite = [
  ...read,
  'userSession.updateMany',
  ...(inject('driver') === 'better-sqlite3' ? ['session.findMany'] : []),
]

describe('a touch', () => {
  it('answers the live row', async () => {
    const { prisma, sessionKey, row } = await signedIn()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(1) })).toEqual(row)
  })

  it('writes nothing until the touch interval has passed', async () => {
    const { prisma, client, statements, sessionKey, row } = await signedIn()
    const before = await everything(prisma)
    for (const seconds of [0, 1, 59.999]) {
      expect(await touchActivity(client, { sessionKey }, { now: after(seconds) })).toEqual(row)
    }
    expect(statements).toEqual([...read, ...read, ...read])
    expect(await everything(prisma)).toEqual(before)
  })

  it('writes once the touch interval has passed', async () => {
    const { prisma, client, statements, sessionKey, row } = await signedIn()
    const touched = { ...row, lastActivity: after(60), expiresAt: after(1860) }
    expect(await touchActivity(client, { sessionKey }, { now: after(60) })).toEqual(touched)
    expect(statements).toEqual(readAndWrite)
    expect(await prisma.userSession.findMany()).toEqual([touched])
    expect(await prisma.session.findMany()).toMatchObject([{ createdAt: start, expiresAt: after(12 * 3600) }])
  })

  it('counts the interval from the last write', async () => {
    const { client, statements, sessionKey } = await signedIn()
    const times = [59, 60, 61, 119.999, 120, 240, 299, 300]
    for (const seconds of times) await touchActivity(client, { sessionKey }, { now: after(seconds) })
    const writes = statements.filter((statement) => statement === 'userSession.updateMany')
    expect(writes).toHaveLength(4)
    expect(await client.userSession.findMany()).toMatchObject([{ lastActivity: after(300), expiresAt: after(2100) }])
  })

  it('goes by the interval of the policy', async () => {
    const { client, statements, sessionKey } = await signedIn()
    const policy = { touchIntervalSeconds: 300 }
    await touchActivity(client, { sessionKey }, { now: after(299.999), policy })
    expect(statements).toEqual(read)
    await touchActivity(client, { sessionKey }, { now: after(300), policy })
    expect(statements).toEqual([...read, ...readAndWrite])
  })

  it('touches the session of its key and no other', async () => {
    const { prisma, user, sessionKey, row } = await signedIn()
    const other = await trackSession(prisma, { userId: user.id, sessionKey: 'other' }, { now: start })
    expect(await touchActivity(prisma, { sessionKey }, { now: after(120) })).toMatchObject({ id: row.id })
    expect(await prisma.userSession.findUnique({ where: { id: other.id } })).toEqual(other)
  })

  it('keeps a session in use alive until its absolute end and not past it', async () => {
    const { prisma, sessionKey } = await signedIn(hour)
    for (const seconds of [1200, 2400, 3500, 3599.999]) {
      const touched = await touchActivity(prisma, { sessionKey }, { now: after(seconds), policy: hour })
      expect(touched?.expiresAt).toEqual(after(Math.min(seconds + 1800, 3600)))
    }
    expect(await touchActivity(prisma, { sessionKey }, { now: after(3600), policy: hour })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(3600.001), policy: hour })).toBeNull()
  })

  it('never moves backwards when the time goes back', async () => {
    const { prisma, client, statements, sessionKey } = await signedIn()
    const touched = await touchActivity(prisma, { sessionKey }, { now: after(600) })
    for (const seconds of [599, 300, 0, -1, -86_400]) {
      expect(await touchActivity(client, { sessionKey }, { now: after(seconds) })).toEqual(touched)
    }
    expect(statements).toEqual([...read, ...read, ...read, ...read, ...read])
    expect(await prisma.userSession.findMany()).toEqual([touched])
  })

  it.each([new Date(0), new Date('9999-12-31T23:59:59.998Z')])('can be at %o', async (now) => {
    const { prisma, user } = await openDatabase()
    const row = await trackSession(prisma, { userId: user.id, sessionKey: 'key' }, { now })
    expect(await touchActivity(prisma, { sessionKey: 'key' }, { now })).toEqual(row)
  })
})

describe('a session that is over', () => {
  it('expires exactly at its end', async () => {
    const { prisma, sessionKey } = await signedIn()
    const before = await everything(prisma)
    expect(await touchActivity(prisma, { sessionKey }, { now: after(1800) })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(1800.001) })).toBeNull()
    expect(await everything(prisma)).toEqual(before)
    const touched = await touchActivity(prisma, { sessionKey }, { now: after(1799.999) })
    expect(touched).toMatchObject({ lastActivity: after(1799.999), expiresAt: after(3599.999) })
  })

  it.each<[string, (database: Awaited<ReturnType<typeof signedIn>>) => Promise<unknown>]>([
    ['signed out', ({ prisma, sessionKey }) => revokeSession(prisma, { sessionKey }, { now: start })],
    ['revoked', ({ prisma, row }) => revokeSession(prisma, { userId: row.userId, id: row.id }, { now: start })],
    [
      'rotated to another key',
      ({ prisma, sessionKey }) => rotateSessionKey(prisma, { sessionKey, newSessionKey: 'new' }, { now: start }),
    ],
    ['deleted from the Session table by hand', ({ prisma }) => prisma.session.deleteMany()],
    ['deleted with its user', ({ prisma }) => prisma.user.deleteMany()],
    ['purged', ({ prisma }) => purgeSessions(prisma, { now: after(86_400 * 31) })],
    ['never tracked', ({ prisma }) => prisma.userSession.deleteMany()],
  ])('is null and stays as it is when it was %s', async (_, end) => {
    const database = await signedIn()
    const { prisma, client, statements, sessionKey } = database
    await end(database)
    const before = await everything(prisma)
    const times = [0, 1, 60, 600, 86_400]
    for (const seconds of times) {
      expect(await touchActivity(client, { sessionKey }, { now: after(seconds) })).toBeNull()
    }
    expect(statements).toEqual(times.flatMap(() => read))
    expect(await everything(prisma)).toEqual(before)
  })

  it('is found by the newest of its keys alone', async () => {
    const { prisma, sessionKey, row } = await signedIn()
    await rotateSessionKey(prisma, { sessionKey, newSessionKey: 'middle' }, { now: start })
    await rotateSessionKey(prisma, { sessionKey: 'middle', newSessionKey: 'last' }, { now: start })
    expect(await touchActivity(prisma, { sessionKey }, { now: after(120) })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey: 'middle' }, { now: after(120) })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey: 'last' }, { now: after(120) })).toMatchObject({ id: row.id })
  })

  it('is not revived by a laxer policy', async () => {
    const { prisma, sessionKey } = await signedIn()
    const policy = { idleTimeoutSeconds: 86_400, absoluteTimeoutSeconds: 86_400 }
    expect(await touchActivity(prisma, { sessionKey }, { now: after(1800), policy })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(1799.999), policy })).not.toBeNull()
  })

  it('is null for every one of many unknown keys', async () => {
    const { prisma } = await signedIn()
    const before = await everything(prisma)
    for (const sessionKey of ['x', generateSessionKey(), 'k'.repeat(4096), "' OR 1=1 --", '%', '_']) {
      expect(await touchActivity(prisma, { sessionKey }, { now: after(60) })).toBeNull()
      expect(await touchActivity(prisma, { sessionId: sessionKey }, { now: after(60) })).toBeNull()
    }
    expect(await everything(prisma)).toEqual(before)
  })
})

describe('a policy that has changed', () => {
  it('shortens the idle timeout of a session that exists, and writes that at once', async () => {
    const { prisma, client, statements, sessionKey, row } = await signedIn()
    const policy = { idleTimeoutSeconds: 300 }
    const touched = { ...row, lastActivity: after(1), expiresAt: after(301) }
    expect(await touchActivity(client, { sessionKey }, { now: after(1), policy })).toEqual(touched)
    expect(await touchActivity(client, { sessionKey }, { now: after(2), policy })).toEqual(touched)
    expect(statements).toEqual([...readAndWrite, ...read])
    expect(await prisma.userSession.findMany()).toEqual([touched])
    expect(await touchActivity(client, { sessionKey }, { now: after(301) })).toBeNull()
  })

  it.each([
    [{ idleTimeoutSeconds: 300 }, 300],
    [{ idleTimeoutSeconds: 600, absoluteTimeoutSeconds: 600 }, 600],
  ])('ends a session that exists: %o', async (policy, end) => {
    const { prisma, sessionKey, row } = await signedIn()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(end), policy })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(end + 0.001), policy })).toBeNull()
    expect(await prisma.userSession.findMany()).toEqual([row])
    expect(await touchActivity(prisma, { sessionKey }, { now: after(end - 0.001), policy })).not.toBeNull()
  })

  it('shortens the absolute timeout of a session that exists, and writes that at once', async () => {
    const { prisma, client, statements, sessionKey, row } = await signedIn()
    const policy = { absoluteTimeoutSeconds: 1800 }
    await touchActivity(prisma, { sessionKey }, { now: after(1000) })
    const touched = { ...row, lastActivity: after(1001), expiresAt: after(1800) }
    expect(await touchActivity(client, { sessionKey }, { now: after(1001), policy })).toEqual(touched)
    expect(statements).toEqual(readAndWrite)
    expect(await prisma.userSession.findMany()).toEqual([touched])
    expect(await touchActivity(client, { sessionKey }, { now: after(1799.999), policy })).not.toBeNull()
    expect(await touchActivity(client, { sessionKey }, { now: after(1800) })).toBeNull()
  })

  it('lengthens the idle timeout up to the absolute end that the session was created with', async () => {
    const { prisma, sessionKey } = await signedIn(hour)
    const policy = { idleTimeoutSeconds: 7200, absoluteTimeoutSeconds: 86_400 }
    for (const seconds of [60, 1800, 3599.999]) {
      const touched = await touchActivity(prisma, { sessionKey }, { now: after(seconds), policy })
      expect(touched).toMatchObject({ lastActivity: after(seconds), expiresAt: after(3600) })
      expect(await prisma.userSession.findMany()).toEqual([touched])
    }
    expect(await prisma.session.findMany()).toMatchObject([{ expiresAt: after(3600) }])
    expect(await touchActivity(prisma, { sessionKey }, { now: after(3600), policy })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey }, { now: after(3600.001), policy })).toBeNull()
  })

  it('lengthens nothing where the client leaves out the absolute end, and keeps the session', async () => {
    const { prisma, sessionKey } = await signedIn(hour)
    const client = prisma.$extends({
      query: { session: { findUnique: ({ args, query }) => query({ ...args, omit: { expiresAt: true } }) } },
    })
    const policy = { idleTimeoutSeconds: 7200, absoluteTimeoutSeconds: 86_400 }
    const touched = await touchActivity(client, { sessionKey }, { now: after(60), policy })
    expect(touched).toMatchObject({ lastActivity: after(60), expiresAt: after(1800) })
  })

  it('lengthens what it has shortened before', async () => {
    const { prisma, sessionKey } = await signedIn(hour)
    await touchActivity(prisma, { sessionKey }, { now: after(1), policy: { idleTimeoutSeconds: 300 } })
    const touched = await touchActivity(prisma, { sessionKey }, { now: after(300), policy: hour })
    expect(touched).toMatchObject({ lastActivity: after(300), expiresAt: after(2100) })
  })

  it('leaves the end of a rotated session where it was', async () => {
    const { prisma, sessionKey } = await signedIn(hour)
    await rotateSessionKey(prisma, { sessionKey, newSessionKey: 'new' }, { now: after(600), policy: hour })
    const policy = { idleTimeoutSeconds: 7200, absoluteTimeoutSeconds: 86_400 }
    const touched = await touchActivity(prisma, { sessionKey: 'new' }, { now: after(700), policy })
    expect(touched).toMatchObject({ lastActivity: after(700), expiresAt: after(3600) })
  })
})

describe('a session that is named by its sessionId', () => {
  it('is touched by it, and not by a key of the same text', async () => {
    const { prisma, client, statements, user } = await signedIn()
    await prisma.session.create({ data: { id: 'theirs', createdAt: start, expiresAt: after(60) } })
    const row = await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start, policy: hour })
    const touch = (seconds: number) =>
      touchActivity(client, { sessionId: 'theirs' }, { now: after(seconds), policy: hour })
    expect(await touch(59.999)).toEqual(row)
    expect(await touch(60)).toEqual({ ...row, lastActivity: after(60), expiresAt: after(1860) })
    expect(await touch(1800)).toEqual({ ...row, lastActivity: after(1800), expiresAt: after(3600) })
    expect(await touch(3600)).toBeNull()
    expect(statements).toEqual([...read, ...readAndWrite, ...readAndWrite, ...read])
    expect(await touchActivity(client, { sessionKey: 'theirs' }, { now: after(60) })).toBeNull()
  })

  it('is over once the owner of the Session row has deleted it', async () => {
    const { prisma, user } = await signedIn()
    await prisma.session.create({ data: { id: 'theirs', createdAt: start, expiresAt: after(3600) } })
    await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })
    await prisma.session.delete({ where: { id: 'theirs' } })
    const before = await everything(prisma)
    expect(await touchActivity(prisma, { sessionId: 'theirs' }, { now: after(60) })).toBeNull()
    expect(await everything(prisma)).toEqual(before)
  })

  it('may be one of a key, whose hash is the sessionId', async () => {
    const { prisma, sessionKey, row } = await signedIn()
    expect(await touchActivity(prisma, { sessionId: sessionKey }, { now: start })).toBeNull()
    expect(await touchActivity(prisma, { sessionId: hashSessionKey(sessionKey) }, { now: start })).toEqual(row)
  })

  it('is held to the policy of the call alone, since the end of the row is its owner’s to move', async () => {
    const { prisma, user } = await signedIn()
    await prisma.session.create({ data: { id: 'theirs', createdAt: start, expiresAt: after(3600) } })
    await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start, policy: hour })
    const policy = { idleTimeoutSeconds: 7200, absoluteTimeoutSeconds: 86_400 }
    const touched = await touchActivity(prisma, { sessionId: 'theirs' }, { now: after(60), policy })
    expect(touched?.expiresAt).toEqual(after(60 + 7200))
  })
})

describe('what the program passes wrong is refused before any statement', () => {
  it.each<[unknown, string]>([
    ...[undefined, null, 'key', 5, ['key'], () => {}].map((input): [unknown, string] => [input, 'input']),
    [{ sessionKey: 'key', userId: 1 }, 'input'],
    [{}, 'sessionKey'],
    [{ sessionKey: 'key', sessionId: 'theirs' }, 'sessionKey'],
    [{ sessionKey: undefined, sessionId: undefined }, 'sessionKey'],
    ...['', ' ', 'k'.repeat(4097), '\ud800', 'a\0b', 5, true, { not: '' }, { in: ['key'] }, ['key'], null].flatMap(
      (text): [unknown, string][] => [
        [{ sessionKey: text }, 'sessionKey'],
        [{ sessionId: text }, 'sessionId'],
      ],
    ),
  ])('input: %.80o', async (input, field) => {
    const { prisma, client, statements } = await signedIn()
    const before = await everything(prisma)
    const call = touchActivity(client, input as never, { now: after(120) })
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field })
    expect(statements).toEqual([])
    expect(await everything(prisma)).toEqual(before)
  })

  it.each<[unknown, string]>([
    [null, 'options'],
    ['options', 'options'],
    [[], 'options'],
    [start.getTime(), 'options'],
    [{ limit: 1 }, 'options'],
    ...[new Date(Number.NaN), start.getTime(), start.toISOString(), null, new Date(-1), new Date(253402300800000)].map(
      (now): [unknown, string] => [{ now }, 'now'],
    ),
  ])('options: %o', async (options, field) => {
    const { client, statements, sessionKey } = await signedIn()
    const call = touchActivity(client, { sessionKey }, options as never)
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field })
    expect(statements).toEqual([])
  })

  it.each<[unknown, string]>([
    [null, 'policy'],
    [{ idle: 1 }, 'policy'],
    [{ idleTimeoutSeconds: -1 }, 'idleTimeoutSeconds'],
    [{ touchIntervalSeconds: 1800 }, 'touchIntervalSeconds'],
  ])('policy: %o', async (policy, field) => {
    const { client, statements, sessionKey } = await signedIn()
    const call = touchActivity(client, { sessionKey }, { now: after(120), policy: policy as never })
    await expect(call).rejects.toThrow(InvalidPolicyError)
    await expect(call).rejects.toMatchObject({ field })
    expect(statements).toEqual([])
  })

  it.each([null, undefined, {}, { $connect() {} }, { session: {} }])('db: %o', async (db) => {
    const call = touchActivity(db as never, { sessionKey: 'key' }, { now: start })
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field: 'db' })
  })
})

describe('a computed field of an extended client', () => {
  it('is computed from the new lastActivity and expiresAt after a write', async () => {
    const { prisma, sessionKey } = await signedIn()
    const extended = prisma.$extends({
      result: {
        userSession: {
          dates: {
            needs: { lastActivity: true, expiresAt: true },
            compute: ({ lastActivity, expiresAt }) => `${lastActivity.toISOString()} ${expiresAt.toISOString()}`,
          },
        },
      },
    })
    const dates = async (seconds: number) =>
      (await touchActivity(extended, { sessionKey }, { now: after(seconds) }))?.dates
    expect(await dates(1)).toBe('2026-01-05T08:00:00.000Z 2026-01-05T08:30:00.000Z')
    expect(await dates(60)).toBe('2026-01-05T08:01:00.000Z 2026-01-05T08:31:00.000Z')
    expect(await dates(61)).toBe('2026-01-05T08:01:00.000Z 2026-01-05T08:31:00.000Z')
  })
})

describe('any touches at any times with any policies, and a revocation among them', () => {
  const policies = fc
    .record({
      idle: fc.integer({ min: 1, max: 1200 }),
      more: fc.integer({ min: 0, max: 2400 }),
      share: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    })
    .map(({ idle, more, share }) =>
      createPolicy({
        idleTimeoutSeconds: idle,
        absoluteTimeoutSeconds: idle + more,
        touchIntervalSeconds: idle * share,
      }),
    )
  const touches = fc.record({ milliseconds: fc.integer({ min: -200_000, max: 600_000 }), policy: policies })
  const steps = fc.array(fc.oneof({ weight: 9, arbitrary: touches }, { weight: 1, arbitrary: fc.constant('revoke') }), {
    minLength: 1,
    maxLength: 15,
  })

  it('never extend past the absolute end, move backwards or revive, and answer what is stored', async () => {
    const { prisma, user } = await openDatabase()
    const seen = new Set<string>()
    const property = fc.asyncProperty(policies, steps, async (policy, sequence) => {
      const sessionKey = generateSessionKey()
      let time = start.getTime()
      let row = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start, policy })
      const { expiresAt: absoluteEnd } = await prisma.session.findUniqueOrThrow({ where: { id: row.sessionId! } })
      const stored = () => prisma.userSession.findUniqueOrThrow({ where: { id: row.id } })

      for (const step of sequence) {
        const before = row
        if (typeof step === 'string') {
          await revokeSession(prisma, { sessionKey }, { now: new Date(time) })
          row = await stored()
          continue
        }
        time += step.milliseconds
        const now = new Date(time)
        const answer = await touchActivity(prisma, { sessionKey }, { now, policy: step.policy })
        row = await stored()

        expect(answer !== null).toBe(isLive(before, now, step.policy))
        expect(row).toEqual(answer ?? before)
        expect(row.lastActivity >= before.lastActivity).toBe(true)
        expect(row.expiresAt <= absoluteEnd).toBe(true)
        expect({ ...row, lastActivity: 0, expiresAt: 0 }).toEqual({ ...before, lastActivity: 0, expiresAt: 0 })
        const isDue = time - before.lastActivity.getTime() >= step.policy.touchIntervalSeconds * 1000
        expect(answer !== null && isDue && row.lastActivity < now).toBe(false)
        const ending = before.endedAt === null ? 'not ended' : 'ended'
        const write = row.lastActivity > before.lastActivity ? 'written' : 'not written'
        seen.add(`${ending}, ${answer === null ? 'refused' : 'answered'}, ${write}`)
      }
    })
    await fc.assert(property, { numRuns: 200 })
    expect([...seen].toSorted()).toEqual([
      'ended, refused, not written',
      'not ended, answered, not written',
      'not ended, answered, written',
      'not ended, refused, not written',
    ])
  })
})

async function everything({ user, session, userSession }: Database['prisma']): Promise<unknown> {
  const orderBy = { id: 'asc' } as const
  return [
    await user.findMany({ orderBy }),
    await session.findMany({ orderBy }),
    await userSession.findMany({ orderBy }),
  ]
}

/** A database with a live session, and a client that notes each statement it sends. */
async function signedIn(policy: Partial<Policy> = {}) {
  const database = await openDatabase()
  const { prisma, user } = database
  const statements: string[] = []
  const client = prisma.$extends({
    query: {
      $allOperations({ model, operation, args, query }) {
        statements.push(`${model?.replace(/^./, (letter) => letter.toLowerCase())}.${operation}`)
        return query(args)
      },
    },
  })
  const sessionKey = generateSessionKey()
  const row = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start, policy })
  return { ...database, client, statements, sessionKey, row }
}
