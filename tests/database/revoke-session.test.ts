import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  generateSessionKey,
  hashSessionKey,
  revokeOtherSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionEndedError,
  touchActivity,
  trackSession,
  type Credential,
  type OwnedSession,
} from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const now = after(100)

/** A user with one session, and another user with one. */
async function signedIn() {
  const { prisma, user } = await openDatabase()
  const other = await prisma.user.create({ data: { email: 'other@example.com' } })
  const [sessionKey, otherKey] = [generateSessionKey(), generateSessionKey()]
  const userSession = await trackSession(prisma, { userId: user.id, sessionKey }, { now: start })
  const otherSession = await trackSession(prisma, { userId: other.id, sessionKey: otherKey }, { now: start })
  return { prisma, user, sessionKey, userSession, other, otherKey, otherSession }
}
type SignedIn = Awaited<ReturnType<typeof signedIn>>

const track = async ({ prisma, user }: Pick<SignedIn, 'prisma' | 'user'>, createdAt = start): Promise<string> => {
  const sessionKey = generateSessionKey()
  await trackSession(prisma, { userId: user.id, sessionKey }, { now: createdAt })
  return sessionKey
}

async function everything(prisma: Database['prisma']): Promise<unknown> {
  const orderBy = { id: 'asc' } as const
  return [await prisma.session.findMany({ orderBy }), await prisma.userSession.findMany({ orderBy })]
}

const keysThatAreNone = [
  undefined,
  null,
  '',
  ' \t',
  5,
  true,
  ['key'],
  {},
  { not: '' },
  { contains: '' },
  'a\0',
  '\uD800',
]
const idsThatAreNone = [...keysThatAreNone, 'x'.repeat(256)]
const userIdsThatAreNone = [undefined, null, '', '1', 1.5, NaN, 2 ** 31, 1n, true, [1], {}, { not: 0 }, { gt: 0 }]

