import { describe, expect, it } from 'vitest'
import {
  generateSessionKey,
  hashSessionKey,
  listSessions,
  purgeSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionEndedError,
  SessionKeyTakenError,
  touchActivity,
  trackSession,
  type Rotation,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const now = after(100)
const [idle, absolute, retention] = [1800, 43_200, 30 * 86_400] as const

/** A user with one session, with everything that a session may carry, and a new key for it. */
async function signedIn() {
  const { prisma, user } = await openDatabase()
  const [sessionKey, newSessionKey] = [generateSessionKey(), generateSessionKey()]
  const input = { userId: user.id, sessionKey, ipAddress: '203.0.113.7', userAgent: firefox, data: { cart: [1, null] } }
  const locate = async () => ({ city: 'London', country: 'GB' })
  const userSession = await trackSession(prisma, input, { now: start, locate })
  const session = await prisma.session.findUniqueOrThrow({ where: { id: hashSessionKey(sessionKey) } })
  return { prisma, user, sessionKey, newSessionKey, userSession, session }
}
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

async function everything(prisma: Database['prisma']): Promise<unknown> {
  const orderBy = { id: 'asc' } as const
  return [await prisma.session.findMany({ orderBy }), await prisma.userSession.findMany({ orderBy })]
}

describe('a rotation', () => {
  it('keeps the id, dates, place and device of the session, and its data, under the new key', async () => {
    const { prisma, sessionKey, newSessionKey, userSession, session } = await signedIn()
    expect(userSession).toMatchObject({ city: 'London', deviceType: 'desktop', ipAddress: '203.0.113.7' })
    const moved = { ...userSession, sessionId: hashSessionKey(newSessionKey) }
    expect(await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })).toEqual(moved)
    expect(await prisma.userSession.findUnique({ where: { id: userSession.id } })).toEqual(moved)
    expect(await prisma.session.findMany()).toEqual([{ ...session, id: hashSessionKey(newSessionKey) }])
  })

  it('leaves the old key unknown and the new one in use', async () => {
    const { prisma, user, sessionKey, newSessionKey, userSession } = await signedIn()
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    expect(await touchActivity(prisma, { sessionKey }, { now })).toBeNull()
    expect(await revokeSession(prisma, { sessionKey }, { now })).toBe(false)
    const { id } = userSession
    expect(await touchActivity(prisma, { sessionKey: newSessionKey }, { now })).toMatchObject({ id, lastActivity: now })
    const again = await trackSession(prisma, { userId: user.id, sessionKey: newSessionKey }, { now })
    expect(again).toMatchObject({ id })
  })

  it('moves no end: the session expires when it would have, idle or absolute', async () => {
    const { prisma, sessionKey, newSessionKey } = await signedIn()
    const policy = { idleTimeoutSeconds: 40_000 }
    await touchActivity(prisma, { sessionKey }, { now: after(1000), policy })
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now: after(30_000), policy })
    const touch = (seconds: number) =>
      touchActivity(prisma, { sessionKey: newSessionKey }, { now: after(seconds), policy })
    expect(await touch(40_999)).toMatchObject({ expiresAt: after(absolute) })
    expect(await touch(absolute)).toBeNull()
  })
})

describe('both keys are refused', () => {
  const tracking = ({ prisma, user }: Pick<Database, 'prisma' | 'user'>, sessionKey: string, seconds: number) =>
    trackSession(prisma, { userId: user.id, sessionKey }, { now: after(seconds) })

  it('the old one at once', async () => {
    const database = await signedIn()
    const { prisma, sessionKey, newSessionKey } = database
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    const before = await everything(prisma)
    await expect(tracking(database, sessionKey, 100)).rejects.toThrow(SessionEndedError)
    expect(await everything(prisma)).toEqual(before)
  })

  it('once the session is revoked, expired or purged, for as long as its history is kept', async () => {
    const database = await signedIn()
    const { prisma, user, userSession } = database
    const endings: ((key: string) => Promise<unknown>)[] = [
      (sessionKey) => revokeSession(prisma, { sessionKey }, { now }),
      () => revokeSession(prisma, { userId: user.id, id: userSession.id }, { now }),
      () => revokeSessions(prisma, { userId: user.id }, { now }),
      async () => {},
      () => purgeSessions(prisma, { now: after(idle) }),
      () => purgeSessions(prisma, { now: after(idle + retention - 0.001) }),
    ]
    for (const end of endings) {
      const keys = [generateSessionKey(), generateSessionKey()] as const
      await tracking(database, keys[0], 0)
      expect(await rotateSessionKey(prisma, { sessionKey: keys[0], newSessionKey: keys[1] }, { now })).not.toBeNull()
      await end(keys[1])
      for (const key of keys) {
        await expect(tracking(database, key, idle)).rejects.toThrow(SessionEndedError)
        expect(await touchActivity(prisma, { sessionKey: key }, { now: after(idle) })).toBeNull()
      }
    }
  })

  it('and free again when the history of both is gone', async () => {
    const database = await signedIn()
    const { prisma, sessionKey, newSessionKey } = database
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    const seconds = absolute + retention
    expect(await purgeSessions(prisma, { now: after(seconds) })).toEqual({ sessions: 1, userSessions: 2 })
    for (const key of [sessionKey, newSessionKey]) await expect(tracking(database, key, seconds)).resolves.toBeDefined()
  })

  it('by a rotation to them as well', async () => {
    const database = await signedIn()
    const { prisma, sessionKey, newSessionKey } = database
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    const third = generateSessionKey()
    await tracking(database, third, 100)
    const before = await everything(prisma)
    for (const [from, to, error] of [
      [newSessionKey, sessionKey, SessionEndedError],
      [third, sessionKey, SessionEndedError],
      [third, newSessionKey, SessionKeyTakenError],
    ] as const) {
      const rotation = rotateSessionKey(prisma, { sessionKey: from, newSessionKey: to }, { now })
      await expect(rotation).rejects.toThrow(error)
    }
    expect(await everything(prisma)).toEqual(before)
  })
})

