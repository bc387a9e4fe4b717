import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { connect, type PrismaClient } from '../../scripts/databases.ts'
import {
  createPolicy,
  DatabaseError,
  generateSessionKey,
  hashSessionKey,
  InvalidInputError,
  revokeSession,
  rotateSessionKey,
  sessionTracking,
  touchActivity,
  trackSession,
  type CallOptions,
} from '../../src/index.ts'
import { after, locate, now, start } from './every-verb.ts'
import { openDatabase, type Database } from './open-database.ts'

describe('touches that come together', () => {
  it('of one session that is not due read it once', async () => {
    const { prisma, keys } = await signedIn(1)
    const { db, statements } = watch(prisma)
    const rows = await touchAll(
      db,
      times(100, () => keys[0]!),
      { now: after(59) },
    )
    expect(statements).toEqual(['findMany'])
    expect(rows).toEqual(rows.map(() => expect.objectContaining({ lastActivity: start })))
  })

  it('of one session that is due read it once and write it once', async () => {
    const { prisma, keys } = await signedIn(1)
    const { db, statements } = watch(prisma)
    const rows = await touchAll(
      db,
      times(100, () => keys[0]!),
    )
    expect(statements).toEqual(['findMany', 'updateMany'])
    expect(rows).toEqual(rows.map(() => expect.objectContaining({ lastActivity: now, expiresAt: after(1900) })))
    expect(await prisma.userSession.findMany()).toEqual([rows[0]])
  })

  it('of 100 sessions that are due read them once and write them once', async () => {
    const { prisma, keys } = await signedIn(100)
    const { db, statements } = watch(prisma)
    const rows = await touchAll(db, keys)
    expect(statements).toEqual(['findMany', 'updateMany'])
    expect(rows.map((row) => row?.sessionId)).toEqual(keys.map(hashSessionKey))
    const stored = await prisma.userSession.findMany({ where: { lastActivity: now, expiresAt: after(1900) } })
    expect(stored).toHaveLength(100)
  })

  it.each<[string, number, (client: any) => any]>([
    ['a client', 1, (client) => client],
    ['models passed by hand', 1, withoutClient],
    ['an extension that computes a field', 1, (client) => client.$extends({ result: { userSession: { computed } } })],
    ['an extension with a say in what is read', 10, (client) => client.$extends({ query: hooks })],
    ['a say in other models alone', 1, (client) => client.$extends({ query: { user: hooks } })],
    ['models of an extended client', 10, (client) => withoutClient(client.$extends({ query: hooks }))],
  ])('on %s take so many updates: %i', async (_, expected, extend) => {
    const { keys, ...database } = await signedIn(10)
    const { db, updates } = logged(database, extend)
    const rows = await Promise.all(keys.map((sessionKey) => touchActivity(db, { sessionKey }, { now })))
    expect(rows.map((row) => row?.sessionId)).toEqual(keys.map(hashSessionKey))
    expect(updates).toHaveLength(expected)
  })

  it.each<[string, number, (client: any) => any]>([
    ['of an extended client', 1, (client) => client.$extends(sessionTracking())],
    ['after a say in what is read', 10, (client) => client.$extends({ query: hooks }).$extends(sessionTracking())],
    ['before a say in what is read', 10, (client) => client.$extends(sessionTracking()).$extends({ query: hooks })],
  ])('as methods %s take so many updates: %i', async (_, expected, extend) => {
    const { keys, ...database } = await signedIn(10)
    const { db, updates } = logged(database, extend)
    const rows = await Promise.all(keys.map((sessionKey) => db.userSession.touch({ sessionKey }, { now })))
    expect(rows.map((row) => row?.sessionId)).toEqual(keys.map(hashSessionKey))
    expect(updates).toHaveLength(expected)
  })

  it('give each caller a row of its own', async () => {
    const { prisma, keys } = await signedIn(2)
    const [first, same, other] = await touchAll(prisma, [keys[0]!, keys[0]!, keys[1]!])
    expect(same).toEqual(first)
    Object.assign(first!, { city: 'changed' })
    expect(same).toMatchObject({ city: null })
    expect(other).toMatchObject({ city: null })
  })

  it('are answered truly, 1,000 of them', async () => {
    const { prisma, user, keys } = await signedIn(240)
    const kinds = ['due', 'throttled', 'ended', 'rotated', 'idle', 'endsSooner', 'atItsEnd', 'unknown'] as const
    const keysOf = Object.fromEntries(kinds.map((kind, index) => [kind, keys.slice(index * 30, index * 30 + 30)]))
    const keysOfKind = (kind: (typeof kinds)[number]): string[] => keysOf[kind]!
    const change = (kind: (typeof kinds)[number], data: object) =>
      prisma.userSession.updateMany({ where: { sessionId: { in: keysOfKind(kind).map(hashSessionKey) } }, data })
    await change('throttled', { lastActivity: after(60), expiresAt: after(1860) })
    for (const sessionKey of keysOfKind('ended')) await revokeSession(prisma, { sessionKey }, { now: after(10) })
    for (const sessionKey of keysOfKind('rotated')) {
      await rotateSessionKey(prisma, { sessionKey, newSessionKey: generateSessionKey() }, { now: after(10) })
    }
    await change('idle', { expiresAt: now })
    await prisma.session.updateMany({
      where: { id: { in: keysOfKind('endsSooner').map(hashSessionKey) } },
      data: { expiresAt: after(1850) },
    })
    await change('atItsEnd', { createdAt: after(100 - 12 * 3600 + 90), expiresAt: after(190) })
    await prisma.session.deleteMany({ where: { id: { in: keysOfKind('unknown').map(hashSessionKey) } } })

    const calls = times(1000, (index) => keys[(index * 7) % 240]!)
    const rows = await touchAll(prisma, calls)
    const expected: Record<(typeof kinds)[number], object | null> = {
      due: { lastActivity: now, expiresAt: after(1900), userId: user.id },
      throttled: { lastActivity: after(60), expiresAt: after(1860) },
      endsSooner: { lastActivity: now, expiresAt: after(1850) },
      atItsEnd: { lastActivity: now, expiresAt: after(190) },
      ended: null,
      rotated: null,
      idle: null,
      unknown: null,
    }
    const answers = rows.map((row, index) => ({ key: calls[index]!, row }))
    for (const kind of kinds) {
      const own = new Set(keysOfKind(kind))
      const given = answers.filter(({ key }) => own.has(key))
      expect(given.length).toBeGreaterThan(120)
      const wanted = given.map(({ key }) => {
        const values = expected[kind]
        return values && { ...values, sessionId: hashSessionKey(key) }
      })
      expect({ kind, rows: given.map(({ row }) => row) }).toMatchObject({ kind, rows: wanted })
    }
    const stored = new Map((await prisma.userSession.findMany()).map((row) => [row.sessionId, row]))
    const live = rows.filter((row) => row !== null)
    expect(live.map(({ sessionId }) => stored.get(sessionId))).toEqual(live)
    expect(await prisma.userSession.count({ where: { lastActivity: now } })).toBe(90)
  })

  it('refuse a session that is revoked between their reading and their writing, and no other', async () => {
    const { prisma, keys } = await signedIn(20)
    const revoked = keys[7]!
    const { db } = watch(prisma, { findMany: () => revokeSession(prisma, { sessionKey: revoked }, { now: after(50) }) })
    const rows = await touchAll(db, keys)
    expect(rows[7]).toBeNull()
    expect(rows.filter((row) => row?.lastActivity.getTime() === now.getTime())).toHaveLength(19)
    const ended = await prisma.userSession.findMany({ where: { sessionId: null } })
    expect(ended).toMatchObject([{ endReason: 'signed-out', endedAt: after(50), lastActivity: start }])
  })

  it('refuse a session that the application itself ends between their reading and their writing, and no other', async () => {
    const { prisma, keys } = await signedIn(20)
    const where = { sessionId: hashSessionKey(keys[3]!) }
    const { db } = watch(prisma, { findMany: () => prisma.userSession.update({ where, data: { endedAt: after(50) } }) })
    const rows = await touchAll(db, keys)
    expect(rows[3]).toBeNull()
    expect(rows.filter(Boolean)).toHaveLength(19)
    expect(await prisma.userSession.findUnique({ where })).toMatchObject({ lastActivity: start })
  })

  it('refuse a session that expires between their reading and their writing, and no other', async () => {
    const { prisma, keys } = await signedIn(20)
    const where = { sessionId: hashSessionKey(keys[3]!) }
    const { db } = watch(prisma, { findMany: () => prisma.userSession.update({ where, data: { expiresAt: now } }) })
    const rows = await touchAll(db, keys)
    expect(rows[3]).toBeNull()
    expect(rows.filter(Boolean)).toHaveLength(19)
    expect(await prisma.userSession.findUnique({ where })).toMatchObject({ lastActivity: start, expiresAt: now })
  })

  it('leave a session as it is that another process touches meanwhile', async () => {
    const { prisma, keys, driver, url } = await signedIn(20)
    const other = connect(driver, url)
    onTestFinished(() => other.$disconnect())
    const sessionKey = keys[3]!
    const { db, statements } = watch(prisma, {
      findMany: () => touchActivity(other, { sessionKey }, { now: after(101) }),
    })
    const rows = await touchAll(db, keys)
    expect(rows[3]).toMatchObject({ lastActivity: after(101), expiresAt: after(1901) })
    expect(await prisma.userSession.count({ where: { lastActivity: now } })).toBe(19)
    // Read again, once for all, since the statement says how many it wrote and not which.
    expect(statements).toEqual(['findMany', 'updateMany', 'findMany'])
  })

  it.each([
    [
      'are at ends of their own',
      (index: number) => ({ createdAt: after(index), expiresAt: after(index + 12 * 3600) }),
      {},
    ],
    ['have to end sooner by a new policy', () => ({}), { idleTimeoutSeconds: 900 }],
  ])('of 20 sessions that %s are written once', async (_, change, policy) => {
    const { prisma, ids, keys } = await signedIn(20)
    for (const [index, id] of ids.entries()) await prisma.userSession.update({ where: { id }, data: change(index) })
    const { db, statements } = watch(prisma)
    const options = { now, policy: { idleTimeoutSeconds: 12 * 3600, ...policy } }
    const rows = await touchAll(db, keys, options)
    expect(statements).toEqual(['findMany', 'updateMany'])
    expect(await prisma.userSession.findMany({ orderBy: { id: 'asc' } })).toEqual(
      rows.toSorted((one, other) => (one!.id < other!.id ? -1 : 1)),
    )
    expect(rows).toMatchObject(rows.map(() => ({ lastActivity: now })))
  })

  it('of a session that ends sooner than the policy says are written at the second try', async () => {
    const { prisma, keys } = await signedIn(1)
    await prisma.session.updateMany({ data: { expiresAt: after(150) } })
    const { db, statements } = watch(prisma)
    const rows = await touchAll(db, [keys[0]!, keys[0]!])
    expect(statements).toEqual(['findMany', 'updateMany', 'findMany', 'updateMany'])
    expect(rows).toMatchObject(times(2, () => ({ lastActivity: now, expiresAt: after(150) })))
  })

  it('of several times and policies are each judged and written by their own', async () => {
    const { prisma, keys } = await signedIn(4)
    const short = createPolicy({ idleTimeoutSeconds: 90 })
    const strict = createPolicy({ idleTimeoutSeconds: 110 })
    const options: CallOptions[] = [{ now }, { now, policy: short }, { now, policy: strict }, { now: after(200) }]
    const calls = options.map((given, index) => touchActivity(prisma, { sessionKey: keys[index]! }, given))
    expect(await Promise.all(calls)).toMatchObject([
      { lastActivity: now, expiresAt: after(1900) },
      null,
      { lastActivity: now, expiresAt: after(210) },
      { lastActivity: after(200), expiresAt: after(2000) },
    ])
  })

  it('of one session at several times leave it at the last one', async () => {
    const { prisma, keys } = await signedIn(1)
    const sessionKey = keys[0]!
    for (let round = 1; round <= 10; round++) {
      const seconds = [3, 1, 0, 2].map((offset) => round * 100 + offset)
      const calls = seconds.map((second) => touchActivity(prisma, { sessionKey }, { now: after(second) }))
      for (const row of await Promise.all(calls)) expect(row!.lastActivity >= after(round * 100)).toBe(true)
      const { lastActivity } = await prisma.userSession.findFirstOrThrow()
      expect(lastActivity >= after(round * 100)).toBe(true)
      expect(lastActivity <= after(round * 100 + 3)).toBe(true)
    }
  })

  it('refuse wrong input for its caller alone', async () => {
    const { prisma, keys } = await signedIn(5)
    const inputs = [...keys.map((sessionKey) => ({ sessionKey })), { sessionKey: '' }, { sessionKey: 7 as never }]
    const outcomes = await Promise.allSettled(inputs.map((input) => touchActivity(prisma, input, { now })))
    expect(outcomes.map(({ status }) => status)).toEqual([...times(5, () => 'fulfilled'), 'rejected', 'rejected'])
    expect(outcomes.slice(5)).toMatchObject(times(2, () => ({ reason: expect.any(InvalidInputError) })))
  })

  it('are each told of a database that fails, by an error of its own', async () => {
    const { prisma, keys, execute } = await signedIn(5)
    await execute('DROP TABLE "UserSession";')
    const outcomes = await Promise.allSettled(keys.map((sessionKey) => touchActivity(prisma, { sessionKey }, { now })))
    const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason)
    expect(errors).toMatchObject(times(5, () => ({ name: 'DatabaseError', code: 'ERR_DATABASE' })))
    expect(errors.every((error) => error instanceof DatabaseError)).toBe(true)
    expect(new Set(errors).size).toBe(5)
  })

  it('do not fail with one whose row the database refuses to write', async () => {
    const { prisma, keys, ids, execute } = await signedIn(20)
    await execute(refuseToWrite(ids[5]!))
    const outcomes = await Promise.allSettled(keys.map((sessionKey) => touchActivity(prisma, { sessionKey }, { now })))
    const failed = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null))
    expect(failed.flatMap((error, index) => (error ? [index] : []))).toEqual([5])
    expect(failed[5]).toMatchObject({ name: 'DatabaseError' })
    expect(await prisma.userSession.count({ where: { lastActivity: now } })).toBe(19)
  })

  it('share statements within a transaction, and are taken back with it', async () => {
    const { prisma, keys } = await signedIn(20)
    const rollBack = new Error('roll back')
    const transaction = prisma.$transaction(async (tx) => {
      const { db, statements } = watch(tx as PrismaClient)
      expect(await touchAll(db, keys)).toMatchObject(times(20, () => ({ lastActivity: now })))
      expect(statements).toEqual(['findMany', 'updateMany'])
      throw rollBack
    })
    await expect(transaction).rejects.toBe(rollBack)
    expect(await prisma.userSession.count({ where: { lastActivity: now } })).toBe(0)
  })

  it('ask for themselves where an extension has a say in what they read', async () => {
    const { prisma, keys } = await signedIn(2)
    const visible = new AsyncLocalStorage<string>()
    const statements: string[] = []
    const db = prisma.$extends({
      query: {
        userSession: {
          async $allOperations({ operation, args, query }) {
            statements.push(operation)
            const { where, ...rest } = args as { where: object }
            return query({ ...rest, where: { AND: [where, { sessionId: visible.getStore()! }], ...where } })
          },
        },
      },
    })
    const [first, second] = keys.map(hashSessionKey) as [string, string]
    const touch = (tenant: string, sessionKey: string) =>
      visible.run(tenant, () => touchActivity(db, { sessionKey }, { now: after(1) }))
    const answers = await Promise.all([touch(first, keys[0]!), touch(second, keys[1]!), touch(second, keys[0]!)])
    expect(answers).toMatchObject([{ sessionId: first }, { sessionId: second }, null])
    expect(statements).toEqual(['findMany', 'findMany', 'findMany'])
  })

  it('need no clock that runs', async () => {
    const { prisma, keys } = await signedIn(2)
    vi.useFakeTimers({ now: after(100) })
    onTestFinished(() => void vi.useRealTimers())
    const rows = await touchAll(prisma, keys, {})
    expect(rows).toMatchObject(times(2, () => ({ lastActivity: after(100) })))
  })
})

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

