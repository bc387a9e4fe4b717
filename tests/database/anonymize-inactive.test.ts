import { asyncProperty, assert, array, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  anonymizeInactive,
  createPolicy,
  generateSessionKey,
  InvalidInputError,
  InvalidPolicyError,
  listSessions,
  revokeSession,
  touchActivity,
  trackSession,
  type AnonymizeInput,
  type BatchOptions,
  type Policy,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const locate = async () => ({ city: 'Oslo', country: 'NO' })
const ipAddressKey = 'thirty-two characters of the test'
const hashed = createPolicy({ ipAddress: 'hashed', ipAddressKey })

async function signIn({ prisma, user }: Database, ipAddress: string, { now = start, policy = {} } = {}) {
  const sessionKey = generateSessionKey()
  const input = { userId: user.id, sessionKey, ipAddress, userAgent: 'curl/8.5.0' }
  return { sessionKey, row: await trackSession(prisma, input, { now, policy, locate }) }
}

const addresses = async ({ prisma }: Database): Promise<(string | null)[]> => {
  const rows = await prisma.userSession.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
  return rows.map(({ ipAddress }) => ipAddress)
}

describe("a policy's ipAddress", () => {
  it.each<[Partial<Policy>, string | null, string | null]>([
    [{}, '203.0.113.7', '2001:db8:85a3::8a2e:370:7334'],
    [{ ipAddress: 'full' }, '203.0.113.7', '2001:db8:85a3::8a2e:370:7334'],
    [{ ipAddress: 'truncated' }, '203.0.113.0', '2001:db8:85a3::'],
    [{ ipAddress: 'none' }, null, null],
  ])('%o is what a sign-in stores, and no more', async (policy, ipv4, ipv6) => {
    const database = await openDatabase()
    const first = await signIn(database, '::ffff:203.0.113.7', { policy })
    await signIn(database, '[2001:DB8:85a3::8a2e:370:7334]:443', { now: after(1), policy })
    expect(first.row.ipAddress).toBe(ipv4)
    expect(await addresses(database)).toEqual([ipv4, ipv6])
  })

  it('hashed stores the same for the same address, however that is written, and nothing of the address', async () => {
    const database = await openDatabase()
    for (const [index, text] of ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.8', 'localhost'].entries()) {
      await signIn(database, text, { now: after(index), policy: hashed })
    }
    const [first, second, third, none] = await addresses(database)
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect([second, none]).toEqual([first, null])
    expect(third).not.toBe(first)
  })

  it.each(['truncated', 'hashed', 'none'] as const)(
    '%s is applied after the place is found from the whole',
    async (ipAddress) => {
      const { prisma, user } = await openDatabase()
      const find = vi.fn<typeof locate>(locate)
      const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress: '203.0.113.7' }
      const row = await trackSession(prisma, input, {
        now: start,
        policy: { ipAddress, ipAddressKey },
        locate: find,
      })
      expect(find.mock.calls).toEqual([['203.0.113.7', {}]])
      expect(row).toMatchObject({ city: 'Oslo', country: 'NO' })
    },
  )

  it('does not reach the rows that are there', async () => {
    const database = await openDatabase()
    const { sessionKey } = await signIn(database, '203.0.113.7')
    const policy = { ipAddress: 'none' } as const
    await touchActivity(database.prisma, { sessionKey }, { now: after(600), policy })
    expect(await addresses(database)).toEqual(['203.0.113.7'])
  })
})