describe('a chain of rotations', () => {
  it('is one session under its last key, and every key before it is dead', async () => {
    const { prisma, user, sessionKey, userSession, session } = await signedIn()
    const keys = [sessionKey, ...Array.from({ length: 3 }, generateSessionKey)]
    for (const [index, newSessionKey] of keys.slice(1).entries()) {
      const input = { sessionKey: keys[index]!, newSessionKey }
      expect(await rotateSessionKey(prisma, input, { now })).toMatchObject({ id: userSession.id })
      expect(await rotateSessionKey(prisma, { ...input, newSessionKey: generateSessionKey() }, { now })).toBeNull()
    }
    const last = keys.at(-1)!
    expect(await prisma.session.findMany()).toEqual([{ ...session, id: hashSessionKey(last) }])
    for (const key of keys.slice(0, -1)) {
      expect(await touchActivity(prisma, { sessionKey: key }, { now })).toBeNull()
      const track = trackSession(prisma, { userId: user.id, sessionKey: key }, { now })
      await expect(track).rejects.toThrow(SessionEndedError)
      const back = rotateSessionKey(prisma, { sessionKey: last, newSessionKey: key }, { now })
      await expect(back).rejects.toThrow(SessionEndedError)
    }
    expect(await touchActivity(prisma, { sessionKey: last }, { now })).toMatchObject({ id: userSession.id })
    expect(await revokeSession(prisma, { sessionKey: last }, { now })).toBe(true)
    for (const key of keys) {
      const track = trackSession(prisma, { userId: user.id, sessionKey: key }, { now })
      await expect(track).rejects.toThrow(SessionEndedError)
    }
  })
})

describe('the row that reserves a new key', () => {
  it('is history from birth: never live, listed, counted or revoked', async () => {
    const { prisma, user, sessionKey, newSessionKey, userSession } = await signedIn()
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    const where = { NOT: { id: userSession.id } }
    const reservation = await prisma.userSession.findFirstOrThrow({ where })
    expect(reservation).toEqual({
      id: reservation.id,
      userId: user.id,
      sessionId: null,
      createdAt: now,
      lastActivity: now,
      expiresAt: after(absolute),
      endedAt: now,
      endReason: 'rotated',
      ipAddress: null,
      browserInfo: null,
      deviceInfo: null,
      deviceType: null,
      city: null,
      country: null,
    })
    const { items } = await listSessions(prisma, { userId: user.id }, { now })
    expect(items.map(({ id }) => id)).toEqual([userSession.id])
    expect(await revokeSession(prisma, { userId: user.id, id: reservation.id }, { now })).toBe(false)
    expect(await revokeSessions(prisma, { userId: user.id }, { now })).toBe(1)
    expect(await prisma.userSession.findFirst({ where })).toEqual(reservation)
  })

  it('stays at least as long as the history of the session, however long that was used', async () => {
    for (const idleTimeoutSeconds of [idle, 20_000, absolute]) {
      const { prisma, user, sessionKey, newSessionKey, userSession } = await signedIn()
      await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
      const options = { now: after(1000), policy: { idleTimeoutSeconds } }
      await touchActivity(prisma, { sessionKey: newSessionKey }, options)
      const end = Math.min(1000 + idleTimeoutSeconds, absolute)
      expect(await purgeSessions(prisma, { now: after(end + retention - 0.001) })).toEqual({
        sessions: 1,
        userSessions: 0,
      })
      const track = trackSession(prisma, { userId: user.id, sessionKey: newSessionKey }, { now: after(end) })
      await expect(track).rejects.toThrow(SessionEndedError)
      await purgeSessions(prisma, { now: after(end + retention) })
      expect(await prisma.userSession.findUnique({ where: { id: userSession.id } })).toBeNull()
      await purgeSessions(prisma, { now: after(absolute + retention) })
      expect(await prisma.userSession.count()).toBe(0)
    }
  })
})