describe('revokeSession', () => {
  const ways: [string, string, (session: SignedIn) => OwnedSession<number> | Credential][] = [
    ['its public id and owner', 'revoked', ({ user, userSession }) => ({ userId: user.id, id: userSession.id })],
    ['its key', 'signed-out', ({ sessionKey }) => ({ sessionKey })],
    ['the id of its Session row', 'signed-out', ({ sessionKey }) => ({ sessionId: hashSessionKey(sessionKey) })],
  ]

  describe.each(ways)('by %s', (_, reason, named) => {
    it('ends a live session, removes its Session row and keeps its history', async () => {
      const session = await signedIn()
      const { prisma, userSession, otherSession } = session
      expect(await revokeSession(prisma, named(session), { now })).toBe(true)
      expect(await prisma.userSession.findUniqueOrThrow({ where: { id: userSession.id } })).toEqual({
        ...userSession,
        sessionId: null,
        endedAt: now,
        endReason: reason,
      })
      expect(await prisma.userSession.findUniqueOrThrow({ where: { id: otherSession.id } })).toEqual(otherSession)
      expect(await prisma.session.findMany({ select: { id: true } })).toEqual([{ id: otherSession.sessionId }])
    })

    it('leaves a key that is refused from then on', async () => {
      const session = await signedIn()
      const { prisma, user, sessionKey } = session
      await revokeSession(prisma, named(session), { now })
      expect(await touchActivity(prisma, { sessionKey }, { now })).toBeNull()
      await expect(trackSession(prisma, { userId: user.id, sessionKey }, { now })).rejects.toThrow(SessionEndedError)
      expect(await touchActivity(prisma, { sessionKey }, { now })).toBeNull()
    })

    it('answers false the second time, and the first end stands', async () => {
      const session = await signedIn()
      await revokeSession(session.prisma, named(session), { now, reason: 'limit' })
      const before = await everything(session.prisma)
      expect(await revokeSession(session.prisma, named(session), { now: after(200) })).toBe(false)
      expect(await everything(session.prisma)).toEqual(before)
    })

    it('ends it up to 1 ms before it expires', async () => {
      const session = await signedIn()
      expect(await revokeSession(session.prisma, named(session), { now: after(1799.999) })).toBe(true)
      expect(await session.prisma.session.count()).toBe(1)
    })

    it('answers false from exactly when it expires, and changes nothing', async () => {
      const session = await signedIn()
      const before = await everything(session.prisma)
      expect(await revokeSession(session.prisma, named(session), { now: after(1800) })).toBe(false)
      expect(await revokeSession(session.prisma, named(session), { now: after(1800.001) })).toBe(false)
      expect(await everything(session.prisma)).toEqual(before)
    })

    it('goes by the end that is stored where the policy has become longer since', async () => {
      const session = await signedIn()
      await session.prisma.userSession.updateMany({ data: { expiresAt: after(60) } })
      expect(await revokeSession(session.prisma, named(session), { now: after(60) })).toBe(false)
      expect(await revokeSession(session.prisma, named(session), { now: after(59.999) })).toBe(true)
    })

    it('takes a session for over that a shortened policy has expired', async () => {
      const session = await signedIn()
      const before = await everything(session.prisma)
      const policy = { idleTimeoutSeconds: 100 }
      expect(await revokeSession(session.prisma, named(session), { now, policy })).toBe(false)
      expect(await everything(session.prisma)).toEqual(before)
      expect(await revokeSession(session.prisma, named(session), { now: after(99.999), policy })).toBe(true)
    })

    it("keeps the application's own reason", async () => {
      for (const own of ['limit', 'a', 'password-reset', 'step-2', `x${'y'.repeat(63)}`]) {
        const session = await signedIn()
        expect(await revokeSession(session.prisma, named(session), { now, reason: own })).toBe(true)
        const { id } = session.userSession
        expect(await session.prisma.userSession.findUnique({ where: { id } })).toMatchObject({ endReason: own })
      }
    })
  })

  it('answers false for what there is not, and changes nothing', async () => {
    const { prisma, user, sessionKey, otherKey, other, userSession, otherSession } = await signedIn()
    const newSessionKey = generateSessionKey()
    await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now: start })
    const reservation = await prisma.userSession.findFirstOrThrow({ where: { endReason: 'rotated' } })
    const before = await everything(prisma)
    const inputs: Record<string, OwnedSession<number> | Credential> = {
      'an unknown id': { userId: user.id, id: 'unknown' },
      'an unknown user': { userId: 999, id: userSession.id },
      "another user's session": { userId: user.id, id: otherSession.id },
      'a session of the user for another user': { userId: other.id, id: userSession.id },
      'what reserves a rotated key': { userId: user.id, id: reservation.id },
      'the key in place of the id': { userId: user.id, id: newSessionKey },
      'the Session id in place of the id': { userId: user.id, id: hashSessionKey(newSessionKey) },
      'an unknown key': { sessionKey: generateSessionKey() },
      'a key that was rotated away': { sessionKey },
      'the hash in place of the key': { sessionKey: hashSessionKey(otherKey) },
      'the key in place of the Session id': { sessionId: otherKey },
      'an unknown Session id': { sessionId: 'unknown' },
    }
    const revoked: string[] = []
    for (const [name, input] of Object.entries(inputs)) {
      if (await revokeSession(prisma, input, { now })) revoked.push(name)
    }
    expect(revoked).toEqual([])
    expect(await everything(prisma)).toEqual(before)
  })

  it("removes the row of another library's Session table too", async () => {
    const { prisma, user } = await openDatabase()
    await prisma.session.create({
      data: { id: 'theirs', data: { cart: [1] }, createdAt: start, expiresAt: after(9000) },
    })
    await trackSession(prisma, { userId: user.id, sessionId: 'theirs' }, { now: start })
    expect(await revokeSession(prisma, { sessionId: 'theirs' }, { now })).toBe(true)
    expect(await prisma.session.count()).toBe(0)
    expect(await prisma.userSession.findMany()).toMatchObject([{ sessionId: null, endReason: 'signed-out' }])
  })
})

