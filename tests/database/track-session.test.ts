import { inspect, isDeepStrictEqual } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import {
  generateSessionKey,
  hashSessionKey,
  InvalidInputError,
  InvalidPolicyError,
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
  type Locate,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const policy = { idleTimeoutSeconds: 1800, absoluteTimeoutSeconds: 3600 }

const nothing = {
  ipAddress: null,
  browserInfo: null,
  deviceInfo: null,
  deviceType: null,
  city: null,
  country: null,
}
const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'

describe('a sign-in', () => {
  it('writes both rows, with everything that is known of it', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const data = { theme: 'dark', visits: [1, null, { deep: true }] }
    const userSession = await trackSession(
      prisma,
      {
        userId: user.id,
        sessionKey,
        ipAddress: '::ffff:81.2.69.160',
        userAgent: chrome,
        clientHints: { platform: 'Windows', platformVersion: '15.0.0', mobile: false },
        data,
      },
      { now: start, policy, locate: async () => ({ city: 'Zürich', country: 'CH' }) },
    )
    const session = { id: hashSessionKey(sessionKey), data, createdAt: start, expiresAt: after(3600) }
    expect(userSession).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      userId: user.id,
      sessionId: session.id,
      ipAddress: '81.2.69.160',
      browserInfo: 'Chrome 126',
      deviceInfo: 'Windows 11',
      deviceType: 'desktop',
      city: 'Zürich',
      country: 'CH',
      createdAt: start,
      lastActivity: start,
      expiresAt: after(1800),
      endedAt: null,
      endReason: null,
    })
    expect(await prisma.userSession.findMany({ include: { user: true, session: true } })).toEqual([
      { ...userSession, user, session },
    ])
    expect(await prisma.session.findMany({ include: { userSession: true } })).toEqual([{ ...session, userSession }])
    expect(await prisma.user.findMany({ include: { userSessions: { include: { session: true } } } })).toEqual([
      { ...user, userSessions: [{ ...userSession, session }] },
    ])
  })

  it('needs only a user and a key', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const userSession = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    expect(userSession).toMatchObject({ ...nothing, lastActivity: start, expiresAt: after(1800), endedAt: null })
    expect(await prisma.session.findMany()).toEqual([
      { id: hashSessionKey(sessionKey), data: null, createdAt: start, expiresAt: after(12 * 3600) },
    ])
  })

  it('never expires later than its absolute end', async () => {
    const { prisma, user } = await openDatabase()
    const short = { idleTimeoutSeconds: 600, absoluteTimeoutSeconds: 600 }
    const sessionKey = generateSessionKey()
    const row = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start, policy: short })
    expect(row.expiresAt).toEqual(after(600))
    expect(await prisma.session.findMany()).toMatchObject([{ expiresAt: after(600) }])
  })

  it('has a public id with no part of the key or of its hash in it', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = hashSessionKey('a key of hex characters')
    const { id, sessionId } = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    const pieces = Array.from({ length: id.length - 7 }, (_, index) => id.slice(index, index + 8))
    expect(pieces).toHaveLength(25)
    expect(pieces.filter((piece) => sessionKey.includes(piece) || sessionId?.includes(piece))).toEqual([])
    expect(id).not.toBe(hashSessionKey(sessionId!).slice(0, 32))
  })

  it('leaves the key itself nowhere in the database', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const row = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    const text = JSON.stringify([row, await everything(prisma)])
    expect(text).toContain(hashSessionKey(sessionKey))
    expect(text).not.toContain(sessionKey)
  })

  it.each([
    ['a nested object', { a: { b: [1, 'two', null, { c: false }] }, 'ключ "\\ \n': '✓ 🙂' }],
    ['an array', [[], {}, null, [null]]],
    ['an empty object', {}],
    ['an object with a name of Prisma', { set: 1, $type: 'Json', value: '1' }],
    ['a string', 'text'],
    ['a string that looks like an escape', '\\u0000 \\\\ud800 \\n'],
    ['characters of every plane', ['\t\u0001\uffff', '🙂']],
    ['an empty string', ''],
    ['a number', -1.5e-7],
    ['zero', 0],
    ['true', true],
    ['false', false],
    ['null', null],
  ])('keeps data as given: %s', async (_, data) => {
    const { prisma, user } = await openDatabase()
    await trackSession(prisma, { userId: user.id, sessionKey: generateSessionKey(), data }, { now: start })
    const [session] = await prisma.session.findMany()
    expect(session!.data).toStrictEqual(data)
  })

  it.each([new Date(0), new Date('9999-12-31T23:59:59.999Z')])('can be at %o', async (now) => {
    const { prisma, user } = await openDatabase()
    const row = await trackSession(prisma, { userId: user.id, sessionKey: generateSessionKey() }, { now })
    expect(row).toMatchObject({ createdAt: now, lastActivity: now })
    const latest = Date.UTC(10_000, 0) - 1
    expect(row.expiresAt.getTime()).toBe(Math.min(now.getTime() + 1_800_000, latest))
    const [session] = await prisma.session.findMany()
    expect(session!.expiresAt.getTime()).toBe(Math.min(now.getTime() + 43_200_000, latest))
    expect(await prisma.userSession.findMany()).toEqual([row])
  })

  it.each(['x', 'k'.repeat(4096), ' padded ', 'ключ 🙂'])(
    'takes a key of any plain text: %.10s',
    async (sessionKey) => {
      const { prisma, user } = await openDatabase()
      const { id } = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
      expect(await touchActivity(prisma, { sessionKey }, { now: start })).toMatchObject({ id })
    },
  )
})

