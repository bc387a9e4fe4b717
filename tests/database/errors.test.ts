import { describe, expect, inject, it } from 'vitest'
import type { PrismaClient } from '../../scripts/databases.ts'
import {
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
  type SessionClient,
} from '../../src/index.ts'
import {
  after,
  all,
  client,
  expectDatabaseErrors,
  locate,
  now,
  removing,
  signedIn,
  start,
  tells,
  thrownBy,
  verbs,
  type SignedIn,
} from './every-verb.ts'

/** adapter-libsql tells not always which of SQLite's errors says that a table or a column is missing. */
const orUnknown = (code: string): unknown =>
  inject('driver') === 'libsql' ? expect.stringMatching(new RegExp(`^(${code}|P2039)$`)) : code

describe('an error of the database says its code and nothing of what was stored or asked', () => {
  it("where Prisma's own error tells it all", async () => {
    const { prisma, sessionKey, secrets } = await signedIn()
    const id = hashSessionKey(sessionKey)
    const error = await thrownBy(() => prisma.session.create({ data: { id, nope: sessionKey } as never }))
    expect(tells(error, secrets)).toEqual([sessionKey, sessionKey.slice(0, 12), id, id.slice(0, 12)])
  })

  it('tables are missing', async () => {
    const session = await signedIn()
    for (const table of ['UserSession', 'Session']) await session.execute(`DROP TABLE "${table}"`)
    await expectDatabaseErrors(session.prisma, session, all, orUnknown('P2021'))
  })

  it('what is missing is said, with what to do about it', async () => {
    const session = await signedIn()
    await session.execute('ALTER TABLE "UserSession" DROP COLUMN "ipAddress"')
    for (const name of ['trackSession', 'touchActivity', 'listSessions']) {
      const error = await thrownBy(() => verbs[name]!(session.prisma, session))
      expect(error, name).toHaveProperty(
        'message',
        expect.stringContaining('a column is missing; apply the migrations'),
      )
    }
    await session.execute('DROP TABLE "UserSession"')
    const error = await thrownBy(() => verbs.listSessions!(session.prisma, session))
    expect(error).toHaveProperty('message', expect.stringContaining('a table is missing; apply the migrations'))
  })

  it('a column has another name', async () => {
    const session = await signedIn()
    await session.execute('ALTER TABLE "UserSession" RENAME COLUMN "expiresAt" TO "expires"')
    const reading = all.filter((name) => name !== 'anonymizeInactive')
    await expectDatabaseErrors(session.prisma, session, reading, orUnknown('P2022'))
  })

  it('a column is missing', async () => {
    const session = await signedIn()
    await session.execute('ALTER TABLE "UserSession" DROP COLUMN "ipAddress"')
    const reading = all.filter((name) => name !== 'purgeSessions')
    await expectDatabaseErrors(session.prisma, session, reading, orUnknown('P2022'))
  })

  it("the caller's transaction is over", async () => {
    const session = await signedIn()
    const over = await session.prisma.$transaction(async (tx) => ({ tx }))
    for (const name of all) {
      const error = await thrownBy(() => verbs[name]!(over.tx, session))
      expect(error, name).toMatchObject({ name: 'DatabaseError', code: 'ERR_DATABASE', databaseCode: 'P2028' })
      expect(tells(error, session.secrets), name).toEqual([])
    }
  })

  it("a row of the application's own refers to the session", async () => {
    const session = await signedIn()
    const { prisma, sessionKey, execute } = session
    await execute(`CREATE TABLE "Cart" ("id" VARCHAR(191), FOREIGN KEY ("id") REFERENCES "Session" ("id"))`)
    await execute(`INSERT INTO "Cart" VALUES ('${hashSessionKey(sessionKey)}')`)
    await expectDatabaseErrors(prisma, session, removing, 'P2003')
    expect(await touchActivity(prisma, { sessionKey }, { now })).toMatchObject({ endedAt: null })
  })

  it("a unique index of the application's own stands in the way", async () => {
    const session = await signedIn()
    await session.execute('CREATE UNIQUE INDEX "one" ON "UserSession" ("userId", "ipAddress")')
    await expectDatabaseErrors(session.prisma, session, ['trackSession'], 'P2002')
  })

  it('the schema of the client is another', async () => {
    const session = await signedIn()
    const misfit = session.prisma.$extends({
      query: { $allOperations: ({ args, query }) => query({ ...(args as object), unheardOf: client }) },
    }) as unknown as PrismaClient
    await expectDatabaseErrors(misfit, session, all, undefined)
    const error = await thrownBy(() => verbs.touchActivity!(misfit, session))
    expect((error as Error).message).toContain('the schema does not fit: Unknown argument `unheardOf`')
  })

  it('a value is not what the client takes', async () => {
    const session = await signedIn()
    const misfit = session.prisma.$extends({
      query: { $allOperations: ({ args, query }) => query({ ...(args as object), select: 5 }) },
    }) as unknown as PrismaClient
    await expectDatabaseErrors(misfit, session, all, undefined)
  })
})

