import { inspect } from 'node:util'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { adapterFor, type PrismaClient } from '../../scripts/databases.ts'
import {
  generateSessionKey,
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionKeyTakenError,
  touchActivity,
  trackSession,
  UserNotFoundError,
  type SessionClient,
} from '../../src/index.ts'
import { generateClient } from './generate-client.ts'
import { createTestDatabase } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const now = after(100)
const locate = async () => null

// The client of this project's own schema stands for the others in types. Whatever their user ids are, they pass through.
type UserId = never

const nothing = [undefined, null, '', ' ', true, {}, { not: '' }, { gt: 0 }, { in: [1, '1', 1n] }, NaN, 1.5]
const schemas = [
  {
    type: 'String',
    numbers: [],
    ids: ['user_1', 'USER_1', 'c️lé ✓'],
    unknown: '1',
    wrong: [...nothing, 1, 1n, 0, ['user_1'], 'a\0', '\uD800', 'x'.repeat(1025)],
  },
  {
    type: 'BigInt',
    numbers: [1],
    ids: [1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
    unknown: 2n,
    wrong: [...nothing, '1', '9007199254740993', [1n], 2 ** 53, 2n ** 63n, -(2n ** 63n) - 1n],
  },
]

describe.each(schemas)('where user ids are $type', ({ type, numbers, ids, unknown, wrong }) => {
  let Client: typeof PrismaClient
  beforeAll(async () => {
    Client = await generateClient((schema) => schemaWithUserIds(schema, type))
  })

  /** A new database with a user of each id and a client generated for it. */
  async function openDatabase() {
    const driver = inject('driver')
    const url = await createTestDatabase(driver, (sql) => withUserIds(sql, type))
    const prisma = new Client({ adapter: adapterFor(driver, url) })
    onTestFinished(() => prisma.$disconnect())
    const data = ids.map((id) => ({ id: id as UserId, email: `${id}@example.com` }))
    await prisma.user.createMany({ data })
    return prisma
  }

  it('a session lives its whole life, whoever the user is', async () => {
    const prisma = await openDatabase()
    for (const id of ids) {
      const userId = id as UserId
      const [sessionKey, newSessionKey, second, third] = Array.from({ length: 4 }, generateSessionKey)
      const track = (key: string) => trackSession(prisma, { userId, sessionKey: key }, { now: start, locate })
      const tracked = await track(sessionKey!)
      expect(tracked.userId).toBe(id)
      expect(await track(sessionKey!)).toEqual(tracked)
      expect(await touchActivity(prisma, { sessionKey: sessionKey! }, { now })).toMatchObject({
        userId,
        lastActivity: now,
      })
      const rotation = { sessionKey: sessionKey!, newSessionKey: newSessionKey! }
      expect(await rotateSessionKey(prisma, rotation, { now })).toMatchObject({ id: tracked.id, userId })
      await track(second!)
      const { id: thirdId } = await track(third!)

      const first = await listSessions(prisma, { userId }, { now, limit: 2, current: newSessionKey! })
      const rest = await listSessions(prisma, { userId }, { now, cursor: first.nextCursor, current: newSessionKey! })
      const items = [...first.items, ...rest.items]
      expect(items.map((item) => item.userId)).toEqual([id, id, id])
      expect(items.filter(({ isCurrent }) => isCurrent)).toMatchObject([{ id: tracked.id }])

      for (const other of ids.filter((someone) => someone !== id)) {
        expect(await revokeSession(prisma, { userId: other as UserId, id: thirdId }, { now })).toBe(false)
        const taking = trackSession(prisma, { userId: other as UserId, sessionKey: third! }, { now, locate })
        await expect(taking).rejects.toThrow(SessionKeyTakenError)
      }
      expect(await revokeSession(prisma, { userId, id: thirdId }, { now })).toBe(true)
      expect(await revokeOtherSessions(prisma, { userId, sessionKey: newSessionKey! }, { now })).toBe(1)
      expect(await revokeSessions(prisma, { userId }, { now })).toBe(1)
      expect((await listSessions(prisma, { userId }, { now })).items).toEqual([])
    }
    const rows = ids.length * 4
    const options = { now: after(90 * 86_400) }
    expect(await purgeSessions(prisma, options)).toEqual({ sessions: 0, userSessions: rows })
  })

  it('a user who does not exist has no sessions and cannot sign in', async () => {
    const prisma = await openDatabase()
    const userId = unknown as UserId
    const sessionKey = generateSessionKey()
    await expect(trackSession(prisma, { userId, sessionKey }, { now, locate })).rejects.toThrow(UserNotFoundError)
    expect(await listSessions(prisma, { userId }, { now })).toEqual({ items: [], nextCursor: null })
    expect(await revokeSessions(prisma, { userId }, { now })).toBe(0)
  })

  it.each(numbers)('the number %d stands for the same user', async (number) => {
    const prisma = await openDatabase()
    const [userId, sessionKey] = [number as UserId, generateSessionKey()]
    const tracked = await trackSession(prisma, { userId, sessionKey }, { now: start, locate })
    expect(tracked.userId).toBe(1n)
    const again = trackSession(prisma, { userId: 1n as UserId, sessionKey }, { now, locate })
    expect(await again).toEqual(tracked)
    expect(await trackSession(prisma, { userId, sessionKey }, { now, locate })).toEqual(tracked)
    expect((await listSessions(prisma, { userId }, { now })).items).toHaveLength(1)
    expect(await revokeSession(prisma, { userId, id: tracked.id }, { now })).toBe(true)
  })

  it('what is no such id is refused before any statement', async () => {
    const prisma = await openDatabase()
    const [sessionKey, newKey] = [generateSessionKey(), generateSessionKey()]
    const { id } = await trackSession(prisma, { userId: ids[0] as UserId, sessionKey }, { now: start, locate })
    const before = [await prisma.session.findMany(), await prisma.userSession.findMany()]
    let statements = 0
    const extended = prisma.$extends({
      query: {
        $allOperations({ args, query }) {
          statements++
          return query(args)
        },
      },
    })
    const refuseAll = async (db: SessionClient) => {
      for (const value of wrong) {
        const userId = value as UserId
        for (const call of [
          () => trackSession(db, { userId, sessionKey: newKey }, { now, locate }),
          () => listSessions(db, { userId }, { now }),
          () => revokeSession(db, { userId, id }, { now }),
          () => revokeOtherSessions(db, { userId, sessionKey: newKey }, { now }),
          () => revokeSessions(db, { userId }, { now }),
        ]) {
          const refusal = { code: 'ERR_INVALID_INPUT', field: 'userId' }
          await expect(call(), inspect(value)).rejects.toMatchObject(refusal)
        }
      }
    }
    await refuseAll(extended)
    await extended.$transaction((tx) => refuseAll(tx))
    expect(statements).toBe(0)
    expect([await prisma.session.findMany(), await prisma.userSession.findMany()]).toEqual(before)
    expect(await revokeSessions(extended, { userId: ids[0] as UserId }, { now })).toBe(1)
    expect(statements).toBeGreaterThan(0)
  })
})

/** This project's migration with user ids of another type, and text that MySQL compares as it is. */
function withUserIds(sql: string, type: string): string {
  const texts = { libsql: 'TEXT', 'better-sqlite3': 'TEXT', postgresql: 'TEXT', mysql: 'VARCHAR(191)' }
  const columnType = type === 'String' ? texts[inject('driver')] : 'BIGINT'
  return sql
    .replace(/(\bid["`]) (?:INTEGER|SERIAL) NOT NULL( PRIMARY KEY)?( AUTO_?INCREMENT)?/, `$1 ${columnType} NOT NULL$2`)
    .replace(/(\buserId["`]) INTEGER/, `$1 ${columnType}`)
    .replaceAll('utf8mb4_unicode_ci', 'utf8mb4_bin')
}

/** This project's schema with user ids of another type. */
function schemaWithUserIds(schema: string, type: string): string {
  return schema
    .replace(/(\bid +)Int( +@id) @default\(autoincrement\(\)\)/, `$1${type}$2`)
    .replace(/(\buserId +)Int/, `$1${type}`)
}