describe('anonymizeInactive', () => {
  it.each<[AnonymizeInput['ipAddress'], (string | null)[]]>([
    [undefined, ['203.0.113.0', '2001:db8:85a3::']],
    ['truncated', ['203.0.113.0', '2001:db8:85a3::']],
    ['none', [null, null]],
  ])('keeps %s of the addresses of sessions that were not used for so long', async (ipAddress, left) => {
    const database = await openDatabase()
    await signIn(database, '203.0.113.7')
    await signIn(database, '2001:db8:85a3::1', { now: after(1) })
    await signIn(database, '198.51.100.7', { now: after(1000) })
    const input = { olderThanSeconds: 600, ipAddress }
    expect(await anonymizeInactive(database.prisma, input, { now: after(1600) })).toBe(2)
    expect(await addresses(database)).toEqual([...left, '198.51.100.7'])
    expect(await anonymizeInactive(database.prisma, input, { now: after(1600) })).toBe(0)
  })

  it('goes by the last activity, to the millisecond', async () => {
    const database = await openDatabase()
    const { sessionKey } = await signIn(database, '203.0.113.7')
    await touchActivity(database.prisma, { sessionKey }, { now: after(300) })
    expect(await anonymizeInactive(database.prisma, { olderThanSeconds: 100 }, { now: after(400) })).toBe(0)
    expect(await anonymizeInactive(database.prisma, { olderThanSeconds: 100 }, { now: after(400.001) })).toBe(1)
  })

  it('takes live, expired and ended sessions, and changes nothing else of them', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const policy = { idleTimeoutSeconds: 40_000 }
    const live = await signIn(database, '203.0.113.1', { policy })
    await signIn(database, '203.0.113.2', { now: after(1) })
    const ended = await signIn(database, '203.0.113.3', { now: after(2) })
    await revokeSession(prisma, { sessionKey: ended.sessionKey }, { now: after(3) })
    const order = { orderBy: { id: 'asc' as const } }
    const before = await prisma.userSession.findMany(order)
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 7200 }, { now: after(30_000) })).toBe(3)
    for (const row of before) row.ipAddress = '203.0.113.0'
    expect(await prisma.userSession.findMany(order)).toEqual(before)
    const options = { now: after(30_000), policy }
    expect(await touchActivity(prisma, { sessionKey: live.sessionKey }, options)).toMatchObject({ city: 'Oslo' })
    const { items } = await listSessions(prisma, { userId: database.user.id }, options)
    expect(items.map(({ ipAddress }) => ipAddress)).toEqual(['203.0.113.0'])
  })

  it('hashes with the key of the policy, and neither hashes nor truncates a hash', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const { row } = await signIn(database, '203.0.113.7', { policy: hashed })
    await signIn(database, '203.0.113.7', { now: after(1) })
    const options = { now: after(1000), policy: hashed }
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600, ipAddress: 'hashed' }, options)).toBe(1)
    expect(await addresses(database)).toEqual([row.ipAddress, row.ipAddress])
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600 }, options)).toBe(0)
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600, ipAddress: 'none' }, options)).toBe(2)
    expect(await addresses(database)).toEqual([null, null])
  })

  it('hashes a network like the address that it reads as', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const { row } = await signIn(database, '203.0.113.0', { policy: hashed })
    await signIn(database, '203.0.113.7', { now: after(1), policy: { ipAddress: 'truncated' } })
    const options = { now: after(1000), policy: hashed }
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600, ipAddress: 'hashed' }, options)).toBe(1)
    expect(await addresses(database)).toEqual([row.ipAddress, row.ipAddress])
  })

  it('leaves a session alone that is used or anonymised by another between its two statements', async () => {
    const database = await openDatabase()
    const { prisma } = database
    const { sessionKey } = await signIn(database, '203.0.113.7')
    const other = await signIn(database, '198.51.100.7', { now: after(1) })
    const racing = prisma.$extends({
      query: {
        userSession: {
          async findMany({ args, query }) {
            const rows = await query(args)
            if (args.select?.ipAddress === true) {
              await touchActivity(prisma, { sessionKey }, { now: after(1000) })
              await prisma.userSession.update({ where: { id: other.row.id }, data: { ipAddress: null } })
            }
            return rows
          },
        },
      },
    })
    expect(await anonymizeInactive(racing, { olderThanSeconds: 600 }, { now: after(1000) })).toBe(0)
    expect(await addresses(database)).toEqual(['203.0.113.7', null])
  })

  it('goes through the table in batches, says how far it is and ends when it is told to', async () => {
    const database = await openDatabase()
    const { prisma } = database
    for (let index = 0; index < 9; index++) await signIn(database, `203.0.113.${index}`, { now: after(index) })
    const progress: number[] = []
    const controller = new AbortController()
    const onProgress = (changed: number) => {
      progress.push(changed)
      if (progress.length === 2) controller.abort()
    }
    const options: BatchOptions<number> = { now: after(1000), batchSize: 2, onProgress, signal: controller.signal }
    const first = await anonymizeInactive(prisma, { olderThanSeconds: 600 }, options)
    expect([progress.length, progress.at(-1)]).toEqual([2, first])
    // The address that ends in zero is its network already.
    expect([3, 4]).toContain(first)
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600 }, { now: after(1000) })).toBe(8 - first)
    expect(new Set(await addresses(database))).toEqual(new Set(['203.0.113.0']))
    const unchanged: number[] = []
    const again = { now: after(1000), batchSize: 2, onProgress: (changed: number) => void unchanged.push(changed) }
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600 }, again)).toBe(0)
    expect(unchanged).toEqual([0, 0, 0, 0, 0])
    const aborted = { now: after(1000), signal: AbortSignal.abort() }
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600, ipAddress: 'none' }, aborted)).toBe(0)
  })

  it('has more rows of one address in a batch than a statement of SQLite has values', async () => {
    const database = await openDatabase()
    const { prisma, user } = database
    const row = (index: number) => ({
      id: `row-${index}`,
      userId: user.id,
      ipAddress: '203.0.113.7',
      createdAt: start,
      lastActivity: start,
      expiresAt: after(1800),
    })
    await prisma.userSession.createMany({ data: Array.from({ length: 1100 }, (_, index) => row(index)) })
    const options = { now: after(1000), batchSize: 10_000 }
    expect(await anonymizeInactive(prisma, { olderThanSeconds: 600 }, options)).toBe(1100)
    expect(new Set(await addresses(database))).toEqual(new Set(['203.0.113.0']))
  })

  it('several at once do each session once', async () => {
    const database = await openDatabase()
    for (let index = 1; index <= 30; index++) await signIn(database, `203.0.113.${index}`)
    const options = { now: after(1000), batchSize: 5 }
    const calls = [1, 2, 3, 4].map(() => anonymizeInactive(database.prisma, { olderThanSeconds: 600 }, options))
    const counts = await Promise.all(calls)
    expect(counts.reduce((sum, count) => sum + count)).toBe(30)
  })

  it('is part of the transaction of its caller', async () => {
    const database = await openDatabase()
    await signIn(database, '203.0.113.7')
    const rolledBack = database.prisma.$transaction(async (tx) => {
      expect(await anonymizeInactive(tx, { olderThanSeconds: 600 }, { now: after(1000) })).toBe(1)
      throw new Error('rolled back')
    })
    await expect(rolledBack).rejects.toThrow('rolled back')
    expect(await addresses(database)).toEqual(['203.0.113.7'])
  })

  it('leaves exactly what it should, whatever the sessions are', async () => {
    const session = record({
      ipAddress: constantFrom('203.0.113.7', '203.0.113.0', '2001:db8:1:2::3', 'localhost'),
      at: integer({ min: 0, max: 20 }),
      form: constantFrom('full' as const, 'truncated' as const, 'hashed' as const, 'none' as const),
    })
    const sessions = array(session, { maxLength: 12 })
    const property = asyncProperty(sessions, integer({ min: 1, max: 20 }), async (signIns, olderThanSeconds) => {
      const database = await openDatabase()
      for (const { ipAddress, at, form } of signIns) {
        await signIn(database, ipAddress, { now: after(at), policy: { ...hashed, ipAddress: form } })
      }
      const before = await database.prisma.userSession.findMany()
      const isDue = ({ lastActivity }: { lastActivity: Date }) => lastActivity < after(20 - olderThanSeconds)
      const isWhole = ({ ipAddress }: { ipAddress: string | null }) => /[.:](7|3)$/.test(ipAddress ?? '')
      const count = await anonymizeInactive(database.prisma, { olderThanSeconds }, { now: after(20), batchSize: 3 })
      expect(count).toBe(before.filter((row) => isDue(row) && isWhole(row)).length)
      const left = await database.prisma.userSession.findMany()
      expect(left.filter((row) => isDue(row) && isWhole(row))).toEqual([])
      expect(left.filter(isWhole)).toHaveLength(before.filter((row) => !isDue(row) && isWhole(row)).length)
    })
    await assert(property, { numRuns: 8 })
  })

  const century = 100 * 365 * 86_400
  it.each<[string, unknown, unknown]>([
    ['olderThanSeconds', {}, {}],
    ...[0, -1, Number.NaN, Infinity, century + 1, '60', null, undefined, new Date(), { gt: 1 }].map(
      (olderThanSeconds): [string, unknown, unknown] => ['olderThanSeconds', { olderThanSeconds }, {}],
    ),
    ...['full', '', 'TRUNCATED', null, 24, ['none'], {}].map((ipAddress): [string, unknown, unknown] => [
      'ipAddress',
      { olderThanSeconds: 60, ipAddress },
      {},
    ]),
    ['input', { olderThanSeconds: 60, userId: 1 }, {}],
    ['input', undefined, {}],
    ['batchSize', { olderThanSeconds: 60 }, { batchSize: 0 }],
    ['signal', { olderThanSeconds: 60 }, { signal: {} }],
    ['onProgress', { olderThanSeconds: 60 }, { onProgress: 1 }],
    ['options', { olderThanSeconds: 60 }, { limit: 1 }],
  ])('refuses a wrong %s before any statement: %o %o', async (field, input, options) => {
    const { prisma } = await openDatabase()
    const db = prisma.$extends({ query: { $allOperations: () => expect.fail('a statement') } })
    const call = anonymizeInactive(db, input as never, options as never)
    await expect(call).rejects.toThrow(InvalidInputError)
    await expect(call).rejects.toMatchObject({ field })
  })

  it('refuses to hash without a key', async () => {
    const { prisma } = await openDatabase()
    const call = anonymizeInactive(prisma, { olderThanSeconds: 60, ipAddress: 'hashed' })
    await expect(call).rejects.toThrow(InvalidPolicyError)
    await expect(call).rejects.toMatchObject({ field: 'ipAddressKey' })
  })
})