describe('what databases tell apart or not', () => {
  it('keys that differ only in case, accents or spaces are those of different sessions', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKeys = ['key', 'KEY', 'kéy', 'ke\u0301y', 'key ', ' key']
    const ids: string[] = []
    for (const sessionKey of sessionKeys) {
      ids.push((await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })).id)
    }
    expect(new Set(ids).size).toBe(sessionKeys.length)
    for (const [index, sessionKey] of sessionKeys.entries()) {
      expect(await touchActivity(prisma, { sessionKey }, { now: start })).toMatchObject({ id: ids[index] })
    }
    expect(await revokeSession(prisma, { sessionKey: 'KEY' }, { now: start })).toBe(true)
    const live = await Promise.all(
      sessionKeys.map((sessionKey) => touchActivity(prisma, { sessionKey }, { now: start })),
    )
    expect(live.map((row) => row !== null)).toEqual([true, false, true, true, true, true])
  })

  it("another library's session is known by its very id alone", async () => {
    const { prisma, user } = await openDatabase()
    await theirs(prisma)
    const userId = user.id
    const others = ['THEIRS', 'théirs', 'theirs ', ' theirs']
    for (const sessionId of others) {
      expect(await attempt(prisma, { userId, sessionId }, { now: start })).toEqual(
        refused(InvalidInputError, 'sessionId'),
      )
    }
    const row = await trackSession(prisma, { userId, sessionId: 'theirs' }, { now: start })
    const before = await everything(prisma)
    for (const sessionId of others) {
      expect(await touchActivity(prisma, { sessionId }, { now: after(120) })).toBeNull()
      expect(await revokeSession(prisma, { sessionId }, { now: start })).toBe(false)
      expect(await rotateSessionKey(prisma, { sessionId, newSessionId: 'new' }, { now: start })).toBeNull()
    }
    expect(await revokeSession(prisma, { userId, id: row.id.toUpperCase() }, { now: start })).toBe(false)
    expect(await everything(prisma)).toEqual(before)
    expect(await revokeOtherSessions(prisma, { userId, sessionId: 'theirs' }, { now: start })).toBe(0)
    expect(await revokeOtherSessions(prisma, { userId, sessionId: 'THEIRS' }, { now: start })).toBe(1)
  })

  it.each([
    ['München', 'München'],
    ['São Tomé', 'São Tomé'],
    ['Северодвинск', 'Северодвинск'],
    ['東京都', '東京都'],
    // Beyond the 65,536 characters that MySQL's older utf8 knows.
    ['𠮷野町', '𠮷野町'],
    ['Zürich 🙂', null],
    ['🏔', null],
    ['a\0b', null],
    ['\ud83d', null],
  ])('the city %o is stored as %o', async (city, stored) => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress: '81.2.69.160' }
    const row = await trackSession(prisma, input, { now: start, locate: async () => ({ city, country: 'CH' }) })
    expect(row).toMatchObject({ city: stored, country: 'CH' })
    expect(await prisma.userSession.findMany()).toEqual([row])
  })

  it.each([2 ** 31 - 1, -(2 ** 31), 0])('a user whose id is %d signs in', async (id) => {
    const { prisma } = await openDatabase()
    // MySQL counts on from an id of 0 that it is given.
    const { id: userId } = await prisma.user.create({ data: { id, email: 'edge@example.com' } })
    const sessionKey = generateSessionKey()
    const row = await trackSession(prisma, { userId, sessionKey }, { now: start })
    expect(row.userId).toBe(userId)
    expect((await listSessions(prisma, { userId }, { now: start })).items).toMatchObject([{ id: row.id }])
    expect(await revokeSessions(prisma, { userId }, { now: start })).toBe(1)
  })

  it.each([2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53])(
    'a user id of %d is refused before any statement',
    async (id) => {
      const { client, statements, database } = await openCounted()
      const input = { userId: id, sessionKey: generateSessionKey() }
      expect(await attempt(database.prisma, input, { now: start }, client)).toEqual(
        refused(InvalidInputError, 'userId'),
      )
      expect(statements).toEqual([])
    },
  )
})

