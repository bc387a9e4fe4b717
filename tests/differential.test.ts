import * as fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import type { Driver, PrismaClient } from '../scripts/databases.ts'
import {
  anonymizeInactive,
  createPolicy,
  defaultPolicy,
  hashSessionKey,
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionTrackingError,
  touchActivity,
  trackSession,
  type Policy,
} from '../src/index.ts'
import { deriveUserSessionId } from '../src/session-key.ts'
import { type Database, openDatabase } from './database/open-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which are to give the same answers. */
    drivers: Driver[]
  }
}

const drivers = inject('drivers')
const start = new Date('2026-01-05T08:00:00Z')

const policies = {
  default: defaultPolicy,
  short: createPolicy({
    idleTimeoutSeconds: 60,
    absoluteTimeoutSeconds: 150,
    touchIntervalSeconds: 20,
    retentionSeconds: 600,
  }),
}
const users = [1, 2, 3]
const keys = ['key', 'Key', 'kéy', 'key ', 'key😀']
/** Ids of another library's sessions, and what a database may take for one of them. */
const theirs = ['theirs', 'others', 'theirs 😀', '\u200b']
const lookalikes = ['THEIRS', 'théirs', 'theirs ', 'theirs 🚀', hashSessionKey('key').toUpperCase(), 't'.repeat(192)]
const sessionIds = [...theirs, hashSessionKey('key'), ...lookalikes]
const publicIds = [hashSessionKey('key'), ...theirs, hashSessionKey('kéy')].map(deriveUserSessionId)

/** What is called on each database: the verbs, and what happens beside them. */
const calls = {
  trackSession: (prisma, input, { place, ...options }) =>
    trackSession(prisma, input, { ...options, locate: async () => place }),
  touchActivity,
  async listSessions(prisma, input, options) {
    const pages = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await listSessions(prisma, input, { ...options, cursor })
      pages.push(page)
      cursor = page.nextCursor
    }
    return pages
  },
  revokeSession,
  revokeOtherSessions,
  revokeSessions,
  rotateSessionKey,
  purgeSessions: (prisma, _, options) => purgeSessions(prisma, options),
  anonymizeInactive,
  deleteUser: (prisma, { id }) => prisma.user.deleteMany({ where: { id } }),
  /** Another library writes a session of its own, or makes it last longer. */
  writeSession(prisma, { id, seconds }, { now: createdAt }) {
    const expiresAt = new Date(createdAt.getTime() + seconds * 1000)
    return prisma.session.upsert({ where: { id }, create: { id, createdAt, expiresAt }, update: { expiresAt } })
  },
  deleteSession: (prisma, { id }) => prisma.session.deleteMany({ where: { id } }),
} satisfies Record<string, Call>
type Call = (prisma: PrismaClient, input: any, options: any) => PromiseLike<unknown>
type Arbitraries = Record<string, fc.Arbitrary<unknown>>

/** One of these, the first ones more often than the others, so that calls meet. */
const mostly = <T>(first: T[], all: T[]): fc.Arbitrary<T> => fc.constantFrom(...first, ...first, ...first, ...all)
const userId = mostly([1, 1], [...users, 4])
const sessionKey = mostly(['key', 'Key'], keys)
const sessionId = mostly(theirs, sessionIds)
const id = mostly(
  publicIds,
  publicIds.map((publicId) => publicId.toUpperCase()),
)
const page = { limit: fc.integer({ min: 1, max: 3 }), current: fc.oneof(sessionKey, sessionId, id) }
const client = {
  ipAddress: fc.constantFrom('8.8.8.8', '[2001:DB8::1]:443', 'somewhere'),
  userAgent: fc.constantFrom('curl/8.5.0', 'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)', 'Café/1.0 😀'),
}
const place = fc.constantFrom(
  { city: 'São Paulo', country: 'BR' },
  { city: '東京都', country: 'JP' },
  { city: 'الرياض', country: 'SA' },
  { city: '𠮷野', country: null },
)

/** Calls of a verb, where what `optional` and `options` name is left out now and then. */
const call = (
  weight: number,
  verb: keyof typeof calls,
  required: Arbitraries,
  optional: Arbitraries = {},
  options: Arbitraries = {},
) => ({
  weight,
  arbitrary: fc.record({
    verb: fc.constant(verb),
    input: fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) }),
    options: fc.record(options, { requiredKeys: [] }),
    policy: mostly<keyof typeof policies>(['default'], ['short']),
  }),
})
/**
 * No number by itself: SQLite makes one of its own of such a text, since the column is of numeric affinity, and libsql's
 * version of it rounds 6.892048175199806e-34 to the double beside.
 */