describe('a new key', () => {
  /** Rotating to it is refused and changes nothing, and the session goes on under its key. */
  async function expectRefused(database: Awaited<ReturnType<typeof signedIn>>, newSessionKey: string, code: unknown) {
    const { prisma, sessionKey } = database
    const before = await everything(prisma)
    const rotation = rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    await expect(rotation).rejects.toMatchObject({ code })
    expect(await everything(prisma)).toEqual(before)
    expect(await touchActivity(prisma, { sessionKey }, { now: after(101) })).not.toBeNull()
  }

  it("of the user's own other session, or of another user's, is taken", async () => {
    const database = await signedIn()
    const { prisma, user } = database
    const other = await prisma.user.create({ data: { email: 'other@example.com' } })
    for (const { id: userId } of [user, other]) {
      const taken = generateSessionKey()
      await trackSession(prisma, { userId, sessionKey: taken }, { now: start })
      await expectRefused(database, taken, 'ERR_SESSION_KEY_TAKEN')
    }
  })

  it("whose Session row is somebody else's is taken", async () => {
    const database = await signedIn()
    const taken = generateSessionKey()
    const theirs = { id: hashSessionKey(taken), createdAt: start, expiresAt: after(9000) }
    await database.prisma.session.create({ data: theirs })
    await expectRefused(database, taken, 'ERR_SESSION_KEY_TAKEN')
  })

  it('of a session that was revoked or purged is dead', async () => {
    const database = await signedIn()
    const { prisma, user } = database
    const endings: ((sessionKey: string) => Promise<unknown>)[] = [
      (sessionKey) => revokeSession(prisma, { sessionKey }, { now: start }),
      () => purgeSessions(prisma, { now: after(50) }),
    ]
    for (const end of endings) {
      const dead = generateSessionKey()
      await trackSession(prisma, { userId: user.id, sessionKey: dead }, { now: after(-1750) })
      await end(dead)
      await expectRefused(database, dead, 'ERR_SESSION_ENDED')
    }
  })

  it('of a session that has expired is refused', async () => {
    const database = await signedIn()
    const dead = generateSessionKey()
    await trackSession(database.prisma, { userId: database.user.id, sessionKey: dead }, { now: after(-5000) })
    await expectRefused(database, dead, expect.stringMatching(/^ERR_SESSION_(ENDED|KEY_TAKEN)$/))
  })

  it('that is the old one is refused before any statement', async () => {
    const { prisma, sessionKey } = await signedIn()
    const before = await everything(prisma)
    const sessionId = hashSessionKey(sessionKey)
    for (const [field, input] of [
      ['newSessionKey', { sessionKey, newSessionKey: sessionKey }],
      ['newSessionId', { sessionId, newSessionId: sessionId }],
    ] as const) {
      const refusal = { code: 'ERR_INVALID_INPUT', field }
      await expect(rotateSessionKey(prisma, input, { now })).rejects.toMatchObject(refusal)
    }
    expect(await everything(prisma)).toEqual(before)
  })
})