describe('a key that was tracked before', () => {
  it('gives the same row, unchanged, also later and from another place', async () => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const first = await trackSession(prisma, { userId: user.id, sessionKey, data: 1 }, { now: start, policy })
    const before = await everything(prisma)
    const elsewhere = { ipAddress: '81.2.69.160', userAgent: chrome, data: 2 }
    for (const seconds of [0, 1, 600, 1799.999, -600]) {
      const options = { now: after(seconds), policy, locate: async () => ({ city: 'London', country: 'GB' }) }
      expect(await trackSession(prisma, { userId: user.id, sessionKey, ...elsewhere }, options)).toEqual(first)
    }
    expect(await everything(prisma)).toEqual(before)
  })

  it('is refused to another user', async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const sessionKey = generateSessionKey()
    await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    expect(await attempt(prisma, { userId: other.id, sessionKey }, { now: after(1) })).toEqual(
      refused(SessionKeyTakenError),
    )
  })

  it('is refused to another user when its session is over, too', async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const [first, last, expired] = keys()
    await trackSession(prisma, { userId: user.id, sessionKey: expired }, { now: start })
    await trackSession(prisma, { userId: user.id, sessionKey: first }, { now: start })
    await rotateSessionKey(prisma, { sessionKey: first, newSessionKey: last }, { now: start })
    await revokeSession(prisma, { sessionKey: last }, { now: start })
    for (const sessionKey of [first, last, expired]) {
      expect(await attempt(prisma, { userId: other.id, sessionKey }, { now: after(86_400) })).toEqual(
        refused(SessionKeyTakenError),
      )
    }
  })

  it.each<[string, (prisma: Database['prisma'], userId: number, sessionKey: string, id: string) => Promise<unknown>]>([
    ['signed out', (prisma, _, sessionKey) => revokeSession(prisma, { sessionKey }, { now: start })],
    ['revoked', (prisma, userId, _, id) => revokeSession(prisma, { userId, id }, { now: start })],
    [
      'revoked from another device',
      (prisma, userId) => revokeOtherSessions(prisma, { userId, sessionKey: 'another' }, { now: start }),
    ],
    ['revoked with all others', (prisma, userId) => revokeSessions(prisma, { userId }, { now: start })],
    ['deleted from the Session table by hand', (prisma) => prisma.session.deleteMany()],
    ['expired and its Session row purged', (prisma) => purgeSessions(prisma, { now: after(86_400) })],
  ])('is refused when its session was %s', async (_, end) => {
    const { prisma, user } = await openDatabase()
    const sessionKey = generateSessionKey()
    const { id } = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
    await end(prisma, user.id, sessionKey, id)
    expect(await prisma.session.count()).toBe(0)
    for (const seconds of [0, 1, 86_400]) {
      expect(await attempt(prisma, { userId: user.id, sessionKey }, { now: after(seconds) })).toEqual(
        refused(SessionEndedError),
      )
    }
  })

  it('is refused from the moment at which its session expires', async () => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey() }
    const row = await trackSession(prisma, input, { now: start })
    expect(row.expiresAt).toEqual(after(1800))
    expect(await trackSession(prisma, input, { now: after(1799.999) })).toEqual(row)
    expect(await attempt(prisma, input, { now: after(1800) })).toEqual(refused(SessionEndedError))
    expect(await attempt(prisma, input, { now: after(1800.001) })).toEqual(refused(SessionEndedError))
  })

  it('is refused from the absolute end of its session, however much it is used', async () => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey() }
    await trackSession(prisma, input, { now: start, policy })
    for (const seconds of [1700, 3400]) {
      await touchActivity(prisma, { sessionKey: input.sessionKey }, { now: after(seconds), policy })
    }
    expect(await trackSession(prisma, input, { now: after(3599.999), policy })).toMatchObject({
      lastActivity: after(3400),
      expiresAt: after(3600),
    })
    expect(await attempt(prisma, input, { now: after(3600), policy })).toEqual(refused(SessionEndedError))
    expect(await attempt(prisma, input, { now: after(3600.001), policy })).toEqual(refused(SessionEndedError))
  })

  it('is judged by the policy of now where that is stricter, and a laxer one revives nothing', async () => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey() }
    const row = await trackSession(prisma, input, { now: start, policy })
    const strict = { idleTimeoutSeconds: 600 }
    expect(await trackSession(prisma, input, { now: after(599.999), policy: strict })).toEqual(row)
    expect(await attempt(prisma, input, { now: after(600), policy: strict })).toEqual(refused(SessionEndedError))
    const lax = { idleTimeoutSeconds: 7200 }
    expect(await trackSession(prisma, input, { now: after(1799.999), policy: lax })).toEqual(row)
    expect(await attempt(prisma, input, { now: after(1800), policy: lax })).toEqual(refused(SessionEndedError))
  })

  it('is refused when it was rotated away, and the newest key gives the row', async () => {
    const { prisma, user } = await openDatabase()
    const [first, middle, last] = keys()
    const userId = user.id
    const row = await trackSession(prisma, { userId, sessionKey: first }, { now: start })
    await rotateSessionKey(prisma, { sessionKey: first, newSessionKey: middle }, { now: start })
    await rotateSessionKey(prisma, { sessionKey: middle, newSessionKey: last }, { now: start })
    expect(await attempt(prisma, { userId, sessionKey: first }, { now: after(1) })).toEqual(refused(SessionEndedError))
    expect(await attempt(prisma, { userId, sessionKey: middle }, { now: after(1) })).toEqual(refused(SessionEndedError))
    const before = await everything(prisma)
    expect(await trackSession(prisma, { userId, sessionKey: last }, { now: after(1) })).toEqual({
      ...row,
      sessionId: hashSessionKey(last),
    })
    expect(await everything(prisma)).toEqual(before)
  })

  it.each<[string, (prisma: Database['prisma'], sessionKey: string) => Promise<unknown>]>([
    ['was revoked', (prisma, sessionKey) => revokeSession(prisma, { sessionKey }, { now: start })],
    ['was deleted from the Session table by hand', (prisma) => prisma.session.deleteMany()],
    ['expired and was purged', (prisma) => purgeSessions(prisma, { now: after(86_400) })],
  ])('is refused, first, middle or last, when its session %s', async (_, end) => {
    const { prisma, user } = await openDatabase()
    const [first, middle, last] = keys()
    await trackSession(prisma, { userId: user.id, sessionKey: first }, { now: start })
    await rotateSessionKey(prisma, { sessionKey: first, newSessionKey: middle }, { now: start })
    await rotateSessionKey(prisma, { sessionKey: middle, newSessionKey: last }, { now: start })
    await end(prisma, last)
    for (const sessionKey of [first, middle, last]) {
      expect(await attempt(prisma, { userId: user.id, sessionKey }, { now: after(1) })).toEqual(
        refused(SessionEndedError),
      )
    }
    expect(await prisma.session.count()).toBe(0)
  })

  it('is a new one once its history was purged', async () => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey() }
    const { id } = await trackSession(prisma, input, { now: start })
    await revokeSession(prisma, { userId: user.id, id }, { now: start })
    expect(await attempt(prisma, input, { now: after(86_400) })).toEqual(refused(SessionEndedError))
    const now = after(31 * 86_400)
    expect(await purgeSessions(prisma, { now })).toMatchObject({ userSessions: 1 })
    expect(await trackSession(prisma, input, { now })).toMatchObject({ id, createdAt: now, endedAt: null })
  })
})