describe('a refusal says what was wrong and nothing of what was passed', () => {
  type Refusal = [code: string, (db: SessionClient, session: SignedIn) => Promise<unknown>]
  const refusals: Record<string, Refusal> = {
    'a user who does not exist': [
      'ERR_USER_NOT_FOUND',
      (db, { newSessionKey }) =>
        trackSession(db, { userId: 999, sessionKey: newSessionKey, ...client }, { now, locate }),
    ],
    "another user's key": [
      'ERR_SESSION_KEY_TAKEN',
      (db, { other, sessionKey }) => trackSession(db, { userId: other.id, sessionKey, ...client }, { now, locate }),
    ],
    "another user's key, long over": [
      'ERR_SESSION_KEY_TAKEN',
      (db, { user, ended }) => trackSession(db, { userId: user.id, sessionKey: ended, ...client }, { now, locate }),
    ],
    'a Session row that is not tracked': [
      'ERR_SESSION_KEY_TAKEN',
      async (db, { user, newSessionKey }) => {
        const data = { id: hashSessionKey(newSessionKey), createdAt: start, expiresAt: start }
        await db.session.createMany({ data })
        return trackSession(db, { userId: user.id, sessionKey: newSessionKey, ...client }, { now, locate })
      },
    ],
    'a key whose session is over': [
      'ERR_SESSION_ENDED',
      (db, { other, ended }) => trackSession(db, { userId: other.id, sessionKey: ended, ...client }, { now, locate }),
    ],
    'a key whose session has expired': [
      'ERR_SESSION_ENDED',
      (db, { user, sessionKey }) => trackSession(db, { userId: user.id, sessionKey }, { now: after(5000), locate }),
    ],
    'a Session id without a row': [
      'ERR_INVALID_INPUT',
      (db, { user, newSessionKey }) => trackSession(db, { userId: user.id, sessionId: newSessionKey }, { now, locate }),
    ],
    'data for a row of another library': [
      'ERR_INVALID_INPUT',
      (db, { user, newSessionKey }) =>
        trackSession(db, { userId: user.id, sessionId: newSessionKey, ...client }, { now, locate }),
    ],
    'a new key in use': [
      'ERR_SESSION_KEY_TAKEN',
      async (db, { user, sessionKey, newSessionKey }) => {
        await trackSession(db, { userId: user.id, sessionKey: newSessionKey, ...client }, { now, locate })
        return rotateSessionKey(db, { sessionKey, newSessionKey }, { now })
      },
    ],
    'a new key that is over': [
      'ERR_SESSION_ENDED',
      (db, { sessionKey, ended }) => rotateSessionKey(db, { sessionKey, newSessionKey: ended }, { now }),
    ],
    'a new key that is the old one': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey }) => rotateSessionKey(db, { sessionKey, newSessionKey: sessionKey }, { now }),
    ],
    'a new Session id without a row': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey, newSessionKey }) => {
        const sessionId = hashSessionKey(sessionKey)
        return rotateSessionKey(db, { sessionId, newSessionId: hashSessionKey(newSessionKey) }, { now })
      },
    ],
    'a key in place of the user': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey }) => trackSession(db, { userId: sessionKey, sessionKey, ...client }, { now, locate }),
    ],
    'a key with a NUL character': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey }) => touchActivity(db, { sessionKey: `${sessionKey}\0${client.userAgent}` }, { now }),
    ],
    'keys in a list': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey, ended }) => revokeSession(db, { sessionKey: [sessionKey, ended] as never }, { now }),
    ],
    'a key in a filter': [
      'ERR_INVALID_INPUT',
      (db, { user, sessionKey }) =>
        revokeOtherSessions(db, { userId: user.id, sessionKey: { startsWith: sessionKey } as never }, { now }),
    ],
    'a key as the name of a property': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey }) => rotateSessionKey(db, { sessionKey, [sessionKey]: client.ipAddress } as never, { now }),
    ],
    'a key as the whole input': ['ERR_INVALID_INPUT', (db, { sessionKey }) => revokeSessions(db, sessionKey as never)],
    'a key as the database': [
      'ERR_INVALID_INPUT',
      (_, { sessionKey }) => touchActivity(sessionKey as never, { sessionKey }),
    ],
    'an object with secrets as the database': [
      'ERR_INVALID_INPUT',
      (_, { sessionKey }) => touchActivity({ [sessionKey]: sessionKey } as never, { sessionKey }),
    ],
    'data that is no JSON': [
      'ERR_INVALID_INPUT',
      (db, { user, newSessionKey, sessionKey }) => {
        const data = { [sessionKey]: () => client.userAgent, [client.ipAddress]: 1n }
        return trackSession(db, { userId: user.id, sessionKey: newSessionKey, ...client, data }, { now, locate })
      },
    ],
    'a key as the reason': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey }) => revokeSession(db, { sessionKey }, { now, reason: `${sessionKey} A` }),
    ],
    'a key as the cursor': [
      'ERR_INVALID_INPUT',
      (db, { user, sessionKey }) => listSessions(db, { userId: user.id }, { now, cursor: sessionKey }),
    ],
    'a key as the name of an option': [
      'ERR_INVALID_INPUT',
      (db, { sessionKey }) => purgeSessions(db, { now, [sessionKey]: sessionKey }),
    ],
    'a key as the time': ['ERR_INVALID_INPUT', (db, { sessionKey }) => purgeSessions(db, { now: sessionKey as never })],
    'a key in the policy': [
      'ERR_INVALID_POLICY',
      (db, { sessionKey }) =>
        touchActivity(db, { sessionKey }, { now, policy: { [sessionKey]: sessionKey, retentionSeconds: 1 } }),
    ],
    'a key as the policy': [
      'ERR_INVALID_POLICY',
      (db, { user, sessionKey }) => listSessions(db, { userId: user.id }, { now, policy: sessionKey as never }),
    ],
  }
  const names: Record<string, string> = {
    ERR_INVALID_INPUT: 'InvalidInputError',
    ERR_INVALID_POLICY: 'InvalidPolicyError',
    ERR_USER_NOT_FOUND: 'UserNotFoundError',
    ERR_SESSION_KEY_TAKEN: 'SessionKeyTakenError',
    ERR_SESSION_ENDED: 'SessionEndedError',
  }

  it.each(Object.entries(refusals))("%s, also in the caller's transaction", async (_, [code, call]) => {
    for (const isInTransaction of [false, true]) {
      const session = await signedIn()
      const { prisma, secrets } = session
      const error = await thrownBy(() =>
        isInTransaction ? prisma.$transaction((tx) => call(tx, session)) : call(prisma, session),
      )
      expect(error).toBeInstanceOf(SessionTrackingError)
      expect(error).toMatchObject({ name: names[code], code })
      expect((error as Error).message).toMatch(/^Cannot [a-z ]+: [a-zA-Z]+ must be [^:]+(: |$)/)
      expect('field' in (error as object)).toBe(code.startsWith('ERR_INVALID'))
      expect(tells(error, secrets)).toEqual([])
    }
  })
})