describe('null is the answer, and nothing changes,', () => {
  /** Nothing is written, nor is the new key used up. */
  async function expectNothing(
    database: Database | Awaited<ReturnType<typeof signedIn>>,
    input: Rotation,
    options: object,
  ) {
    const { prisma } = database
    const before = await everything(prisma)
    expect(await rotateSessionKey(prisma, input, { now, ...options })).toBeNull()
    expect(await everything(prisma)).toEqual(before)
  }

  it('for a key that is unknown, its hash or its Session id alone', async () => {
    const database = await signedIn()
    const { prisma, user, sessionKey, newSessionKey } = database
    await expectNothing(database, { sessionKey: generateSessionKey(), newSessionKey }, {})
    await expectNothing(database, { sessionKey: hashSessionKey(sessionKey), newSessionKey }, {})
    await expectNothing(database, { sessionId: sessionKey, newSessionId: newSessionKey }, {})
    const input = { userId: user.id, sessionKey: newSessionKey }
    expect(await trackSession(prisma, input, { now })).toMatchObject({ endedAt: null })
  })

  it("for another library's session that nobody tracked", async () => {
    const { newSessionKey, ...database } = await signedIn()
    const sessionKey = generateSessionKey()
    const theirs = { id: hashSessionKey(sessionKey), createdAt: start, expiresAt: after(9000) }
    await database.prisma.session.create({ data: theirs })
    await expectNothing({ ...database, newSessionKey }, { sessionKey, newSessionKey }, {})
  })

  it('for a session that was revoked or rotated away', async () => {
    const database = await signedIn()
    const { prisma, sessionKey, newSessionKey } = database
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now })
    await expectNothing(database, { sessionKey, newSessionKey: generateSessionKey() }, {})
    await revokeSession(prisma, { sessionKey: newSessionKey }, { now })
    await expectNothing(database, { sessionKey: newSessionKey, newSessionKey: generateSessionKey() }, {})
  })

  it('for a session that has expired: at that time exactly, not 1 ms before', async () => {
    const { newSessionKey, ...database } = await signedIn()
    const input = { sessionKey: database.sessionKey, newSessionKey }
    await expectNothing({ ...database, newSessionKey }, input, { now: after(idle + 0.001) })
    await expectNothing({ ...database, newSessionKey }, input, { now: after(idle) })
    expect(await rotateSessionKey(database.prisma, input, { now: after(idle - 0.001) })).not.toBeNull()
  })

  it('for a session whose absolute end has come: at that time exactly, not 1 ms before', async () => {
    const { newSessionKey, ...database } = await signedIn()
    const input = { sessionKey: database.sessionKey, newSessionKey }
    const policy = { idleTimeoutSeconds: absolute }
    await touchActivity(database.prisma, { sessionKey: database.sessionKey }, { now: after(1000), policy })
    await expectNothing({ ...database, newSessionKey }, input, { now: after(absolute), policy })
    const options = { now: after(absolute - 0.001), policy }
    expect(await rotateSessionKey(database.prisma, input, options)).not.toBeNull()
  })

  it('for a session that a shortened policy has expired', async () => {
    const { newSessionKey, ...database } = await signedIn()
    const input = { sessionKey: database.sessionKey, newSessionKey }
    const policy = { idleTimeoutSeconds: 100 }
    await expectNothing({ ...database, newSessionKey }, input, { policy })
    expect(await rotateSessionKey(database.prisma, input, { now: after(99.999), policy })).not.toBeNull()
  })
})

describe('where another library owns the Session table', () => {
  async function theirSession() {
    const database = await openDatabase()
    const { prisma, user } = database
    const theirs = { createdAt: start, expiresAt: after(absolute) }
    await prisma.session.create({ data: { id: 'old', data: 'before', ...theirs } })
    const userSession = await trackSession(prisma, { userId: user.id, sessionId: 'old' }, { now: start })
    const addSession = (id: string) => prisma.session.create({ data: { id, data: 'new', ...theirs } })
    return { ...database, userSession, addSession }
  }
  const rotation = { sessionId: 'old', newSessionId: 'new' }

  it('the session moves to the row that is there, and the old row goes', async () => {
    const { prisma, user, userSession, addSession } = await theirSession()
    const row = await addSession('new')
    expect(await rotateSessionKey(prisma, rotation, { now })).toEqual({ ...userSession, sessionId: 'new' })
    expect(await prisma.session.findMany()).toEqual([row])
    expect(await touchActivity(prisma, { sessionId: 'new' }, { now })).toMatchObject({ id: userSession.id })
    expect(await touchActivity(prisma, { sessionId: 'old' }, { now })).toBeNull()
    await addSession('old')
    const again = trackSession(prisma, { userId: user.id, sessionId: 'old' }, { now })
    await expect(again).rejects.toThrow(SessionEndedError)
  })

  it('a new id without a row is refused, and nothing changes', async () => {
    const { prisma, addSession } = await theirSession()
    const before = await everything(prisma)
    const refusal = { code: 'ERR_INVALID_INPUT', field: 'newSessionId' }
    await expect(rotateSessionKey(prisma, rotation, { now })).rejects.toMatchObject(refusal)
    expect(await everything(prisma)).toEqual(before)
    await addSession('new')
    expect(await rotateSessionKey(prisma, rotation, { now })).not.toBeNull()
  })

  it('the row of another session is taken, and that of a dead one refused; nothing changes', async () => {
    const { prisma, user, addSession } = await theirSession()
    await addSession('new')
    await trackSession(prisma, { userId: user.id, sessionId: 'new' }, { now: start })
    const before = await everything(prisma)
    await expect(rotateSessionKey(prisma, rotation, { now })).rejects.toThrow(SessionKeyTakenError)
    expect(await everything(prisma)).toEqual(before)
    await revokeSession(prisma, { sessionId: 'new' }, { now })
    await addSession('new')
    const dead = await everything(prisma)
    await expect(rotateSessionKey(prisma, rotation, { now })).rejects.toThrow(SessionEndedError)
    expect(await everything(prisma)).toEqual(dead)
  })

  it('a new id is dead for as long as the history of the session, also where their rows end sooner', async () => {
    const { prisma, user, addSession } = await theirSession()
    await addSession('new')
    await prisma.session.updateMany({ data: { expiresAt: after(1000) } })
    await rotateSessionKey(prisma, rotation, { now })
    const policy = { idleTimeoutSeconds: 20_000 }
    const touched = await touchActivity(prisma, { sessionId: 'new' }, { now: after(900), policy })
    expect(touched).toMatchObject({ expiresAt: after(20_900) })
    await purgeSessions(prisma, { now: after(20_900 + retention - 1) })
    expect(await prisma.userSession.count()).toBe(2)
    await addSession('new')
    const again = trackSession(prisma, { userId: user.id, sessionId: 'new' }, { now: after(20_900) })
    await expect(again).rejects.toThrow(SessionEndedError)
  })

  it('unknown, expired and ended sessions are answered by null', async () => {
    const { prisma, addSession } = await theirSession()
    await addSession('new')
    const before = await everything(prisma)
    expect(await rotateSessionKey(prisma, { ...rotation, sessionId: 'unknown' }, { now })).toBeNull()
    expect(await rotateSessionKey(prisma, rotation, { now: after(idle) })).toBeNull()
    expect(await everything(prisma)).toEqual(before)
    await revokeSession(prisma, { sessionId: 'old' }, { now })
    expect(await rotateSessionKey(prisma, rotation, { now })).toBeNull()
  })
})