describe('a user who does not exist', () => {
  it.each([0, -1, 2 ** 31 - 1, -(2 ** 31)])('is refused, and no Session row is left behind: id %d', async (userId) => {
    const { prisma } = await openDatabase()
    expect(await attempt(prisma, { userId, sessionKey: generateSessionKey() }, { now: start })).toEqual(
      refused(UserNotFoundError),
    )
    expect(await prisma.session.count()).toBe(0)
  })

  it('is refused with the key of a Session row, which stays', async () => {
    const { prisma } = await openDatabase()
    await theirs(prisma)
    expect(await attempt(prisma, { userId: 999, sessionId: 'theirs' }, { now: start })).toEqual(
      refused(UserNotFoundError),
    )
    expect(await prisma.session.count()).toBe(1)
  })
})

describe('a Session row that another library owns', () => {
  it('is taken as it is, and idempotently', async () => {
    const { prisma, user } = await openDatabase()
    const session = await theirs(prisma)
    const row = await trackSession(prisma, { userId: user.id, sessionId: 'theirs', userAgent: chrome }, { now: start })
    expect(row).toMatchObject({ sessionId: 'theirs', browserInfo: 'Chrome 126', expiresAt: after(1800) })
    expect(row.id).toMatch(/^[0-9a-f]{32}$/)
    expect(await prisma.session.findMany({ include: { userSession: true } })).toEqual([
      { ...session, userSession: row },
    ])
    const before = await everything(prisma)
    expect(await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: after(60) })).toEqual(row)
    expect(await everything(prisma)).toEqual(before)
  })

  it('must exist', async () => {
    const { prisma, user } = await openDatabase()
    expect(await attempt(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })).toEqual(
      refused(InvalidInputError, 'sessionId'),
    )
  })

  it.each([{}, null, 1, 'text'])('keeps its own data: %o is refused', async (data) => {
    const { prisma, user } = await openDatabase()
    await theirs(prisma)
    expect(await attempt(prisma, { userId: user.id, sessionId: 'theirs', data }, { now: start })).toEqual(
      refused(InvalidInputError, 'data'),
    )
  })

  it('is refused to another user', async () => {
    const { prisma, user } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    await theirs(prisma)
    await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })
    expect(await attempt(prisma, { userId: other.id, sessionId: 'theirs' }, { now: start })).toEqual(
      refused(SessionKeyTakenError),
    )
  })

  it('is over once its owner has deleted it, also when it comes back', async () => {
    const { prisma, user } = await openDatabase()
    await theirs(prisma)
    await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })
    await prisma.session.delete({ where: { id: 'theirs' } })
    expect(await attempt(prisma, { userId: user.id, sessionId: 'theirs' }, { now: after(1) })).toEqual(
      refused(SessionEndedError),
    )
    await theirs(prisma)
    expect(await attempt(prisma, { userId: user.id, sessionId: 'theirs' }, { now: after(1) })).toEqual(
      refused(SessionEndedError),
    )
  })

  it('is not found by a key with the same text', async () => {
    const { prisma, user } = await openDatabase()
    await theirs(prisma)
    await trackSession(prisma, { userId: user.id, sessionKey: 'theirs' }, { now: start })
    expect(await prisma.session.count()).toBe(2)
    expect(await prisma.userSession.findMany()).toMatchObject([{ sessionId: hashSessionKey('theirs') }])
  })
})

