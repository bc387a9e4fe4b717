import { batchOptions, type BatchOptions } from './batch-options.ts'
import { apart, requireClient, type SessionClient } from './client.ts'
import { secondsBefore } from './expiry.ts'
import { idRanges } from './id-ranges.ts'
import { fields } from './parse-input.ts'
import { parseOptions } from './parse-options.ts'

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

/**
 * Removes what has had its time: `Session` rows whose session has expired, or that are nobody's and past their own
 * `expiresAt`, where they have one, and history whose retention is over. Made for a job that runs every few minutes to every
 * few hours; several at once, or one that was killed half-way, do no harm.
 *
 * Goes by the dates that are stored, not by a policy that became stricter since, and never removes what is live. Walks both
 * tables in the order of their ids, a bounded range to a statement, so that no lock is held for long.
 *
 * @param db - a Prisma client, or an extended one. In the client of an interactive transaction all batches are held until
 * it commits
 * @param options - `batchSize` (default: 1,000), `onProgress`, `signal`, `now` (default: the clock) and `policy`, of which only
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
  const { now, policy, batchSize = 1000, onProgress, signal } = parseOptions(action, optionsSchema, options)
  const counts = { sessions: 0, userSessions: 0 }

  const expired = { expiresAt: { lte: now } }
  const pastRetention = { expiresAt: { lte: secondsBefore(now, policy.retentionSeconds) } }
  // The end of a row that another library owns may be due for renewal while its session is live.
  // Not `is: null` for a row without one, since each statement would read the whole of the other table for that.
  const isNobodys = hasOwnEnd(db.session) ? [{ ...expired, userSession: { isNot: {} } }] : []
  const isOver = { OR: [{ userSession: { is: expired } }, ...isNobodys] }
  const steps = [
    { name: 'sessions', table: db.session, where: isOver },
    { name: 'userSessions', table: db.userSession, where: pastRetention },
  ] as const
  for (const { name, table, where } of steps) {
    for await (const range of idRanges(db, action, table, { size: batchSize, signal })) {
      const { count } = await apart(db, action, () => table.deleteMany({ where: { AND: [range, where] } }))
      counts[name] += count
      onProgress?.({ ...counts })
    }
  }
  return counts
}

/** Whether `Session` rows have an end of this name. In another library's table it may have another one, which is its affair. */
function hasOwnEnd(session: object): boolean {
  // Prisma's own list of a model's columns; a hand-made client may lack it.
  const { fields: columns } = session as { fields?: { expiresAt?: { typeName?: unknown } } }
  return columns === undefined || columns.expiresAt?.typeName === 'DateTime'
}
