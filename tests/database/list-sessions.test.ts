import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  generateSessionKey,
  hashSessionKey,
  InvalidInputError,
  InvalidPolicyError,
  listSessions,
  revokeSession,
  rotateSessionKey,
  touchActivity,
  trackSession,
  type ListSessionsOptions,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const base64url = (text: string): string => Buffer.from(text).toString('base64url')
const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

describe('a list', () => {
  it('has the whole row but its sessionId, and isCurrent', async () => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey(), userAgent: 'curl/8.5.0', ipAddress: '10.0.0.1' }
    const { sessionId: _, ...row } = await trackSession(prisma, input, { now: start })
    expect(await listSessions(prisma, { userId: user.id }, { now: start })).toStrictEqual({
      items: [{ ...row, isCurrent: false }],
      nextCursor: null,
    })
  })

  it("has the user's own sessions alone", async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const third = await prisma.user.create({ data: { email: 'third@example.com' } })
    const own = await signIn(prisma, user.id, 2)
    const others = await signIn(prisma, other.id, 3)
    const list = async (userId: number) => ids((await listSessions(prisma, { userId }, { now: start })).items)
    expect(new Set(await list(user.id))).toEqual(new Set(ids(own)))
    expect(new Set(await list(other.id))).toEqual(new Set(ids(others)))
    expect(await list(third.id)).toEqual([])
    expect(await list(999)).toEqual([])
  })

  it('is newest sign-in first, however the sessions are used', async () => {
    const { prisma, user } = await openDatabase()
    const rows = await signIn(prisma, user.id, 5, (index) => after([30, 10, 50, 20, 40][index]!))
    await touchActivity(prisma, { sessionKey: rows[1]!.sessionKey }, { now: after(600) })
    const { items } = await listSessions(prisma, { userId: user.id }, { now: after(600) })
    expect(items.map(({ createdAt }) => createdAt)).toEqual([50, 40, 30, 20, 10].map(after))
    expect(items[4]).toMatchObject({ id: rows[1]!.id, lastActivity: after(600) })
  })

  it('has sign-ins of the same time in the order of their ids, the last first', async () => {
    const { prisma, user } = await openDatabase()
    const rows = await signIn(prisma, user.id, 20)
    const { items } = await listSessions(prisma, { userId: user.id }, { now: start })
    expect(ids(items)).toEqual(ids(rows).toSorted().toReversed())
  })

  it('has a session until it expires', async () => {
    const { prisma, user } = await openDatabase()
    const [row] = await signIn(prisma, user.id, 1)
    const count = async (seconds: number) =>
      (await listSessions(prisma, { userId: user.id }, { now: after(seconds) })).items.length
    expect(await Promise.all([0, 1799.999, 1800, 1800.001].map(count))).toEqual([1, 1, 0, 0])
    await touchActivity(prisma, { sessionKey: row!.sessionKey }, { now: after(1000) })
    expect(await Promise.all([1800.001, 2799.999, 2800].map(count))).toEqual([1, 1, 0])
  })

  it('has a session until its absolute end', async () => {
    const { prisma, user } = await openDatabase()
    const policy = { idleTimeoutSeconds: 1800, absoluteTimeoutSeconds: 3600 }
    await trackSession(prisma, { userId: user.id, sessionKey: 'key' }, { now: start, policy })
    for (const seconds of [1700, 3400]) {
      await touchActivity(prisma, { sessionKey: 'key' }, { now: after(seconds), policy })
    }
    const count = async (seconds: number) =>
      (await listSessions(prisma, { userId: user.id }, { now: after(seconds), policy })).items.length
    expect(await Promise.all([3599.999, 3600, 3600.001].map(count))).toEqual([1, 0, 0])
  })

  it.each([
    [{ idleTimeoutSeconds: 600 }, [1599.999, 1600, 1600.001]],
    [{ idleTimeoutSeconds: 1200, absoluteTimeoutSeconds: 1500 }, [1499.999, 1500, 1500.001]],
  ])('goes by a policy that has become stricter: %o', async (policy, times) => {
    const { prisma, user } = await openDatabase()
    const [row] = await signIn(prisma, user.id, 1)
    await touchActivity(prisma, { sessionKey: row!.sessionKey }, { now: after(1000) })
    const count = async (seconds: number) =>
      (await listSessions(prisma, { userId: user.id }, { now: after(seconds), policy })).items.length
    expect(await Promise.all(times.map(count))).toEqual([1, 0, 0])
    expect((await listSessions(prisma, { userId: user.id }, { now: after(1600.001) })).items).toHaveLength(1)
  })

  it('goes by what is stored when the policy has become laxer', async () => {
    const { prisma, user } = await openDatabase()
    await signIn(prisma, user.id, 1)
    const policy = { idleTimeoutSeconds: 7200 }
    expect((await listSessions(prisma, { userId: user.id }, { now: after(1799.999), policy })).items).toHaveLength(1)
    expect((await listSessions(prisma, { userId: user.id }, { now: after(1800), policy })).items).toEqual([])
  })

  it('has no session that has ended, and none that was rotated away', async () => {
    const { prisma, user } = await openDatabase()
    const rows = await signIn(prisma, user.id, 5)
    const [kept, revoked, signedOut, deleted, rotated] = rows as [Row, Row, Row, Row, Row]
    await revokeSession(prisma, { userId: user.id, id: revoked.id }, { now: start })
    await revokeSession(prisma, { sessionKey: signedOut.sessionKey }, { now: start })
    await prisma.session.delete({ where: { id: hashSessionKey(deleted.sessionKey) } })
    await rotateSessionKey(prisma, { sessionKey: rotated.sessionKey, newSessionKey: 'new' }, { now: after(1) })
    expect(await prisma.userSession.count()).toBe(6)
    const { items } = await listSessions(prisma, { userId: user.id }, { now: after(1), current: 'new' })
    expect(new Set(items.map(({ id, isCurrent }) => `${id} ${isCurrent}`))).toEqual(
      new Set([`${kept.id} false`, `${rotated.id} true`]),
    )
  })

  it('changes nothing', async () => {
    const { prisma, user } = await openDatabase()
    await signIn(prisma, user.id, 3)
    const before = await everything(prisma)
    await listSessions(prisma, { userId: user.id }, { now: after(900), limit: 2, current: 'key' })
    expect(await everything(prisma)).toEqual(before)
  })

  it('carries no key, no hash and no property sessionId', async () => {
    const { prisma, user } = await openDatabase()
    const rows = await signIn(prisma, user.id, 3)
    await rotateSessionKey(prisma, { sessionKey: rows[2]!.sessionKey, newSessionKey: 'a-new-key' }, { now: start })
    const keys = [...rows.map(({ sessionKey }) => sessionKey), 'a-new-key']
    const options = { now: start, limit: 2, current: keys[0]! }
    const first = await listSessions(prisma, { userId: user.id }, options)
    const second = await listSessions(prisma, { userId: user.id }, { ...options, cursor: first.nextCursor })
    const items = [...first.items, ...second.items]
    expect(items).toHaveLength(3)
    expect(items.filter((item) => 'sessionId' in item)).toEqual([])
    const text = JSON.stringify([first, second]) + Buffer.from(first.nextCursor!, 'base64url').toString()
    for (const secret of [...keys, ...keys.map(hashSessionKey), 'sessionId']) expect(text).not.toContain(secret)
    expect(text).toContain(rows[0]!.id)
  })

  it("has an extended client's computed fields", async () => {
    const { prisma, user } = await openDatabase()
    const extended = prisma.$extends({
      result: { userSession: { title: { needs: { browserInfo: true }, compute: (row) => `on ${row.browserInfo}` } } },
    })
    await trackSession(prisma, { userId: user.id, sessionKey: 'key', userAgent: 'curl/8.5.0' }, { now: start })
    const { items } = await listSessions(extended, { userId: user.id }, { now: start, current: 'key' })
    expect(items.map(({ title, isCurrent }) => [title, isCurrent])).toEqual([['on curl 8', true]])
    expect(Object.keys(items[0]!)).not.toContain('sessionId')
  })
})