const cyclic: unknown[] = []
cyclic.push({ cyclic })

describe('what the program passes wrong is refused before any statement', () => {
  const sessionKey = generateSessionKey()
  const ids = [1.5, '', Number.NaN, Infinity, 2 ** 31, 2 ** 53, '1', {}, [], { not: 0 }, null, undefined, true, 1n]
  const texts = ['', ' \t\n', 'k'.repeat(4097), '\ud800', 'a\0b', 5, { not: '' }, ['key'], null]
  const functionInside = { toString: () => 'text' }
  const noJson = [() => 1, functionInside, { a: undefined }, [undefined], Number.NaN, [Infinity], 1n, { a: 1n }]

  it.each<[string, unknown, string]>([
    ...ids.map((userId): [string, unknown, string] => [show({ userId }), { userId, sessionKey }, 'userId']),
    ['no userId', { userId: undefined, sessionKey }, 'userId'],
    ...texts.map((text): [string, unknown, string] => [show({ sessionKey: text }), { sessionKey: text }, 'sessionKey']),
    ...texts.map((text): [string, unknown, string] => [show({ sessionId: text }), { sessionId: text }, 'sessionId']),
    ['sessionKey and sessionId', { sessionKey, sessionId: 'theirs' }, 'sessionKey'],
    ['neither sessionKey nor sessionId', {}, 'sessionKey'],
    ['sessionKey undefined', { sessionKey: undefined }, 'sessionKey'],
    ['sessionKey and sessionId undefined', { sessionKey: undefined, sessionId: undefined }, 'sessionKey'],
    ['a misspelt property', { sessionKey, useragent: 'curl/8' }, 'input'],
    ...[...noJson, new Date(0), new Map(), Symbol('data'), [() => 1]].map((data): [string, unknown, string] => [
      show({ data }),
      { sessionKey, data },
      'data',
    ]),
  ])('input: %s', async (_, input, field) => {
    const { client, statements, database } = await openCounted()
    const full = { userId: database.user.id, ...(input as object) }
    expect(await attempt(database.prisma, full, { now: start }, client)).toEqual(refused(InvalidInputError, field))
    expect(statements).toEqual([])
  })

  it.each([undefined, null, 'input', 5, [], () => {}])('input: %o', async (input) => {
    const { client, statements, database } = await openCounted()
    expect(await attempt(database.prisma, input, { now: start }, client)).toEqual(refused(InvalidInputError, 'input'))
    expect(statements).toEqual([])
  })

  it.each([
    ['contains itself', cyclic],
    ['is nested too deeply to be read', JSON.parse('['.repeat(20_000) + ']'.repeat(20_000))],
    ['is a string with a lone surrogate', '\ud800'],
    ['has a lone surrogate in it', [{ text: 'a\udc00b' }]],
    ['has a NUL in it', [{ text: 'a\0b' }]],
    ['has a NUL in a name', { 'a\0': 1 }],
  ])('input: data that %s', async (_, data) => {
    const { client, statements, database } = await openCounted()
    const input = { userId: database.user.id, sessionKey, data }
    expect(await attempt(database.prisma, input, { now: start }, client)).toEqual(refused(InvalidInputError, 'data'))
    expect(statements).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ...[null, 'options', 5, [], start.getTime()].map((options): [string, unknown, string] => [
      show(options),
      options,
      'options',
    ]),
    ['an unknown option', { now: start, limit: 1 }, 'options'],
    ...[
      new Date(Number.NaN),
      start.getTime(),
      start.toISOString(),
      null,
      {},
      new Date(-1),
      new Date(Date.UTC(10_000, 0)),
    ].map((now): [string, unknown, string] => [show({ now }), { now }, 'now']),
    ...[null, 'locate', {}, Promise.resolve()].map((locate): [string, unknown, string] => [
      show({ locate }),
      { now: start, locate },
      'locate',
    ]),
  ])('options: %s', async (_, options, field) => {
    const { client, statements, database } = await openCounted()
    expect(await attempt(database.prisma, { userId: database.user.id, sessionKey }, options, client)).toEqual(
      refused(InvalidInputError, field),
    )
    expect(statements).toEqual([])
  })

  it.each<[unknown, string]>([
    [null, 'policy'],
    [1800, 'policy'],
    [[], 'policy'],
    [{ idleTimeout: 5 }, 'policy'],
    [{ idleTimeoutSeconds: 0 }, 'idleTimeoutSeconds'],
    [{ idleTimeoutSeconds: 43_201 }, 'idleTimeoutSeconds'],
    [{ absoluteTimeoutSeconds: '43200' }, 'absoluteTimeoutSeconds'],
    [{ touchIntervalSeconds: 1800 }, 'touchIntervalSeconds'],
    [{ retentionSeconds: Number.NaN }, 'retentionSeconds'],
  ])('policy: %o', async (wrong, field) => {
    const { client, statements, database } = await openCounted()
    const input = { userId: database.user.id, sessionKey }
    expect(await attempt(database.prisma, input, { now: start, policy: wrong }, client)).toEqual(
      refused(InvalidPolicyError, field),
    )
    expect(statements).toEqual([])
  })

  it.each([null, undefined, 5, 'db', {}, [], { $connect() {}, user: {} }, { session: {} }, { userSession: {} }])(
    'db: %o',
    async (db) => {
      const call = trackSession(db as never, { userId: 1, sessionKey } as never, { now: start })
      await expect(call).rejects.toThrow(expect.objectContaining({ field: 'db', code: 'ERR_INVALID_INPUT' }))
      await expect(call).rejects.toBeInstanceOf(InvalidInputError)
    },
  )
})

