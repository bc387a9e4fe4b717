import { setTimeout } from 'node:timers/promises'
import { asyncProperty, array, assert, constantFrom, integer, record, uniqueArray } from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import {
  generateSessionKey,
  purgeSessions,
  revokeSession,
  touchActivity,
  trackSession,
  type PurgeCounts,
  type PurgeOptions,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const [idle, absolute, retention] = [1800, 43_200, 30 * 86_400] as const
const times = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

async function signIn({ prisma, user }: Database, now = start) {
  const sessionKey = generateSessionKey()
  const { id } = await trackSession(prisma, { userId: user.id, sessionKey }, { now })
  return { id, sessionKey }
}

async function rows({ prisma }: Database) {
  return { sessions: await prisma.session.count(), userSessions: await prisma.userSession.count() }
}

describe('purgeSessions', () => {
  it('takes the Session row of a session that expired unused, at that time exactly, and keeps its history', async () => {
    const database = await openDatabase()
    const { id } = await signIn(database)
    const before = await database.prisma.userSession.findUniqueOrThrow({ where: { id } })
    const purge = (seconds: number) => purgeSessions(database.prisma, { now: after(seconds) })
    expect(await purge(idle - 0.001)).toEqual({ sessions: 0, userSessions: 0 })
    expect(await database.prisma.userSession.findUnique({ where: { id } })).toEqual(before)
    expect(await purge(idle)).toEqual({ sessions: 1, userSessions: 0 })
    expect(await database.prisma.userSession.findUnique({ where: { id } })).toEqual({ ...before, sessionId: null })
    expect(await purge(idle + 0.001)).toEqual({ sessions: 0, userSessions: 0 })
    expect(await rows(database)).toEqual({ sessions: 0, userSessions: 1 })
  })

  it('takes the Session row of a session in use at its absolute end, not 1 ms before', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const { sessionKey } = await signIn(database)
    const policy = { idleTimeoutSeconds: absolute }
    await touchActivity(prisma, { sessionKey }, { now: after(1000), policy })
    expect(await purgeSessions(prisma, { now: after(absolute - 0.001) })).toEqual({ sessions: 0, userSessions: 0 })
    const now = after(absolute - 0.001)
    expect(await touchActivity(prisma, { sessionKey }, { now, policy })).not.toBeNull()
    expect(await purgeSessions(prisma, { now: after(absolute) })).toEqual({ sessions: 1, userSessions: 0 })
  })

  it.each([
    ['an expired session', async () => {}],
    [
      'a revoked session',
      ({ prisma }: Database, sessionKey: string) => revokeSession(prisma, { sessionKey }, { now: after(60) }),
    ],
  ])('takes the history of %s when its retention is over, not 1 ms before', async (_, end) => {
    const database = await openDatabase()
    await end(database, (await signIn(database)).sessionKey)
    const purge = (seconds: number, policy = {}) => purgeSessions(database.prisma, { now: after(seconds), policy })
    await purge(idle)
    expect(await rows(database)).toEqual({ sessions: 0, userSessions: 1 })
    expect(await purge(idle + 99.999, { retentionSeconds: 100 })).toEqual({ sessions: 0, userSessions: 0 })
    expect(await purge(idle + retention - 0.001)).toEqual({ sessions: 0, userSessions: 0 })
    expect(await purge(idle + retention)).toEqual({ sessions: 0, userSessions: 1 })
    expect(await rows(database)).toEqual({ sessions: 0, userSessions: 0 })
  })

  it('goes by the retention that the policy names', async () => {
    const database = await openDatabase()
    await signIn(database)
    const options = { now: after(idle + 100), policy: { retentionSeconds: 100 } }
    expect(await purgeSessions(database.prisma, options)).toEqual({ sessions: 1, userSessions: 1 })
  })

  it('takes both rows of what nobody has purged for long, and nothing the second time', async () => {
    const database = await openDatabase()
    await times(3, () => signIn(database))
    const options = { now: after(idle + retention) }
    expect(await purgeSessions(database.prisma, options)).toEqual({ sessions: 3, userSessions: 3 })
    expect(await purgeSessions(database.prisma, options)).toEqual({ sessions: 0, userSessions: 0 })
  })

  it('takes Session rows that nobody tracked only when they have expired', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const ends = { over: after(99.999), now: after(100), later: after(100.001) }
    const data = Object.entries(ends).map(([id, expiresAt]) => ({ id, createdAt: start, expiresAt }))
    await prisma.session.createMany({ data })
    expect(await purgeSessions(prisma, { now: after(100) })).toEqual({ sessions: 2, userSessions: 0 })
    expect(await prisma.session.findMany()).toMatchObject([{ id: 'later' }])
  })

  it('leaves a Session row past its own end while its session is live', async () => {
    const { prisma, user } = await openDatabase()
    await prisma.session.create({ data: { id: 'theirs', createdAt: start, expiresAt: after(100) } })
    await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })
    expect(await purgeSessions(prisma, { now: after(idle - 0.001) })).toEqual({ sessions: 0, userSessions: 0 })
    expect(await touchActivity(prisma, { sessionId: 'theirs' }, { now: after(idle - 0.001) })).not.toBeNull()
    expect(await purgeSessions(prisma, { now: after(2 * idle) })).toEqual({ sessions: 1, userSessions: 0 })
  })

  it('leaves live sessions as they are', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const live = await times(5, (index) => signIn(database, after(index)))
    await times(5, () => signIn(database, after(-5000)))
    const ids = live.map(({ id }) => id)
    const read = () => prisma.userSession.findMany({ where: { id: { in: ids } }, include: { session: true } })
    const before = await read()
    expect(await purgeSessions(prisma, { now: after(100) })).toEqual({ sessions: 5, userSessions: 0 })
    expect(await read()).toEqual(before)
    for (const { sessionKey } of live) {
      expect(await touchActivity(prisma, { sessionKey }, { now: after(100) })).not.toBeNull()
    }
  })

  it('goes by the dates that are stored, not by a policy that became stricter since', async () => {
    const database = await openDatabase()
    await signIn(database)
    const policy = { idleTimeoutSeconds: 60, absoluteTimeoutSeconds: 60 }
    expect(await purgeSessions(database.prisma, { now: after(idle - 1), policy })).toEqual({
      sessions: 0,
      userSessions: 0,
    })
  })

  it.each([1, 2, 7, 10_000])('removes the same in batches of %i', async (batchSize) => {
    const database = await openDatabase()
    for (let index = 0; index < 4; index++) await signIn(database)
    for (let index = 0; index < 3; index++) await signIn(database, after(5000))
    await signIn(database, after(-retention))
    const before = await rows(database)
    const progress: PurgeCounts[] = []
    const options = { now: after(idle), batchSize, onProgress: (counts: PurgeCounts) => progress.push(counts) }
    const counts = await purgeSessions(database.prisma, options)
    expect(counts).toEqual({ sessions: 5, userSessions: 1 })
    expect(await rows(database)).toEqual({ sessions: before.sessions - 5, userSessions: before.userSessions - 1 })

    expect(progress.at(-1)).toEqual(counts)
    progress.forEach(({ sessions, userSessions }, index) => {
      const last = progress[index - 1] ?? { sessions: 0, userSessions: 0 }
      expect(sessions).toBeGreaterThanOrEqual(last.sessions)
      expect(userSessions).toBeGreaterThanOrEqual(last.userSessions)
      expect(sessions + userSessions - last.sessions - last.userSessions).toBeLessThanOrEqual(batchSize)
    })
    expect(progress.length).toBeGreaterThanOrEqual(Math.ceil(8 / batchSize) + Math.ceil(8 / batchSize))
  })

  it('removes nothing when the signal is aborted before, and sends no statement', async () => {
    const database = await openDatabase()
    await signIn(database)
    const { db, sent } = counting(database)
    const options = { now: after(idle), signal: AbortSignal.abort() }
    expect(await purgeSessions(db, options)).toEqual({ sessions: 0, userSessions: 0 })
    expect(sent()).toBe(0)
    expect(await rows(database)).toEqual({ sessions: 1, userSessions: 1 })
  })

  it('ends after the batch in which the signal is aborted, with a true count, and the next call does the rest', async () => {
    for (const last of [1, 2, 5, 6, 9, 10]) {
      const database = await openDatabase()
      for (let index = 0; index < 9; index++) await signIn(database)
      const [controller, progress] = [new AbortController(), [] as PurgeCounts[]]
      const onProgress = (counts: PurgeCounts) => {
        progress.push(counts)
        if (progress.length === last) controller.abort()
      }
      const options = { now: after(idle + retention), batchSize: 2 }
      const first = await purgeSessions(database.prisma, { ...options, onProgress, signal: controller.signal })
      expect(progress).toHaveLength(last)
      expect(first).toEqual(progress.at(-1))
      expect(first).toEqual({ sessions: Math.min(last * 2, 9), userSessions: Math.min(Math.max(last - 5, 0) * 2, 9) })
      const left = { sessions: 9 - first.sessions, userSessions: 9 - first.userSessions }
      expect(await rows(database)).toEqual(left)
      expect(await purgeSessions(database.prisma, options)).toEqual(left)
    }
  })

  it('ends when something else of the process aborts the signal, which has its turn between two batches', async () => {
    const database = await openDatabase()
    for (let index = 0; index < 9; index++) await signIn(database)
    const controller = new AbortController()
    const onProgress = () => void setImmediate(() => controller.abort())
    const options = { now: after(idle), batchSize: 1, onProgress, signal: controller.signal }
    expect((await purgeSessions(database.prisma, options)).sessions).toBeLessThanOrEqual(2)
  })

  it('lets others have several turns between two batches, as many as a request takes', async () => {
    const database = await openDatabase()
    for (let index = 0; index < 9; index++) await signIn(database)
    const controller = new AbortController()
    const abortAfter = (turns: number): void => {
      if (turns === 0) controller.abort()
      else setImmediate(abortAfter, turns - 1)
    }
    const options = { now: after(idle), batchSize: 1, onProgress: () => abortAfter(5), signal: controller.signal }
    expect((await purgeSessions(database.prisma, options)).sessions).toBeLessThanOrEqual(2)
  })

  it.each([
    ['just now', idle],
    ['long ago', idle + 1000],
  ])('leaves a session alone that expired %s and is in use again before it is removed', async (_, seconds) => {
    const database = await openDatabase()
    const { prisma } = database
    const sessions = await times(3, () => signIn(database))
    const { sessionKey } = sessions[1]!
    const db = prisma.$extends({
      query: {
        userSession: {
          async findMany({ args, query }) {
            const found = await query(args)
            await touchActivity(prisma, { sessionKey }, { now: after(idle - 1) })
            return found
          },
        },
      },
    })
    expect(await purgeSessions(db, { now: after(seconds) })).toEqual({ sessions: 2, userSessions: 0 })
    expect(await touchActivity(prisma, { sessionKey }, { now: after(seconds) })).not.toBeNull()
  })

  // SQLite has one writer at a time, and its drivers would keep this one from going on.
  it.skipIf(inject('driver') === 'libsql' || inject('driver') === 'better-sqlite3')(
    'leaves a session alone that expires while a transaction that has touched it is open',
    async () => {
      const database = await openDatabase()
      const { prisma } = database
      const sessions = await times(3, () => signIn(database))
      const { sessionKey } = sessions[1]!
      let purge: Promise<PurgeCounts> | undefined
      await prisma.$transaction(async (tx) => {
        expect(await touchActivity(tx, { sessionKey }, { now: after(idle - 1) })).not.toBeNull()
        purge = purgeSessions(prisma, { now: after(idle) })
        await setTimeout(300)
      })
      expect(await purge).toEqual({ sessions: 2, userSessions: 0 })
      expect(await touchActivity(prisma, { sessionKey }, { now: after(idle) })).not.toBeNull()
    },
  )

  it('several at once take every row, and count each once', async () => {
    const database = await openDatabase()
    await times(20, () => signIn(database))
    const options = { now: after(idle + retention), batchSize: 3 }
    const counts = await times(4, () => purgeSessions(database.prisma, options))
    expect(counts.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(20)
    expect(counts.reduce((sum, { userSessions }) => sum + userSessions, 0)).toBe(20)
    expect(await rows(database)).toEqual({ sessions: 0, userSessions: 0 })
  })

  it('beside 200 calls that track, touch and revoke loses nothing that is live', async () => {
    const database = await openDatabase()
    const { prisma, user } = database
    const now = after(100)
    const expired = await times(50, () => signIn(database, after(-5000)))
    const [touched, revoked, untouched] = await times(3, () => times(50, () => signIn(database)))
    const tracked = Array.from({ length: 50 }, generateSessionKey)
    const calls = times(50, (index) =>
      Promise.all([
        trackSession(prisma, { userId: user.id, sessionKey: tracked[index]! }, { now }),
        touchActivity(prisma, { sessionKey: touched![index]!.sessionKey }, { now }),
        revokeSession(prisma, { sessionKey: revoked![index]!.sessionKey }, { now }),
        touchActivity(prisma, { sessionKey: expired[index]!.sessionKey }, { now }),
      ]),
    )
    const counts = await purgeSessions(prisma, { now, batchSize: 10 })
    for (const [, touch, revoke, dead] of await calls) {
      expect(touch).toMatchObject({ lastActivity: now })
      expect(revoke).toBe(true)
      expect(dead).toBeNull()
    }
    expect(counts).toEqual({ sessions: 50, userSessions: 0 })
    for (const sessionKey of [...tracked, ...[...touched!, ...untouched!].map((session) => session.sessionKey)]) {
      expect(await touchActivity(prisma, { sessionKey }, { now: after(101) })).not.toBeNull()
    }
    for (const { sessionKey } of [...expired, ...revoked!]) {
      expect(await touchActivity(prisma, { sessionKey }, { now })).toBeNull()
    }
    expect(await rows(database)).toEqual({ sessions: 150, userSessions: 250 })
  })
})