describe('isCurrent', () => {
  it.each<[string, (row: Row) => string]>([
    ['session key', ({ sessionKey }) => sessionKey],
    ['sessionId', ({ sessionKey }) => hashSessionKey(sessionKey)],
    ['public id', ({ id }) => id],
  ])('is true for the session with that %s alone', async (_, current) => {
    const { prisma, user } = await openDatabase()
    const rows = await signIn(prisma, user.id, 3)
    const { items } = await listSessions(prisma, { userId: user.id }, { now: start, current: current(rows[1]!) })
    expect(items).toHaveLength(3)
    expect(ids(items.filter(({ isCurrent }) => isCurrent))).toEqual([rows[1]!.id])
  })

  it('is true for the sessionId of another library', async () => {
    const { prisma, user } = await openDatabase()
    await signIn(prisma, user.id, 1)
    await prisma.session.create({ data: { id: 'theirs', createdAt: start, expiresAt: after(3600) } })
    const { id } = await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })
    const { items } = await listSessions(prisma, { userId: user.id }, { now: start, current: 'theirs' })
    expect(items).toHaveLength(2)
    expect(ids(items.filter(({ isCurrent }) => isCurrent))).toEqual([id])
  })

  it.each([undefined, 'unknown', 'null', 'undefined', 'k'.repeat(4096)])(
    'is false for any other: %.20o',
    async (current) => {
      const { prisma, user } = await openDatabase()
      await signIn(prisma, user.id, 2)
      const { items } = await listSessions(prisma, { userId: user.id }, { now: start, ...(current && { current }) })
      expect(items.map(({ isCurrent }) => isCurrent)).toEqual([false, false])
    },
  )

  it("is false for another user's key", async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    await signIn(prisma, user.id, 2)
    const [theirs] = await signIn(prisma, other.id, 1)
    const options = { now: start, current: theirs!.sessionKey }
    const { items } = await listSessions(prisma, { userId: user.id }, options)
    expect(items.map(({ isCurrent }) => isCurrent)).toEqual([false, false])
  })
})