describe('what the client sends never fails a sign-in', () => {
  const junk = [5, Number.NaN, 1n, true, [], {}, null, undefined, Symbol('junk'), () => 'junk', new Date(0)]
  const megabyte = 'x'.repeat(1_000_000)
  const markup = '<img src=x onerror=alert(1)>/9 (x)'
  const throwing = new Proxy([], {
    get() {
      throw new Error('get')
    },
    has() {
      throw new Error('has')
    },
    ownKeys() {
      throw new Error('ownKeys')
    },
  })
  const texts = [megabyte, markup, '', ' ', '\0', '\ud800', '../../etc/passwd', "' OR 1=1 --", '999.1.1.1']

  it.each(named([...junk, ...texts, '1.2.3.4/8', throwing]))('ipAddress: %s', async (_, [ipAddress]) => {
    expect(await recorded({ ipAddress })).toMatchObject({ ...nothing, endedAt: null })
  })

  it.each(named([...junk, ...texts, throwing]))('userAgent: %s', async (_, [userAgent]) => {
    expect(await recorded({ userAgent })).toMatchObject({ ...nothing, endedAt: null })
  })

  const hints = [
    ...junk,
    ...texts,
    throwing,
    { brands: throwing, fullVersionList: throwing, model: throwing, platform: throwing, platformVersion: throwing },
    { brands: [null, undefined, 5, markup, { brand: markup, version: markup }, { brand: megabyte }] },
    { platform: markup, platformVersion: markup, model: markup, mobile: markup },
    { platform: megabyte, platformVersion: megabyte, model: megabyte },
    {
      get platform(): string {
        throw new Error('platform')
      },
    },
  ]
  it.each(named(hints))('clientHints: %s', async (_, [clientHints]) => {
    expect(await recorded({ clientHints })).toMatchObject({ ...nothing, endedAt: null })
  })
})