const data = fc.jsonValue({ maxDepth: 2 }).filter((value) => typeof value !== 'number')
const step = fc.oneof(
  call(6, 'trackSession', { userId, sessionKey }, { ...client, data }, { place }),
  call(4, 'trackSession', { userId, sessionId }, client, { place }),
  call(4, 'touchActivity', { sessionKey }),
  call(3, 'touchActivity', { sessionId }),
  call(4, 'listSessions', { userId }, {}, page),
  call(3, 'revokeSession', { userId, id }),
  call(1, 'revokeSession', { sessionKey }, {}, { reason: fc.constant('limit') }),
  call(2, 'revokeSession', { sessionId }),
  call(1, 'revokeOtherSessions', { userId, sessionKey }),
  call(1, 'revokeOtherSessions', { userId, sessionId }),
  call(1, 'revokeSessions', { userId }),
  call(4, 'rotateSessionKey', { sessionKey, newSessionKey: sessionKey }),
  call(3, 'rotateSessionKey', { sessionId, newSessionId: sessionId }),
  call(2, 'purgeSessions', {}, {}, { batchSize: fc.integer({ min: 1, max: 3 }) }),
  call(
    2,
    'anonymizeInactive',
    { olderThanSeconds: fc.constantFrom(1, 60, 1800) },
    { ipAddress: fc.constantFrom('truncated', 'none') },
    { batchSize: fc.integer({ min: 1, max: 3 }) },
  ),
  call(2, 'writeSession', { id: fc.constantFrom(...theirs), seconds: fc.constantFrom(60, 43_200) }),
  call(1, 'deleteSession', { id: fc.constantFrom(...theirs) }),
  call(1, 'deleteUser', { id: fc.constant(3) }),
)

const durationsOf = (policy: Partial<Policy>): number[] =>
  Object.values(policy).filter((value) => typeof value === 'number')

/** To where something is due, expired or forgotten, to the millisecond, or back. */
const later = fc
  .tuple(
    mostly([0, 0, 0, 20, 60], [...durationsOf(policies.default), ...durationsOf(policies.short)]),
    fc.constantFrom(0, -1, 1),
    fc.constantFrom(1, 1, 1, -1),
  )
  .map(([seconds, beside, direction]) => direction * seconds * 1000 + beside)

/** Steps, each at a time that is reckoned from the time of one before it. Not biased, which is towards few of them. */
const sequences = fc
  .noBias(fc.array(fc.tuple(step, mostly([0], [1, 2, 3, 5, 8, 13]), later), { maxLength: 25, size: 'max' }))
  .map((steps) => {
    const times = [start.getTime()]
    return steps.map(([{ options, ...rest }, before, milliseconds]) => {
      const time = times.at(-1 - (before % times.length))! + milliseconds
      times.push(time)
      return { ...rest, options: { ...options, now: new Date(time) } }
    })
  })

/** Nobody ever was signed in; another library has written its sessions. */
async function begin({ prisma }: Database): Promise<void> {
  const expiresAt = new Date(start.getTime() + defaultPolicy.absoluteTimeoutSeconds * 1000)
  await prisma.$transaction([
    prisma.session.deleteMany(),
    prisma.user.deleteMany(),
    prisma.user.createMany({ data: users.map((number) => ({ id: number, email: `${number}@example.com` })) }),
    prisma.session.createMany({ data: theirs.map((name) => ({ id: name, createdAt: start, expiresAt })) }),
  ])
}

async function answerOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    if (!(error instanceof SessionTrackingError)) throw error
    return Object.assign({ class: error.constructor.name, message: error.message }, error)
  }
}

async function rowsOf({ prisma }: Database): Promise<unknown> {
  const tables = [prisma.user.findMany(), prisma.session.findMany(), prisma.userSession.findMany()]
  const rows: { id: number | string }[][] = await Promise.all(tables)
  return rows.map((table) => table.toSorted((one, other) => (one.id < other.id ? -1 : 1)))
}

test.skipIf(drivers.length < 2)(
  `the same calls give the same answers on ${drivers.join(', ')}`,
  { timeout: 300_000 },
  async () => {
    const databases = await Promise.all(drivers.map((driver) => openDatabase(driver)))
    const expectOneAnswer = async (ask: (database: Database) => Promise<unknown>): Promise<void> => {
      const answers = await Promise.all(databases.map(ask))
      const named = (values: unknown[]) => Object.fromEntries(values.map((value, index) => [drivers[index], value]))
      expect(named(answers)).toStrictEqual(named(answers.map(() => answers[0])))
    }
    const property = fc.asyncProperty(sequences, async (steps) => {
      await Promise.all(databases.map(begin))
      for (const { verb, input, options, policy } of steps) {
        const ask: Call = calls[verb]
        await expectOneAnswer(({ prisma }) => answerOf(ask(prisma, input, { ...options, policy: policies[policy] })))
      }
      await expectOneAnswer(rowsOf)
    })
    await fc.assert(property, { numRuns: 250 })
  },
)
