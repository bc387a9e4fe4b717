import { hasQueryHooks, isInTransaction, type SessionClient, type UserSessionRow } from './client.ts'
import { groupCalls } from './group-calls.ts'
import { currentTime } from './parse-options.ts'
import { apart, query } from './query.ts'

/** What is to be written to the row of a session that was found live and due. */
interface Touch {
  readonly sessionId: string
  /** The time that it is judged live at, and its last activity from then on. */
  readonly now: Date
  /** The latest last activity with which it is due: another touch meanwhile makes this one needless. */
  readonly dueUntil: Date
  /** When it expires from then on; nothing where that stays as it is. */
  readonly expiresAt: Date | undefined
  /** Only if its `Session` row ends no earlier than that. */
  readonly isWithinSession: boolean
}

/** What reading the row of a session came to. */
interface Found {
  readonly userSession: UserSessionRow | null
  readonly readAt: Date
}

/** The two statements that touching a session takes. */
export interface TouchStatements {
  /** The row of a session, or `null`, and when it was read: the same time for all who were answered together. */
  readonly find: (sessionId: string) => Promise<Found>
  /** Whether the row is known to be written. `false` may also be about another one: only reading it again tells. */
  readonly write: (touch: Touch) => Promise<boolean>
}

const action = 'touch activity'
const known = new WeakMap<object, TouchStatements>()

/** The statements on a client, which calls that come together share. Those of a transaction are shared within it. */
export function touchStatements(db: SessionClient): TouchStatements {
  const { userSession } = db
  let statements = known.get(userSession)
  if (statements === undefined) {
    statements = statementsOn(db)
    known.set(userSession, statements)
  }
  return statements
}

function statementsOn(db: SessionClient): TouchStatements {
  const find = async (sessionIds: readonly string[]): Promise<Found[]> => {
    const where = { sessionId: anyOf([...new Set(sessionIds)]) }
    // Not findUnique for one: Prisma holds that back for others, and takes a fifth longer over it.
    const rows = await query(db, action, () => db.userSession.findMany({ where }))
    const readAt = currentTime()
    // As text is compared here, and not as MySQL compares it: without case, accents and trailing spaces.
    const bySessionId = new Map(rows.map((row) => [row.sessionId, row]))
    const given = new Set<string>()
    return sessionIds.map((sessionId) => {
      const row = bySessionId.get(sessionId) ?? null
      // Each caller's row is its own to change.
      const userSession = row && given.has(sessionId) ? { ...row } : row
      given.add(sessionId)
      return { userSession, readAt }
    })
  }

  const write = async (touches: readonly Touch[]): Promise<boolean[]> => {
    if (touches.length === 1) return [await writeAll(db, touches)]
    const groups = new Map<string, Touch[]>()
    for (const touch of touches) {
      const { now, dueUntil, expiresAt, isWithinSession } = touch
      const key = `${now.getTime()} ${dueUntil.getTime()} ${expiresAt?.getTime()} ${isWithinSession}`
      const group = groups.get(key)
      if (group) group.push(touch)
      else groups.set(key, [touch])
    }
    const written = new Set<Touch>()
    const writeGroup = async (group: readonly Touch[]): Promise<void> => {
      if (await writeAll(db, group)) for (const touch of group) written.add(touch)
    }
    await Promise.all([...groups.values()].map(writeGroup))
    return touches.map((touch) => written.has(touch))
  }

  if (hasQueryHooks(db, ['findMany', 'updateMany'])) {
    return {
      find: async (sessionId) => (await find([sessionId]))[0]!,
      write: (touch) => writeAll(db, [touch]),
    }
  }
  const mayRunAgain = !isInTransaction(db)
  return { find: groupCalls(find, mayRunAgain), write: groupCalls(write, mayRunAgain) }
}

/** Writes the same to the rows of several sessions, and tells whether it was written to all. */
async function writeAll(db: SessionClient, touches: readonly Touch[]): Promise<boolean> {
  const { now, dueUntil, expiresAt, isWithinSession } = touches[0]!
  // In one order for all who lock several rows.
  const sessionIds = [...new Set(touches.map(({ sessionId }) => sessionId))].toSorted()
  const where = {
    sessionId: anyOf(sessionIds),
    lastActivity: { lte: dueUntil },
    expiresAt: { gt: now },
    endedAt: null,
    ...(isWithinSession ? { session: { is: { expiresAt: { gte: expiresAt } } } } : {}),
  }
  const data = { lastActivity: now, ...(expiresAt ? { expiresAt } : {}) }
  const { count } = await apart(db, action, () => db.userSession.updateMany({ where, data }))
  return count === sessionIds.length
}

/** As a condition. One by itself is no list, which costs Prisma more. */
function anyOf(sessionIds: readonly string[]): string | { in: readonly string[] } {
  return sessionIds.length === 1 ? sessionIds[0]! : { in: sessionIds }
}