describe('the place of an address', () => {
  const ipAddress = '81.2.69.160'

  it.each([
    ['::ffff:81.2.69.160', '81.2.69.160'],
    [' 81.2.69.160:443 ', '81.2.69.160'],
    ['[2001:0DB8:0:0::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('is looked up once, by the address in its canonical form: %s', async (sent, canonical) => {
    const { prisma, user } = await openDatabase()
    const locate = vi.fn<(ipAddress: string) => Promise<null>>(async () => null)
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress: sent }
    expect(await trackSession(prisma, input, { now: start, locate })).toMatchObject({ ipAddress: canonical })
    expect(locate.mock.calls).toEqual([[canonical, {}]])
  })

  it('is looked up with what the platform in front says of it', async () => {
    const { prisma, user } = await openDatabase()
    const locate = vi.fn<Locate>(async () => null)
    const locationHeaders = { 'cf-ipcountry': 'GB', 'cf-ipcity': 'London' }
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress, locationHeaders }
    await trackSession(prisma, input, { now: start, locate })
    expect(locate.mock.calls).toEqual([[ipAddress, locationHeaders]])
  })

  it.each([undefined, null, '', 'localhost', '1.2.3'])('is not looked up without an address: %o', async (sent) => {
    const { prisma, user } = await openDatabase()
    const locate = vi.fn<() => Promise<{ city: string; country: string }>>(async () => ({
      city: 'Oslo',
      country: 'NO',
    }))
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress: sent }
    expect(await trackSession(prisma, input, { now: start, locate })).toMatchObject(nothing)
    expect(locate).not.toHaveBeenCalled()
  })

  it.each<[string, () => unknown]>([
    ['throws', failing],
    ['rejects', () => Promise.reject(new Error('no place'))],
    ['rejects with nothing', () => Promise.reject()],
    ...[null, undefined, 5, 'London', true, [], {}, () => {}].map((answer): [string, () => unknown] => [
      `answers ${show(answer)}`,
      async () => answer,
    ]),
    ['answers at once', () => 'London'],
    ['answers other types', async () => ({ city: 5, country: {} })],
    ['answers markup', async () => ({ city: '<b>London</b>', country: '<b>' })],
    ['answers empty and wrong texts', async () => ({ city: '', country: 'gb' })],
    ['answers long texts', async () => ({ city: 'L'.repeat(10_000), country: 'GBR' })],
    ['answers what no database stores', async () => ({ city: 'Lon\0don', country: '\ud800' })],
    [
      'answers what cannot be read',
      async () => ({
        get city() {
          return failing()
        },
      }),
    ],
  ])('is null when locate %s', async (_, locate) => {
    const { prisma, user } = await openDatabase()
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress }
    const row = await trackSession(prisma, input, { now: start, locate: locate as never })
    expect(row).toMatchObject({ ...nothing, ipAddress })
    expect(await prisma.userSession.findMany()).toEqual([row])
  })

  it('is null when locate takes more than a second, whatever comes of it later', async () => {
    const { prisma, user } = await openDatabase()
    let fail!: (reason: Error) => void
    const locate = () => new Promise<never>((_, reject) => (fail = reject))
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress }
    const began = performance.now()
    expect(await trackSession(prisma, input, { now: start, locate })).toMatchObject({ ...nothing, ipAddress })
    const took = performance.now() - began
    expect(took).toBeGreaterThan(900)
    expect(took).toBeLessThan(4000)
    fail(new Error('no place'))
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('and the device are found before the first statement', async () => {
    const { client, statements, database } = await openCounted()
    const sentBefore: number[] = []
    await trackSession(
      client,
      {
        userId: database.user.id,
        sessionKey: generateSessionKey(),
        ipAddress,
        clientHints: {
          get model() {
            sentBefore.push(statements.length)
            return 'Pixel 8'
          },
        },
      },
      {
        now: start,
        async locate() {
          sentBefore.push(statements.length)
          return null
        },
      },
    )
    expect(sentBefore).toEqual([0, 0])
    expect(statements).not.toEqual([])
  })

  it('may be found with transactions of its own on the same client', async () => {
    const { prisma, user } = await openDatabase()
    const locate = async () => {
      await prisma.$transaction(async (tx) => tx.user.create({ data: { email: 'a@example.com' } }))
      await prisma.$transaction([prisma.user.create({ data: { email: 'b@example.com' } }), prisma.user.count()])
      return { city: 'London', country: 'GB' }
    }
    const input = { userId: user.id, sessionKey: generateSessionKey(), ipAddress }
    expect(await trackSession(prisma, input, { now: start, locate })).toMatchObject({ city: 'London', country: 'GB' })
    expect(await prisma.user.count()).toBe(3)
  })
})