describe('revokeOtherSessions', () => {
  it.each([
    ['key', (sessionKey: string) => ({ sessionKey })],
    ['Session id', (sessionKey: string) => ({ sessionId: hashSessionKey(sessionKey) })],
  ])('spares the session with this %s and other users, and ends the rest', async (_, named) => {
    const session = await signedIn()
    const { prisma, user, sessionKey, otherKey } = session
    const rest = [await track(session), await track(session)]
    expect(await revokeOtherSessions(prisma, { userId: user.id, ...named(sessionKey) }, { now })).toBe(2)
    for (const key of rest) expect(await touchActivity(prisma, { sessionKey: key }, { now })).toBeNull()
    for (const key of [sessionKey, otherKey]) {
      expect(await touchActivity(prisma, { sessionKey: key }, { now })).not.toBeNull()
    }
    const ended = await prisma.userSession.findMany({ where: { NOT: { endedAt: null } } })
    expect(ended).toMatchObject(
      rest.map(() => ({ userId: user.id, sessionId: null, endedAt: now, endReason: 'revoked' })),
    )
    expect(await prisma.session.count()).toBe(2)
  })

  it('counts live sessions only, and leaves the others as they are', async () => {
    const session = await signedIn()
    const { prisma, user, sessionKey } = session
    const [ended, rotated] = [await track(session), await track(session)]
    await track(session, after(-1700)) // Expires exactly now.
    await revokeSession(prisma, { sessionKey: ended }, { now: start, reason: 'limit' })
    await rotateSessionKey(prisma, { sessionKey: rotated, newSessionKey: generateSessionKey() }, { now: start })
    const isOver = { OR: [{ expiresAt: { lte: now } }, { NOT: { endedAt: null } }] }
    const before = await prisma.userSession.findMany({ where: isOver, orderBy: { id: 'asc' } })
    expect(before).toHaveLength(3)
    const count = await revokeOtherSessions(prisma, { userId: user.id, sessionKey }, { now, reason: 'theft' })
    expect(count).toBe(1)
    const ids = before.map(({ id }) => id)
    const left = await prisma.userSession.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } })
    expect(left).toEqual(before)
    expect(await prisma.userSession.count({ where: { endReason: 'theft' } })).toBe(1)
  })

  it.each([
    ['unknown', () => generateSessionKey()],
    ["another user's", ({ otherKey }: SignedIn) => otherKey],
  ])('spares none for a key that is %s', async (_, strange) => {
    const session = await signedIn()
    const { prisma, user, otherKey, sessionKey } = session
    const second = await track(session)
    expect(await revokeOtherSessions(prisma, { userId: user.id, sessionKey: strange(session) }, { now })).toBe(2)
    for (const key of [sessionKey, second]) expect(await touchActivity(prisma, { sessionKey: key }, { now })).toBeNull()
    expect(await touchActivity(prisma, { sessionKey: otherKey }, { now })).not.toBeNull()
  })
})