const touchAll = (db: PrismaClient, keys: readonly string[], options: CallOptions = { now }) =>
  Promise.all(keys.map((sessionKey) => touchActivity(db, { sessionKey }, options)))

/** A user with so many sessions. */
async function signedIn(count: number) {
  const database = await openDatabase()
  const keys = times(count, generateSessionKey)
  const ids: string[] = []
  for (const sessionKey of keys) {
    const { id } = await trackSession(database.prisma, { userId: database.user.id, sessionKey }, { now: start, locate })
    ids.push(id)
  }
  return { ...database, keys, ids }
}

const hooks = { $allOperations: ({ args, query }: any) => query(args) }
const computed = { needs: { id: true }, compute: ({ id }: { id: string }) => id.length }
const withoutClient = ({ session, userSession }: PrismaClient) => ({ session, userSession })

/**
 * A client of its own that tells of the updates that reach the database, whatever becomes of it by extensions. Reads say less:
 * Prisma itself makes one statement of several.
 */
function logged({ driver, url }: Pick<Database, 'driver' | 'url'>, extend: (client: PrismaClient) => any) {
  const client = connect(driver, url, [{ emit: 'event', level: 'query' }])
  onTestFinished(() => client.$disconnect())
  const updates: string[] = []
  client.$on('query' as never, ({ query }: { query: string }) => {
    if (query.startsWith('UPDATE')) updates.push(query)
  })
  return { db: extend(client), updates }
}