describe('an extended client', () => {
  it('gives its computed fields, for a new row and for a known one', async () => {
    const { prisma, user } = await openDatabase()
    const extended = prisma.$extends({
      result: {
        userSession: {
          title: {
            needs: { browserInfo: true, deviceInfo: true },
            compute: ({ browserInfo, deviceInfo }) => `${browserInfo} on ${deviceInfo}`,
          },
        },
      },
    })
    const input = { userId: user.id, sessionKey: generateSessionKey(), userAgent: chrome }
    for (const seconds of [0, 60]) {
      const { title } = await trackSession(extended, input, { now: after(seconds) })
      expect(title).toBe('Chrome 126 on Windows 10')
    }
  })

  it('has its query hooks called', async () => {
    const { prisma, user } = await openDatabase()
    const extended = prisma.$extends({
      query: {
        userSession: {
          create: ({ args, query }) => query({ ...args, data: { ...args.data, city: 'from the hook' } }),
        },
      },
    })
    const input = { userId: user.id, sessionKey: generateSessionKey() }
    expect(await trackSession(extended, input, { now: start })).toMatchObject({ city: 'from the hook' })
    expect(await prisma.userSession.findMany()).toMatchObject([{ city: 'from the hook' }])
  })
})

describe('an error', () => {
  it('says nothing of the key, its hash, the address or the user agent', async () => {
    const { prisma, user, execute } = await openDatabase()
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    const sessionKey = 'secret-session-key'
    const userAgent = 'secret-browser/5'
    const ipAddress = '81.2.69.160'
    const track = (input: object) =>
      trackSession(
        prisma,
        { userId: user.id, sessionKey, userAgent, ipAddress, ...input },
        { now: start, locate: async () => null },
      )
    const errors: unknown[] = []
    const { sessionId, id } = await track({})
    errors.push(await track({ userId: other.id }).catch((error: unknown) => error))
    errors.push(await track({ userId: 999, sessionKey: 'secret-new-key' }).catch((error: unknown) => error))
    errors.push(await track({ sessionKey: 'secret\0' }).catch((error: unknown) => error))
    errors.push(await track({ data: { secret: () => 'secret' } }).catch((error: unknown) => error))
    await revokeSession(prisma, { sessionKey }, { now: start })
    errors.push(await track({}).catch((error: unknown) => error))
    await execute('ALTER TABLE "UserSession" RENAME TO "Gone"')
    errors.push(await track({}).catch((error: unknown) => error))
    expect(errors.map((error) => (error as { code: unknown }).code)).toEqual([
      'ERR_SESSION_KEY_TAKEN',
      'ERR_USER_NOT_FOUND',
      'ERR_INVALID_INPUT',
      'ERR_INVALID_INPUT',
      'ERR_SESSION_ENDED',
      'ERR_DATABASE',
    ])
    const text = inspect(errors, { depth: 20, showHidden: true, getters: true })
    expect(text).toContain('Cannot track session')
    for (const told of ['secret', hashSessionKey('secret-new-key'), sessionId, id, ipAddress]) {
      expect(text).not.toContain(told)
    }
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

/** How a call ends, and whether any row of any table has changed. */
async function attempt(prisma: Database['prisma'], input: unknown, options: unknown, client: unknown = prisma) {
  const before = await everything(prisma)
  const call = trackSession(client as Database['prisma'], input as never, options as never)
  const ending = await call.then(
    () => ({}),
    (error: { field?: string }) => ({ error: error.constructor, field: error.field }),
  )
  return { ...ending, hasChanged: !isDeepStrictEqual(await everything(prisma), before) }
}

const refused = (error: unknown, field?: string) => ({ error, field, hasChanged: false })

/** The row that a sign-in leaves when the client sends this. */
async function recorded(sent: object): Promise<unknown> {
  const { prisma, user } = await openDatabase()
  await trackSession(prisma, { userId: user.id, sessionKey: generateSessionKey(), ...sent }, { now: start })
  return prisma.userSession.findFirst()
}

/** A database with a live session and a row of another library's, and a client that notes each statement it sends. */
async function openCounted() {
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
  await theirs(database.prisma)
  await trackSession(client, { userId: database.user.id, sessionKey: generateSessionKey() }, { now: start })
  expect(statements).not.toEqual([])
  statements.length = 0
  return { database, client, statements }
}

function theirs(prisma: Database['prisma']) {
  return prisma.session.create({ data: { id: 'theirs', data: { own: 1 }, createdAt: start, expiresAt: after(3600) } })
}

const keys = () => [generateSessionKey(), generateSessionKey(), generateSessionKey()] as const

/** Out of reach of whatever puts a test's arguments into words. */
const named = (values: unknown[]) => values.map((value) => [show(value), [value]] as const)

function failing(): never {
  throw new Error('no place')
}

function show(value: unknown): string {
  return inspect(value, { breakLength: Infinity, maxStringLength: 10 })
}