describe('revokeSessions', () => {
  it("ends the user's live sessions, once, and nobody else's", async () => {
    const session = await signedIn()
    const { prisma, user, otherSession } = session
    await track(session)
    await track(session, after(-1700)) // Expires exactly now.
    expect(await revokeSessions(prisma, { userId: user.id }, { now })).toBe(2)
    expect(await revokeSessions(prisma, { userId: user.id }, { now })).toBe(0)
    expect(await prisma.userSession.findUnique({ where: { id: otherSession.id } })).toEqual(otherSession)
    const mine = await prisma.userSession.findMany({ where: { userId: user.id }, orderBy: { createdAt: 'asc' } })
    expect(mine.map(({ endedAt, endReason }) => [endedAt, endReason])).toEqual([
      [null, null],
      [now, 'revoked'],
      [now, 'revoked'],
    ])
  })

  it('answers 0 for a user who has none or does not exist', async () => {
    const { prisma, user } = await openDatabase()
    for (const userId of [user.id, 999, -1]) expect(await revokeSessions(prisma, { userId }, { now })).toBe(0)
  })

  it('ends 1,201 sessions, at most 500 to a statement', async () => {
    const { prisma, user } = await openDatabase()
    const ids = Array.from({ length: 1201 }, (_, index) => `session-${index}`)
    const dates = { createdAt: start, expiresAt: after(1800) }
    await prisma.session.createMany({ data: ids.map((id) => Object.assign({ id }, dates)) })
    const rest = { userId: user.id, lastActivity: start, ...dates }
    await prisma.userSession.createMany({ data: ids.map((id) => Object.assign({ id, sessionId: id }, rest)) })
    const batches: number[] = []
    const db = prisma.$extends({
      query: {
        userSession: {
          async updateMany({ args, query }) {
            const result = await query(args)
            batches.push(result.count)
            return result
          },
        },
      },
    })
    expect(await revokeSessions(db, { userId: user.id }, { now, reason: 'account-closed' })).toBe(1201)
    expect(batches.reduce((sum, count) => sum + count)).toBe(1201)
    expect(Math.max(...batches)).toBeLessThanOrEqual(500)
    expect(await prisma.session.count()).toBe(0)
    expect(await prisma.userSession.count({ where: { endReason: 'account-closed', sessionId: null } })).toBe(1201)
  })
})

type Call = [field: string, call: () => Promise<unknown>]

/** By which field each call is refused, and by which it should be. Nothing may be sent or changed. */
async function refusals(callsOn: (db: SignedIn['prisma'], session: SignedIn) => Call[]) {
  const session = await signedIn()
  let statements = 0
  const db = session.prisma.$extends({
    query: {
      $allOperations({ args, query }) {
        statements++
        return query(args)
      },
    },
  }) as unknown as SignedIn['prisma']
  const before = await everything(session.prisma)
  const calls = callsOn(db, session)
  const outcomes = await Promise.allSettled(calls.map(([, call]) => call()))
  expect(statements).toBe(0)
  expect(await everything(session.prisma)).toEqual(before)
  // The client does count what is sent, and there was a session to be revoked.
  expect(await revokeSession(db, { sessionKey: session.sessionKey }, { now })).toBe(true)
  expect(statements).toBeGreaterThan(0)
  return {
    received: outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value : [outcome.reason.code, outcome.reason.field],
    ),
    expected: calls.map(([field]) => [field.endsWith('Seconds') ? 'ERR_INVALID_POLICY' : 'ERR_INVALID_INPUT', field]),
  }
}

