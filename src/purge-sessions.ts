import { batchOptions, type BatchOptions } from './batch-options.ts'
import { requireClient, type SessionClient, type UserSessionRow } from './client.ts'
import { secondsBefore } from './expiry.ts'
import { idRanges, type IdRange } from './id-ranges.ts'
import { fields } from './parse-input.ts'
import { parseOptions } from './parse-options.ts'
import { apart, atomically, query } from './query.ts'

/** How many rows were removed. */
export interface PurgeCounts {
  /** `Session` rows: credentials of sessions that have expired. */
  readonly sessions: number
  /** `UserSession` rows: history past its retention. */
  readonly userSessions: number
}

/** How a purge goes about it. */
export type PurgeOptions = BatchOptions<PurgeCounts>

const action = 'purge sessions'
const optionsSchema = fields(batchOptions<PurgeCounts>())

/** How long a touch that found its session live may take until it is committed, in s: a caller's transaction may hold it back. */
const LONGEST_TOUCH = 600

/**
 * Removes what has had its time: `Session` rows whose session has expired, or that are nobody's and past their own
 * `expiresAt`, where they have one, and history whose retention is over. Made for a job that runs every few minutes to every
 * few hours; several at once, or one that was killed half-way, do no harm.
 *
 * Goes by the dates that are stored, not by a policy that became stricter since, and never removes what is live, nor what a
 * touch that is under way makes live again. Walks both tables in the order of their ids, a bounded range at a time, so that no
 * lock is held for long, and lets others have their turn after each.
 *
 * @param db - a Prisma client, or an extended one. In the client of an interactive transaction all batches are held until
 * it commits
 * @param options - `batchSize` (default: 500), `onProgress`, `signal`, `now` (default: the clock) and `policy`, of which only
 * `retentionSeconds` matters here (default: 30 days, counted from a session's `expiresAt`)
 * @returns how many rows were removed, also when `signal` ended it early
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong
 * @throws DatabaseError when the database fails; what was removed until then stays removed
 *
 * @example
 * const { sessions, userSessions } = await purgeSessions(prisma, { signal: AbortSignal.timeout(60_000) })
 */
export async function purgeSessions(db: SessionClient, options: PurgeOptions = {}): Promise<PurgeCounts> {
  requireClient(action, db)
  const { now, policy, batchSize = 500, onProgress, signal } = parseOptions(action, optionsSchema, options)
  const counts = { sessions: 0, userSessions: 0 }

  const pastRetention = { expiresAt: { lte: secondsBefore(now, policy.retentionSeconds) } }
  const ranges = { size: batchSize, signal }

  for await (const range of idRanges(db, action, db.session, ranges)) {
    counts.sessions += await removeExpired(db, range, now)
    onProgress?.({ ...counts })
  }
  for await (const range of idRanges(db, action, db.userSession, ranges)) {
    const where = { AND: [range, pastRetention] }
    const { count } = await apart(db, action, () => db.userSession.deleteMany({ where }))
    counts.userSessions += count
    onProgress?.({ ...counts })
  }
  return counts
}

/**
 * Removes what has expired of a range of `Session` rows, and tells how many rows that were.
 *
 * In statements that each database answers by its indexes: one with "this or that" about the other table has PostgreSQL read
 * all of it for every range, where it does not know yet how large that is.
 */
async function removeExpired(db: SessionClient, { id }: IdRange, now: Date): Promise<number> {
  const expired = { expiresAt: { lte: now } }
  const untouchable = secondsBefore(now, LONGEST_TOUCH)
  const page = {
    where: { AND: [{ sessionId: id }, { sessionId: { not: null } }, expired] },
    // In one order for all who lock several rows.
    orderBy: { sessionId: 'asc' },
    select: { sessionId: true, expiresAt: true },
  }
  const rows = await query<Pick<UserSessionRow, 'sessionId' | 'expiresAt'>[]>(db, action, () =>
    db.userSession.findMany(page),
  )
  const sessionIds = rows.map(({ sessionId }) => sessionId)
  const removal = { id: { in: sessionIds }, userSession: { isNot: { expiresAt: { gt: untouchable } } } }
  const remove = (where: object): PromiseLike<{ count: number }> => db.session.deleteMany({ where })
  let removed = 0
  if (rows.some(({ expiresAt }) => expiresAt > untouchable)) {
    // A DELETE goes by what PostgreSQL had when it began, and would take the row of a session that is touched meanwhile. An
    // UPDATE waits for the touch, and goes by what that has written.
    const where = { sessionId: { in: sessionIds }, expiresAt: { gt: untouchable, lte: now } }
    const unlink = (): PromiseLike<{ count: number }> => db.userSession.updateMany({ where, data: { sessionId: null } })
    removed += (await atomically(db, action, () => [unlink(), remove(removal)]))[1].count
  } else if (rows.length > 0) {
    removed += (await apart(db, action, () => remove(removal))).count
  }
  // The end of a row that another library owns may be due for renewal while its session is live.
  // Not `is: null` for a row without one, since each statement would read the whole of the other table for that.
  const nobodys = { AND: [{ id }, expired, { userSession: { isNot: {} } }] }
  if (hasOwnEnd(db.session)) removed += (await apart(db, action, () => remove(nobodys))).count
  return removed
}

/** Whether `Session` rows have an end of this name. In another library's table it may have another one, which is its affair. */
function hasOwnEnd(session: object): boolean {
  // Prisma's own list of a model's columns; a hand-made client may lack it.
  const { fields: columns } = session as { fields?: { expiresAt?: { typeName?: unknown } } }
  return columns === undefined || columns.expiresAt?.typeName === 'DateTime'
}
