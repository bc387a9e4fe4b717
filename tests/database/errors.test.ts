import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/prisma/client.ts'
import {
  DatabaseError,
  generateSessionKey,
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
import { connect } from '../../scripts/databases.ts'
import { openDatabase } from './open-database.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const now = after(100)

const client = {
  ipAddress: '2001:db8:85a3::8a2e:370:7334',
  userAgent: 'Recognisable-Agent/77.3 (Windows NT 10.0)',
  data: { note: 'Remembered-with-the-session' },
}
const locate = async () => null

/** A user with two sessions, and everything that no error may tell. */
async function signedIn() {
  const { prisma, user } = await openDatabase()
  const other = await prisma.user.create({ data: { email: 'other@example.com' } })
  const keys = Array.from({ length: 4 }, generateSessionKey) as [string, string, string, string]
  const [sessionKey, ended, newSessionKey] = keys
  const { id } = await trackSession(prisma, { userId: user.id, sessionKey, ...client }, { now: start, locate })
  await trackSession(prisma, { userId: other.id, sessionKey: ended, ...client }, { now: start, locate })
  await revokeSession(prisma, { sessionKey: ended }, { now: start })
  return { prisma, user, other, id, sessionKey, ended, newSessionKey, secrets: secretsOf(keys) }
}
type SignedIn = Awaited<ReturnType<typeof signedIn>>

const secretsOf = (keys: string[]): string[] => {
  const texts = [...keys, ...keys.map(hashSessionKey), client.ipAddress, client.userAgent, client.data.note]
  return texts.flatMap((text) => [text, text.slice(0, 12)])
}

/** One call of each verb that would change or find something. */
const verbs: Record<string, (db: SessionClient, session: SignedIn) => Promise<unknown>> = {
  trackSession: (db, { user, newSessionKey }) =>
    trackSession(db, { userId: user.id, sessionKey: newSessionKey, ...client }, { now, locate }),
  touchActivity: (db, { sessionKey }) => touchActivity(db, { sessionKey }, { now }),
  listSessions: (db, { user, sessionKey }) => listSessions(db, { userId: user.id }, { now, current: sessionKey }),
  'revokeSession by id': (db, { user, id }) => revokeSession(db, { userId: user.id, id }, { now }),
  'revokeSession by key': (db, { sessionKey }) => revokeSession(db, { sessionKey }, { now }),
  revokeOtherSessions: (db, { user, newSessionKey }) =>
    revokeOtherSessions(db, { userId: user.id, sessionKey: newSessionKey }, { now }),
  revokeSessions: (db, { user }) => revokeSessions(db, { userId: user.id }, { now }),
  rotateSessionKey: (db, { sessionKey, newSessionKey }) => rotateSessionKey(db, { sessionKey, newSessionKey }, { now }),
  purgeSessions: (db) => purgeSessions(db, { now: after(5000) }),
}
const all = Object.keys(verbs)
const writing = all.filter((name) => name !== 'listSessions')
const removing = writing.filter((name) => name !== 'trackSession' && name !== 'touchActivity')

/** Everything that a log could print of an error: its own properties, hidden ones too, and those of its causes. */
function textOf(value: unknown, seen = new Set<unknown>()): string {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  const own = Reflect.ownKeys(value).map((key) => `${String(key)}: ${textOf(Reflect.get(value, key), seen)}`)
  return [inspect(value, { depth: Infinity, showHidden: true }), ...own].join('\n')
}

const thrownBy = async (call: () => Promise<unknown>): Promise<unknown> => {
  const [outcome] = await Promise.allSettled([call()])
  expect(outcome.status).toBe('rejected')
  return (outcome as PromiseRejectedResult).reason
}

const tells = (error: unknown, secrets: string[]): string[] =>
  secrets.filter((secret) => textOf(error).includes(secret))

/** Makes the verbs fail, outside a transaction and in one of the caller's. */
async function expectDatabaseErrors(db: PrismaClient, session: SignedIn, names: string[], code: unknown) {
  for (const name of names) {
    for (const call of [() => verbs[name]!(db, session), () => db.$transaction((tx) => verbs[name]!(tx, session))]) {
      const error = await thrownBy(call)
      expect(error, name).toBeInstanceOf(DatabaseError)
      expect(error).toBeInstanceOf(SessionTrackingError)
      expect(error, name).toMatchObject({ name: 'DatabaseError', code: 'ERR_DATABASE', databaseCode: code })
      expect((error as Error).message).toMatch(/^Cannot [a-z ]+: database failed: /)
      expect(tells(error, session.secrets), name).toEqual([])
    }
  }
}

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
    for (const table of ['UserSession', 'Session']) await session.prisma.$executeRawUnsafe(`DROP TABLE "${table}"`)
    await expectDatabaseErrors(session.prisma, session, all, orUnknown('P2021'))
  })

  it('what is missing is said, with what to do about it', async () => {
    const session = await signedIn()
    await session.prisma.$executeRawUnsafe('ALTER TABLE "UserSession" DROP COLUMN "ipAddress"')
    for (const name of ['trackSession', 'touchActivity', 'listSessions']) {
      const error = await thrownBy(() => verbs[name]!(session.prisma, session))
      expect(error, name).toHaveProperty(
        'message',
        expect.stringContaining('a column is missing; apply the migrations'),
      )
    }
    await session.prisma.$executeRawUnsafe('DROP TABLE "UserSession"')
    const error = await thrownBy(() => verbs.listSessions!(session.prisma, session))
    expect(error).toHaveProperty('message', expect.stringContaining('a table is missing; apply the migrations'))
  })

  it('a column has another name', async () => {
    const session = await signedIn()
    await session.prisma.$executeRawUnsafe('ALTER TABLE "UserSession" RENAME COLUMN "expiresAt" TO "expires"')
    await expectDatabaseErrors(session.prisma, session, all, orUnknown('P2022'))
  })

  it('a column is missing', async () => {
    const session = await signedIn()
    await session.prisma.$executeRawUnsafe('ALTER TABLE "UserSession" DROP COLUMN "ipAddress"')
    const reading = all.filter((name) => name !== 'purgeSessions')
    await expectDatabaseErrors(session.prisma, session, reading, orUnknown('P2022'))
  })

  it('the database is locked by another connection, and serves again when it is not', async () => {
    const session = await signedIn()
    // A copy, since that is in the journal mode that SQLite has by default, where a writer keeps readers out as well.
    const file = `${inject('directory')}/locked-${generateSessionKey()}`
    await session.prisma.$executeRawUnsafe(`VACUUM INTO '${file}'`)
    const locking = connect(inject('driver'), `file:${file}`)
    const hurried = new PrismaClient({ adapter: hurriedAdapter(`file:${file}`) })
    onTestFinished(async () => void (await Promise.all([locking.$disconnect(), hurried.$disconnect()])))
    await locking.$executeRawUnsafe('BEGIN EXCLUSIVE')
    await expectDatabaseErrors(hurried, session, all, 'P1008')
    await locking.$executeRawUnsafe('ROLLBACK')
    for (const name of all) await expect(verbs[name]!(hurried, session)).resolves.toBeDefined()
  })

  it('the file is no database', async () => {
    const session = await signedIn()
    const file = `${inject('directory')}/no-database-${generateSessionKey()}`
    writeFileSync(file, 'There is no database in here. '.repeat(100))
    const prisma = connect(inject('driver'), `file:${file}`)
    onTestFinished(() => prisma.$disconnect())
    await expectDatabaseErrors(prisma, session, all, 'P2039')
  })

  it('the database is read-only', async () => {
    const session = await signedIn()
    for (const name of writing) {
      const error = await session.prisma.$transaction(async (tx) => {
        await tx.$executeRawUnsafe('PRAGMA query_only = ON')
        const thrown = await thrownBy(() => verbs[name]!(tx, session))
        await tx.$executeRawUnsafe('PRAGMA query_only = OFF')
        return thrown
      })
      expect(error).toMatchObject({ name: 'DatabaseError', code: 'ERR_DATABASE', databaseCode: 'P2039' })
      expect(tells(error, session.secrets)).toEqual([])
    }
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
    const { prisma, sessionKey } = session
    await prisma.$executeRawUnsafe('CREATE TABLE "Cart" ("sessionId" TEXT NOT NULL REFERENCES "Session" ("id"))')
    await prisma.$executeRawUnsafe('INSERT INTO "Cart" VALUES (?)', hashSessionKey(sessionKey))
    await expectDatabaseErrors(prisma, session, removing, 'P2003')
    expect(await touchActivity(prisma, { sessionKey }, { now })).toMatchObject({ endedAt: null })
  })

  it("a unique index of the application's own stands in the way", async () => {
    const session = await signedIn()
    await session.prisma.$executeRawUnsafe('CREATE UNIQUE INDEX "one" ON "UserSession" ("userId", "ipAddress")')
    await expectDatabaseErrors(session.prisma, session, ['trackSession'], 'P2002')
  })

  // The adapters give a trigger's refusal the code of a foreign key, which at a sign-in is that of the user.
  it('a trigger refuses what is written and says what it was', async () => {
    const session = await signedIn()
    const { prisma, sessionKey, secrets } = session
    for (const table of ['Session', 'UserSession']) {
      for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
        const says = `Refused: ${secrets.join(' ')}`
        await prisma.$executeRawUnsafe(
          `CREATE TRIGGER "${table}${event}" BEFORE ${event} ON "${table}" BEGIN SELECT RAISE(ABORT, '${says}'); END`,
        )
      }
    }
    const data = { id: hashSessionKey(sessionKey), createdAt: start, expiresAt: start }
    expect(tells(await thrownBy(() => prisma.session.create({ data })), secrets)).toEqual(secrets)
    for (const name of writing) {
      const error = await thrownBy(() => verbs[name]!(prisma, session))
      expect(error, name).toBeInstanceOf(SessionTrackingError)
      expect(tells(error, secrets), name).toEqual([])
    }
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

  it('the file cannot be opened', async () => {
    const session = await signedIn()
    const prisma = connect(inject('driver'), `file:${inject('directory')}/missing/sessions.db`)
    onTestFinished(() => prisma.$disconnect())
    for (const name of all) {
      const error = await thrownBy(() => verbs[name]!(prisma, session))
      expect(error).toBeInstanceOf(Error)
      expect(tells(error, session.secrets), name).toEqual([])
    }
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

function hurriedAdapter(url: string) {
  return inject('driver') === 'libsql'
    ? new PrismaLibSql({ url, timeout: 50 })
    : new PrismaBetterSqlite3({ url, timeout: 50 })
}