describe('a page', () => {
  it('has 50 sessions by default, and as many as the limit says', async () => {
    const { prisma, user } = await openDatabase()
    await insert(prisma, user.id, 201)
    const list = (limit?: number) =>
      listSessions(prisma, { userId: user.id }, { now: start, ...(limit === undefined ? {} : { limit }) })
    for (const [limit, count] of [
      [undefined, 50],
      [1, 1],
      [50, 50],
      [200, 200],
    ] as const) {
      const { items, nextCursor } = await list(limit)
      expect(items).toHaveLength(count)
      expect(nextCursor).toEqual(expect.any(String))
    }
  })

  it.each([
    [0, 2, [0]],
    [1, 2, [1]],
    [2, 2, [2]],
    [3, 2, [2, 1]],
    [4, 2, [2, 2]],
    [5, 5, [5]],
    [50, undefined, [50]],
    [51, undefined, [50, 1]],
  ])('of %d sessions by %o: sizes %o, the last without a cursor', async (count, limit, sizes) => {
    const { prisma, user } = await openDatabase()
    await insert(prisma, user.id, count)
    const pages = await walk(prisma, user.id, limit)
    expect(pages.map(({ items }) => items.length)).toEqual(sizes)
    expect(pages.at(-1)!.nextCursor).toBeNull()
  })

  it('follows the one before, by any limits and dates', async () => {
    const { prisma } = await openDatabase()
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 15 }),
      fc.integer({ min: 1, max: 6 }),
      async (seconds, limit) => {
        const { id: userId } = await prisma.user.create({ data: { email: generateSessionKey() } })
        await insert(prisma, userId, seconds.length, (index) => after(seconds[index]!))
        const newestFirst = await prisma.userSession.findMany({ where: { userId } })
        newestFirst.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1))
        const pages = await walk(prisma, userId, limit)
        expect(pages).toHaveLength(Math.max(1, Math.ceil(seconds.length / limit)))
        expect(pages.flatMap(({ items }) => ids(items))).toEqual(ids(newestFirst))
      },
    )
    await fc.assert(property, { numRuns: 50 })
  })

  it('neither repeats nor leaves out a session while others are added, touched and ended', async () => {
    const { prisma, user } = await openDatabase()
    // Five at a time have the same date, so that pages of four begin and end among equals.
    const rows = await signIn(prisma, user.id, 20, (index) => after(Math.floor(index / 5)))
    const order = ids((await listSessions(prisma, { userId: user.id }, { now: after(600) })).items)
    const keyOf = (id: string) => rows.find((row) => row.id === id)!.sessionKey
    const added: string[] = []
    const visited: string[] = []
    const ended: string[] = []
    let cursor: string | null = null
    do {
      const options: ListSessionsOptions = { now: after(600), limit: 4, cursor }
      const page = await listSessions(prisma, { userId: user.id }, options)
      visited.push(...ids(page.items))
      cursor = page.nextCursor
      const unvisited = order.filter((id) => !visited.includes(id) && !ended.includes(id))

      // The last one that was visited, to which the cursor points, and one that was not.
      for (const id of [visited.at(-1)!, ...unvisited.slice(1, 2)]) {
        expect(await revokeSession(prisma, { userId: user.id, id }, { now: after(600) })).toBe(true)
        ended.push(id)
      }
      for (const id of [visited.at(-2)!, ...unvisited.slice(2)].filter((listed) => !ended.includes(listed))) {
        expect(await touchActivity(prisma, { sessionKey: keyOf(id) }, { now: after(600) })).not.toBeNull()
      }
      added.push(...ids(await signIn(prisma, user.id, 2, () => after(600))))
    } while (cursor !== null)

    const endedBefore = ended.filter((id) => !visited.includes(id))
    expect(endedBefore.length).toBeGreaterThan(2)
    expect(visited).toEqual(order.filter((id) => !endedBefore.includes(id)))
    expect(visited.filter((id) => added.includes(id))).toEqual([])
  })

  it("is the user's own by the cursor of another user, too", async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const own = await signIn(prisma, user.id, 2)
    await signIn(prisma, other.id, 2, () => after(60))
    const { nextCursor } = await listSessions(prisma, { userId: other.id }, { now: after(60), limit: 1 })
    const options = { now: after(60), cursor: nextCursor }
    const { items } = await listSessions(prisma, { userId: user.id }, options)
    expect(new Set(ids(items))).toEqual(new Set(ids(own)))
  })

  it.each([null, undefined])('is the first one by the cursor %o', async (cursor) => {
    const { prisma, user } = await openDatabase()
    await signIn(prisma, user.id, 2)
    const { items } = await listSessions(prisma, { userId: user.id }, { now: start, cursor })
    expect(items).toHaveLength(2)
  })
})

