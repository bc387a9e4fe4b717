import { inspect } from 'node:util'
import { expect } from 'vitest'
import type { PrismaClient } from '../../scripts/databases.ts'
import {
  anonymizeInactive,
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
import { openDatabase } from './open-database.ts'

export const start = new Date('2026-01-05T08:00:00Z')
export const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
export const now = after(100)

export const client = {
  ipAddress: '2001:db8:85a3::8a2e:370:7334',
  userAgent: 'Recognisable-Agent/77.3 (Windows NT 10.0)',
  data: { note: 'Remembered-with-the-session' },
}
export const locate = async () => null

/** A user with two sessions, and everything that no error may tell. */
export async function signedIn() {
  const database = await openDatabase()
  const { prisma, user } = database
  const other = await prisma.user.create({ data: { email: 'other@example.com' } })
  const keys = Array.from({ length: 4 }, generateSessionKey) as [string, string, string, string]
  const [sessionKey, ended, newSessionKey] = keys
  const { id } = await trackSession(prisma, { userId: user.id, sessionKey, ...client }, { now: start, locate })
  await trackSession(prisma, { userId: other.id, sessionKey: ended, ...client }, { now: start, locate })
  await revokeSession(prisma, { sessionKey: ended }, { now: start })
  return { ...database, other, id, sessionKey, ended, newSessionKey, secrets: secretsOf(keys) }
}
export type SignedIn = Awaited<ReturnType<typeof signedIn>>

const secretsOf = (keys: string[]): string[] => {
  const texts = [...keys, ...keys.map(hashSessionKey), client.ipAddress, client.userAgent, client.data.note]
  return texts.flatMap((text) => [text, text.slice(0, 12)])
}

/** One call of each verb that would change or find something. */
export const verbs: Record<string, (db: SessionClient, session: SignedIn) => Promise<unknown>> = {
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
  anonymizeInactive: (db) => anonymizeInactive(db, { olderThanSeconds: 60 }, { now }),
}
export const all = Object.keys(verbs)
export const writing = all.filter((name) => name !== 'listSessions')
const changing = new Set(['trackSession', 'touchActivity', 'anonymizeInactive'])
export const removing = writing.filter((name) => !changing.has(name))

/** Everything that a log could print of an error: its own properties, hidden ones too, and those of its causes. */
function textOf(value: unknown, seen = new Set<unknown>()): string {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  const own = Reflect.ownKeys(value).map((key) => `${String(key)}: ${textOf(Reflect.get(value, key), seen)}`)
  return [inspect(value, { depth: Infinity, showHidden: true }), ...own].join('\n')
}

export const thrownBy = async (call: () => Promise<unknown>): Promise<unknown> => {
  const [outcome] = await Promise.allSettled([call()])
  expect(outcome.status).toBe('rejected')
  return (outcome as PromiseRejectedResult).reason
}

export const tells = (error: unknown, secrets: string[]): string[] =>
  secrets.filter((secret) => textOf(error).includes(secret))

/** What a verb must throw when the database fails. */
export function expectDatabaseError(error: unknown, name: string, { secrets }: SignedIn, databaseCode: unknown): void {
  expect(error, name).toBeInstanceOf(DatabaseError)
  expect(error).toBeInstanceOf(SessionTrackingError)
  expect(error, name).toMatchObject({ name: 'DatabaseError', code: 'ERR_DATABASE', databaseCode })
  expect((error as Error).message).toMatch(/^Cannot [a-z ]+: database failed: /)
  expect(tells(error, secrets), name).toEqual([])
}

/** Makes the verbs fail, outside a transaction and in one of the caller's. */
export async function expectDatabaseErrors(db: PrismaClient, session: SignedIn, names: string[], code: unknown) {
  for (const name of names) {
    for (const call of [() => verbs[name]!(db, session), () => db.$transaction((tx) => verbs[name]!(tx, session))]) {
      expectDatabaseError(await thrownBy(call), name, session, code)
    }
  }
}
