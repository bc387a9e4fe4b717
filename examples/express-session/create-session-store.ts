import { PrismaSessionStore } from '@quixo3/prisma-session-store'
import type { Request } from 'express'
import type { SessionData } from 'express-session'
import type { PrismaClient } from '../../generated/express-session/client.ts'

/** A row ends when its session must at the latest; that it is used is for touchActivity to record. */
const touch: PrismaSessionStore['touch'] = async (_sid, _session, callback) => callback?.()

/**
 * A PrismaSessionStore in which a session that was ended stays ended. By itself it writes a row wherever it finds none, also
 * of a session that was revoked while a request was under way; this one does so for a new session only.
 */
export function createSessionStore(prisma: PrismaClient): PrismaSessionStore {
  // The primary key of a row is then the session's id, which is what prisma-user-sessions knows it by.
  const store = new PrismaSessionStore(prisma, { dbRecordIdIsSessionId: true })
  const insert = store.set
  const create = store.createSession.bind(store)
  /** Sessions that have a row, or had one. */
  const stored = new WeakSet()

  /** Makes the session of what was read from its row. */
  function createSession(request: Request, data: SessionData) {
    const session = create(request, data)
    stored.add(session)
    return session
  }

  const set: PrismaSessionStore['set'] = async (sid, session, callback) => {
    if (!stored.has(session)) {
      stored.add(session)
      return insert(sid, session, callback)
    }
    let failure: unknown
    try {
      await prisma.session.updateMany({ where: { sid }, data: { data: JSON.stringify(session) } })
    } catch (error) {
      failure = error
    }
    callback?.(failure)
  }

  return Object.assign(store, { createSession, set, touch })
}