/**
 * A client that tells of its statements on `userSession`, and does something after the first of a kind: not by an extension,
 * with which each call would have statements of its own.
 */
function watch(prisma: PrismaClient, afterwards: Partial<Record<string, () => Promise<unknown>>> = {}) {
  const statements: string[] = []
  const userSession = new Proxy(prisma.userSession, {
    get(model, name) {
      const method: unknown = Reflect.get(model, name)
      if (typeof name !== 'string' || typeof method !== 'function') return method
      return (args: unknown) => {
        statements.push(name)
        const statement: Promise<unknown> = method.call(model, args)
        const afterStatement = afterwards[name]
        delete afterwards[name]
        return afterStatement ? statement.finally(afterStatement) : statement
      }
    },
  })
  const db = new Proxy(prisma, {
    get: (client, name) => (name === 'userSession' ? userSession : Reflect.get(client, name)),
  })
  return { db, statements }
}

/** A statement by which the database refuses every update of a row from then on. */
function refuseToWrite(id: string): string {
  const trigger = 'CREATE TRIGGER "refuse" BEFORE UPDATE ON "UserSession"'
  if (inject('driver') === 'postgresql') {
    const body = `BEGIN IF NEW."id" = '${id}' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END`
    return [
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS '${body.replaceAll("'", "''")}';`,
      `${trigger} FOR EACH ROW EXECUTE FUNCTION refuse();`,
    ].join('\n')
  }
  if (inject('driver') === 'mysql') {
    return `${trigger} FOR EACH ROW IF NEW."id" = '${id}' THEN SIGNAL SQLSTATE '45000'; END IF`
  }
  return `${trigger} WHEN NEW."id" = '${id}' BEGIN SELECT RAISE(ABORT, 'no'); END`
}