describe('wrong input', () => {
  const wrong = [undefined, null, '', ' \n', 5, true, ['key'], {}, { not: '' }, 'a\0', '\uD800', 'x'.repeat(4097)]

  it('is refused by its field before any statement, and nothing changes', async () => {
    const { prisma, sessionKey, newSessionKey } = await signedIn()
    const sessionId = hashSessionKey(sessionKey)
    const newSessionId = hashSessionKey(newSessionKey)
    let statements = 0
    const db = prisma.$extends({
      query: {
        $allOperations({ args, query }) {
          statements++
          return query(args)
        },
      },
    })
    const before = await everything(prisma)
    const inputs: [string, unknown][] = [
      ...wrong.flatMap((key): [string, unknown][] => [
        ['sessionKey', { sessionKey: key, newSessionKey }],
        ['newSessionKey', { sessionKey, newSessionKey: key }],
        ['sessionId', { sessionId: key, newSessionId }],
        ['newSessionId', { sessionId, newSessionId: key }],
      ]),
      ['sessionId', { sessionKey, newSessionId }],
      ['newSessionId', { sessionId, newSessionKey }],
      ['newSessionId', { sessionKey, newSessionKey, sessionId }],
      ['input', { sessionKey, sessionId, newSessionId }],
      ['input', { sessionKey, newSessionKey, userId: 1 }],
      ['input', { sessionId, newSessionId, userId: 1 }],
      ['newSessionKey', { sessionKey }],
      ['sessionKey', {}],
      ...[undefined, null, sessionKey, 5, [sessionKey, newSessionKey]].map((input): [string, unknown] => [
        'input',
        input,
      ]),
    ]
    for (const [field, input] of inputs) {
      const refusal = { code: 'ERR_INVALID_INPUT', field }
      await expect(rotateSessionKey(db, input as Rotation, { now }), field).rejects.toMatchObject(refusal)
    }
    const options: [string, unknown][] = [
      ['options', null],
      ['options', { now, reason: 'rotated' }],
      ['now', { now: start.toISOString() }],
      ['now', { now: new Date(NaN) }],
      ['retentionSeconds', { now, policy: { retentionSeconds: 0 } }],
    ]
    for (const [field, value] of options) {
      const rotation = rotateSessionKey(db, { sessionKey, newSessionKey }, value as object)
      await expect(rotation, field).rejects.toMatchObject({ field })
    }
    expect(statements).toBe(0)
    expect(await everything(prisma)).toEqual(before)
    expect(await rotateSessionKey(db, { sessionKey, newSessionKey }, { now })).not.toBeNull()
    expect(statements).toBeGreaterThan(0)
  })
})