describe('what the program passes wrong is refused before any statement', () => {
  it.each<[unknown, string]>([
    ...[1.5, '', Number.NaN, Infinity, 2 ** 31, '1', {}, [], { not: 0 }, { gt: 0 }, { in: [1] }, null, true, 1n].map(
      (userId): [unknown, string] => [{ userId }, 'userId'],
    ),
    [{ userId: undefined }, 'userId'],
    [{}, 'userId'],
    [{ userId: 1, limit: 5 }, 'input'],
    [undefined, 'input'],
    [null, 'input'],
    [1, 'input'],
    [[], 'input'],
  ])('input: %o', async (input, field) => {
    const { client, statements } = await counted()
    const call = listSessions(client, input as never, { now: start })
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field })
    expect(statements).toEqual([])
  })

  it.each<[unknown, string]>([
    ...[0, 201, 1.5, Number.NaN, Infinity, '10', -1, null, {}, 1n].map((limit): [unknown, string] => [
      { limit },
      'limit',
    ]),
    ...['', ' ', 'garbage', '0', 5, {}, [], new Date(0), 'A'.repeat(513), 'A'.repeat(1_000_000)].map(
      (cursor): [unknown, string] => [{ cursor }, 'cursor'],
    ),
    ...['1767600000000', '1767600000000.', '.abc', '-1.abc', '1e3.abc', '999999999999999.abc', '1.a\0b', '1.  '].map(
      (text): [unknown, string] => [{ cursor: base64url(text) }, 'cursor'],
    ),
    ...['', ' ', 'k'.repeat(4097), 'a\0b', '\ud800', 5, null, {}].map((current): [unknown, string] => [
      { current },
      'current',
    ]),
    ...[null, start.getTime(), new Date(Number.NaN), new Date(-1)].map((now): [unknown, string] => [{ now }, 'now']),
    [{ offset: 5 }, 'options'],
    [null, 'options'],
    ['options', 'options'],
    [[], 'options'],
  ])('options: %.80o', async (options, field) => {
    const { client, statements, user } = await counted()
    const call = listSessions(client, { userId: user.id }, options as never)
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field })
    expect(statements).toEqual([])
  })

  it('options: a cursor that was tampered with', async () => {
    const { prisma, client, statements, user } = await counted()
    await signIn(prisma, user.id, 2)
    const { nextCursor } = await listSessions(prisma, { userId: user.id }, { now: start, limit: 1 })
    const cursor = nextCursor!
    for (const tampered of [`!${cursor.slice(1)}`, `x${cursor}`, cursor.slice(2), cursor.toUpperCase()]) {
      const call = listSessions(client, { userId: user.id }, { now: start, cursor: tampered })
      await expect(call).rejects.toThrow(expect.objectContaining({ name: 'InvalidInputError', field: 'cursor' }))
    }
    expect(statements).toEqual([])
    await expect(listSessions(client, { userId: user.id }, { now: start, cursor })).resolves.toMatchObject({
      items: [{ id: expect.any(String) }, { id: expect.any(String) }],
      nextCursor: null,
    })
  })

  it.each<[unknown, string]>([
    [null, 'policy'],
    [{ idle: 1 }, 'policy'],
    [{ idleTimeoutSeconds: 0 }, 'idleTimeoutSeconds'],
  ])('policy: %o', async (policy, field) => {
    const { client, statements, user } = await counted()
    const call = listSessions(client, { userId: user.id }, { now: start, policy: policy as never })
    await expect(call).rejects.toThrow(InvalidPolicyError)
    await expect(call).rejects.toMatchObject({ field })
    expect(statements).toEqual([])
  })

  it.each([null, undefined, {}, { $connect() {} }, { session: {} }])('db: %o', async (db) => {
    const call = listSessions(db as never, { userId: 1 } as never, { now: start })
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field: 'db' })
  })
})