describe('refuses before any statement, with every row as it was,', () => {
  it.each(userIdsThatAreNone.map((value) => [inspect(value), value]))('%s as the userId', async (_, value) => {
    const userId = value as number
    const { received, expected } = await refusals((db, { sessionKey, userSession: { id } }) => [
      ['userId', () => revokeSession(db, { userId, id }, { now })],
      ['userId', () => revokeOtherSessions(db, { userId, sessionKey }, { now })],
      ['userId', () => revokeSessions(db, { userId }, { now })],
    ])
    expect(received).toEqual(expected)
  })

  it('an id that is no text', async () => {
    const { received, expected } = await refusals((db, { user }) =>
      idsThatAreNone.map((id) => ['id', () => revokeSession(db, { userId: user.id, id: id as string }, { now })]),
    )
    expect(received).toEqual(expected)
  })

  it('a key or Session id that is no text', async () => {
    const { received, expected } = await refusals((db, { user: { id: userId } }) =>
      [...keysThatAreNone, 'x'.repeat(4097)].flatMap((value): Call[] => {
        const key = value as string
        // Without either, it is the key that is missed.
        const field = value === undefined ? 'sessionKey' : 'sessionId'
        return [
          ['sessionKey', () => revokeSession(db, { sessionKey: key }, { now })],
          ['sessionKey', () => revokeOtherSessions(db, { userId, sessionKey: key }, { now })],
          [field, () => revokeSession(db, { sessionId: key }, { now })],
          [field, () => revokeOtherSessions(db, { userId, sessionId: key }, { now })],
        ]
      }),
    )
    expect(received).toEqual(expected)
  })

  it('mixtures, missing and unknown properties', async () => {
    const { received, expected } = await refusals((db, { user: { id: userId }, sessionKey, userSession: { id } }) => {
      const sessionId = hashSessionKey(sessionKey)
      const one = (field: string, input: unknown): Call => [
        field,
        () => revokeSession(db, input as Credential, { now }),
      ]
      const others = (field: string, input: unknown): Call => [
        field,
        () => revokeOtherSessions(db, input as Credential & { userId: number }, { now }),
      ]
      const every = (field: string, input: unknown): Call => [
        field,
        () => revokeSessions(db, input as { userId: number }, { now }),
      ]
      const noObjects = [undefined, null, 'text', 5, [], true]
      return [
        one('input', { userId, id, sessionKey }),
        one('input', { userId, id, sessionId }),
        one('input', { userId, id, where: {} }),
        one('id', { userId }),
        one('id', { userId, sessionKey }),
        one('userId', { id }),
        one('userId', { userId: undefined, id }),
        one('id', { userId: undefined, sessionKey }),
        one('sessionKey', { sessionKey, sessionId }),
        one('sessionKey', {}),
        one('input', { sessionKey, reason: 'limit' }),
        one('input', { sessionkey: sessionKey }),
        others('input', { userId, sessionKey, id }),
        others('sessionKey', { userId, sessionKey, sessionId }),
        others('sessionKey', { userId }),
        others('userId', { sessionKey }),
        every('input', { userId, sessionKey }),
        every('userId', {}),
        ...noObjects.flatMap((input) => [one('input', input), others('input', input), every('input', input)]),
      ]
    })
    expect(received).toEqual(expected)
  })

  it('a reason that is not a plain word', async () => {
    const reasons = [
      '',
      ' ',
      'Limit',
      '1st',
      '-x',
      'two words',
      'limit\n',
      'ünlawful',
      'x'.repeat(65),
      5,
      null,
      {},
      ['a'],
    ]
    const { received, expected } = await refusals((db, { user: { id: userId }, sessionKey, userSession: { id } }) =>
      reasons.flatMap((value): Call[] => {
        const options = { now, reason: value as string }
        return [
          ['reason', () => revokeSession(db, { userId, id }, options)],
          ['reason', () => revokeSession(db, { sessionKey }, options)],
          ['reason', () => revokeOtherSessions(db, { userId, sessionKey: 'x' }, options)],
          ['reason', () => revokeSessions(db, { userId }, options)],
        ]
      }),
    )
    expect(received).toEqual(expected)
  })

  it('other wrong options', async () => {
    const options: [string, unknown][] = [
      ['options', null],
      ['options', 'limit'],
      ['options', { now, limit: 5 }],
      ['now', { now: start.getTime() }],
      ['now', { now: start.toISOString() }],
      ['now', { now: new Date(NaN) }],
      ['now', { now: null }],
      ['idleTimeoutSeconds', { now, policy: { idleTimeoutSeconds: -1 } }],
    ]
    const { received, expected } = await refusals((db, { user: { id: userId }, sessionKey, userSession: { id } }) =>
      options.flatMap(([field, wrong]): Call[] => [
        [field, () => revokeSession(db, { userId, id }, wrong as object)],
        [field, () => revokeSession(db, { sessionKey }, wrong as object)],
        [field, () => revokeOtherSessions(db, { userId, sessionKey: 'x' }, wrong as object)],
        [field, () => revokeSessions(db, { userId }, wrong as object)],
      ]),
    )
    expect(received).toEqual(expected)
  })
})