describe("an error of the application's own client extension", () => {
  it.each(all)('passes through %s as it is', async (name) => {
    const session = await signedIn()
    const refused = new Error('Not today')
    const db = session.prisma.$extends({
      query: {
        $allOperations() {
          throw refused
        },
      },
    }) as unknown as PrismaClient
    expect(await thrownBy(() => verbs[name]!(db, session))).toBe(refused)
    expect(await thrownBy(() => db.$transaction((tx) => verbs[name]!(tx, session)))).toBe(refused)
  })

  it('in the middle of a sign-in, an end and a rotation takes all of it back', async () => {
    for (const [name, operation] of [
      ['trackSession', 'create'],
      ['revokeSessions', 'deleteMany'],
      ['rotateSessionKey', 'create'],
    ] as const) {
      const session = await signedIn()
      const refused = new Error('Not today')
      const db = session.prisma.$extends({
        query: {
          async $allOperations({ operation: sent, args, query }) {
            if (sent === operation) throw refused
            return query(args)
          },
        },
      })
      const before = await everything(session)
      expect(await thrownBy(() => verbs[name]!(db, session))).toBe(refused)
      expect(await everything(session), name).toEqual(before)
    }
  })
})

async function everything({ prisma }: SignedIn): Promise<unknown> {
  const orderBy = { id: 'asc' } as const
  return [await prisma.session.findMany({ orderBy }), await prisma.userSession.findMany({ orderBy })]
}
