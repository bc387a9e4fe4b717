import {
  apart,
  query,
  requireClient,
  type SessionClient,
  type SessionDelegate,
  type UserSessionDelegate,
} from './client.ts'
import { secondsBefore } from './expiry.ts'
import { fields, optionalField } from './parse-input.ts'
import { callOptions, parseOptions, type CallOptions } from './parse-options.ts'

/** How many rows were removed. */
export interface PurgeCounts {
  /** `Session` rows: credentials of sessions that have expired. */
  readonly sessions: number
  /** `UserSession` rows: history past its retention. */
  readonly userSessions: number
}

/** How a purge goes about it. */
export interface PurgeOptions extends CallOptions {
  /** How many rows a statement looks at, from 1 to 10,000. Default: 1,000. */
  readonly batchSize?: number | undefined
  /** Called after every batch with what was removed so far. */
  readonly onProgress?: ((counts: PurgeCounts) => void) | undefined
  /** Once aborted, the purge ends after the batch in hand and answers what it has removed. */
  readonly signal?: AbortSignal | undefined
}

const action = 'purge sessions'
const isBatchSize = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10_000
const optionsSchema = fields({
  ...callOptions,
  batchSize: optionalField<number>(isBatchSize, 'an integer from 1 to 10000'),
  onProgress: optionalField<NonNullable<PurgeOptions['onProgress']>>(
    (value) => typeof value === 'function',
    'a function',
  ),
  signal: optionalField<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal'),
})

/**
 * Removes what has had its time: `Session` rows whose session has expired, or that are nobody's and past their own end, and
 * history whose retention is over. Made for
 * a job that runs every few minutes to every few hours; several at once, or one that was killed half-way, do no harm.
 *
 * Goes by the dates that are stored, not by a policy that became stricter since, and never removes what is live. Walks both
 * tables in the order of their ids, a bounded range to a statement, so that no lock is held for long.
 *
 * @param db - a Prisma client, or an extended one. In the client of an interactive transaction all batches are held until
 * it commits
 * @param options - `batchSize`, `onProgress`, `signal`, `now` (default: the clock) and `policy`, of which only
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
  const isOver = { OR: [{ userSession: { is: expired } }, { ...expired, userSession: { isNot: {} } }] }
  const steps = [
    { name: 'sessions', table: db.session, where: isOver },
    { name: 'userSessions', table: db.userSession, where: pastRetention },
  ] as const
  for (const { name, table, where } of steps) {
    let after: string | undefined
    do {
      if (signal?.aborted === true) return counts
      const last = await lastOfRange(db, table, after, batchSize)
      const range = { AND: [isAfter(after), last === undefined ? {} : { id: { lte: last } }, where] }
      const { count } = await apart(db, action, () => table.deleteMany({ where: range }))
      counts[name] += count
      onProgress?.({ ...counts })
      after = last
    } while (after !== undefined)
  }
  return counts
}

/** A condition that all ids meet at first: MySQL takes some, of characters that nobody sees, for the same as an empty one. */
const isAfter = (id: string | undefined): object => (id === undefined ? {} : { id: { gt: id } })

/** The id with which a range of so many rows ends, or `undefined` when the table ends first. */
async function lastOfRange(
  db: SessionClient,
  table: SessionDelegate | UserSessionDelegate,
  after: string | undefined,
  size: number,
): Promise<string | undefined> {
  const page = { where: isAfter(after), orderBy: { id: 'asc' }, skip: size - 1, take: 1, select: { id: true } }
  const [row] = await query<{ id: string }[]>(db, action, () => table.findMany(page))
  return row?.id
}