describe('wrong options', () => {
  it('are refused by their field before any statement', async () => {
    const database = await openDatabase()
    await signIn(database)
    const now = after(idle + retention)
    const { db, sent } = counting(database)
    const wrong: [string, unknown][] = [
      ...[0, -1, 1.5, 10_001, NaN, Infinity, '10', 10n, null, {}].map((batchSize) => ['batchSize', { batchSize }]),
      ...['log', null, {}, 5].map((onProgress) => ['onProgress', { onProgress }]),
      ...[{ aborted: true }, new AbortController(), null, 'abort'].map((signal) => ['signal', { signal }]),
      ...[null, 'today', now.getTime(), new Date(NaN), new Date('1969-12-31')].map((time) => ['now', { now: time }]),
      ...[0, -1, NaN, Infinity, '30', null].map((seconds) => [
        'retentionSeconds',
        { policy: { retentionSeconds: seconds } },
      ]),
      ['policy', { policy: { retentionDays: 30 } }],
      ['policy', { policy: null }],
      ['options', { batch: 10 }],
      ...[null, 10, 'now', [now]].map((options) => ['options', options]),
    ] as [string, unknown][]
    for (const [field, options] of wrong) {
      const code = field === 'retentionSeconds' || field === 'policy' ? 'ERR_INVALID_POLICY' : 'ERR_INVALID_INPUT'
      await expect(purgeSessions(db, options as PurgeOptions)).rejects.toMatchObject({ code, field })
    }
    expect(sent()).toBe(0)
    expect(await rows(database)).toEqual({ sessions: 1, userSessions: 1 })
    expect(await purgeSessions(db, { now })).toEqual({ sessions: 1, userSessions: 1 })
    expect(sent()).toBeGreaterThan(0)
  })
})