type Row = Awaited<ReturnType<typeof signIn>>[number]

/** So many live sessions of a user, each with its key. */
async function signIn(prisma: Database['prisma'], userId: number, count: number, when = (_index: number) => start) {
  const rows = []
  for (let index = 0; index < count; index++) {
    const sessionKey = generateSessionKey()
    const { id } = await trackSession(prisma, { userId, sessionKey }, { now: when(index) })
    rows.push({ id, sessionKey })
  }
  return rows
}

/** The same in two statements, without their keys. */
async function insert(prisma: Database['prisma'], userId: number, count: number, when = (_index: number) => start) {
  const sessions = Array.from({ length: count }, (_, index) => ({
    id: hashSessionKey(generateSessionKey()),
    createdAt: when(index),
    expiresAt: after(43_200),
  }))
  const userSessions = sessions.map(({ id, createdAt }) => ({
    id: id.slice(32),
    userId,
    sessionId: id,
    createdAt,
    lastActivity: createdAt,
    expiresAt: after(1800),
  }))
  await prisma.session.createMany({ data: sessions })
  await prisma.userSession.createMany({ data: userSessions })
}

/** Every page, one after the other. */
async function walk(prisma: Database['prisma'], userId: number, limit: number | undefined) {
  const pages = [await listSessions(prisma, { userId }, { now: after(60), limit })]
  for (let { nextCursor } = pages[0]!; nextCursor !== null; nextCursor = pages.at(-1)!.nextCursor) {
    pages.push(await listSessions(prisma, { userId }, { now: after(60), limit, cursor: nextCursor }))
  }
  return pages
}

async function everything({ session, userSession }: Database['prisma']): Promise<unknown> {
  const orderBy = { id: 'asc' } as const
  return [await session.findMany({ orderBy }), await userSession.findMany({ orderBy })]
}

/** A database with a live session, and a client that notes each statement it sends. */
async function counted() {
  const database = await openDatabase()
  const statements: string[] = []
  const client = database.prisma.$extends({
    query: {
      $allOperations({ operation, args, query }) {
        statements.push(operation)
        return query(args)
      },
    },
  })
  await signIn(database.prisma, database.user.id, 1)
  await listSessions(client, { userId: database.user.id }, { now: start })
  expect(statements).toEqual(['findMany'])
  statements.length = 0
  return { ...database, client, statements }
}