describe('whatever there is', () => {
  // Around the times that matter, in milliseconds before the purge.
  const age = constantFrom(0, 1, retention * 1000, absolute * 1000).chain((boundary) =>
    integer({ min: boundary - 2, max: boundary + 2 }),
  )
  const population = array(
    record({
      kind: constantFrom('live or expired', 'revoked', 'history', 'nobody tracked it'),
      expired: age,
      // How much longer the Session row stands than its session.
      longer: constantFrom(0, 1, 3, 1000),
    }),
    { maxLength: 15 },
  )
  const ids = uniqueArray(integer({ min: 0, max: 1e6 }), { minLength: 15, maxLength: 15 })
  const batchSizes = integer({ min: 1, max: 6 })

  it('exactly the rows are left that have not had their time', async () => {
    const { prisma, user } = await openDatabase()
    const now = after(10 * retention)
    const property = asyncProperty(population, ids, batchSizes, async (sessions, numbers, batchSize) => {
      await prisma.session.deleteMany()
      await prisma.userSession.deleteMany()
      const before = sessions.map(({ kind, expired, longer }, index) => {
        const expiresAt = new Date(now.getTime() - expired)
        const dates = { createdAt: start, expiresAt }
        const id = String(numbers[index])
        const hasSession = kind === 'live or expired' || kind === 'nobody tracked it'
        const session = { id: `session-${id}`, ...dates, expiresAt: new Date(expiresAt.getTime() + longer) }
        const ended = kind === 'revoked' ? { endedAt: start, endReason: 'revoked' } : {}
        const userSession = {
          id,
          userId: user.id,
          sessionId: hasSession ? session.id : null,
          lastActivity: start,
          ...dates,
        }
        return {
          session: hasSession ? session : undefined,
          userSession: kind === 'nobody tracked it' ? undefined : { ...userSession, ...ended },
        }
      })
      await prisma.session.createMany({ data: before.flatMap(({ session }) => session ?? []) })
      await prisma.userSession.createMany({ data: before.flatMap(({ userSession }) => userSession ?? []) })

      const isOver = (row: { expiresAt: Date } | undefined, seconds: number) =>
        row !== undefined && row.expiresAt.getTime() + seconds * 1000 <= now.getTime()
      const keepsSession = before.filter(
        ({ session, userSession }) => session !== undefined && !isOver(session, 0) && !isOver(userSession, 0),
      )
      const keepsHistory = before.filter(
        ({ userSession }) => userSession !== undefined && !isOver(userSession, retention),
      )
      const sessionsLeft = keepsSession.map(({ session }) => session!.id)
      const historyLeft = keepsHistory.map(({ userSession }) => ({
        id: userSession!.id,
        sessionId: sessionsLeft.find((id) => id === userSession!.sessionId) ?? null,
        endReason: 'endReason' in userSession! ? userSession.endReason : null,
      }))

      const counts = await purgeSessions(prisma, { now, batchSize })
      const select = { id: true, sessionId: true, endReason: true }
      const history = await prisma.userSession.findMany({ select, orderBy: { id: 'asc' } })
      expect(history).toEqual(historyLeft.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
      const left = await prisma.session.findMany({ orderBy: { id: 'asc' } })
      expect(left.map(({ id }) => id)).toEqual(sessionsLeft.toSorted())
      expect(counts).toEqual({
        sessions: before.filter(({ session }) => session !== undefined).length - sessionsLeft.length,
        userSessions: before.filter(({ userSession }) => userSession !== undefined).length - historyLeft.length,
      })
    })
    await assert(property, { numRuns: 60 })
  })
})

function counting({ prisma }: Database) {
  let statements = 0
  const db = prisma.$extends({
    query: {
      $allOperations({ args, query }) {
        statements++
        return query(args)
      },
    },
  })
  return { db, sent: () => statements }
}
