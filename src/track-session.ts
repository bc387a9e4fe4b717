import {
  isInTransaction,
  requireClient,
  type SessionClient,
  type UserIdOf,
  type UserSessionOf,
  type UserSessionRow,
} from './client.ts'
import { isMissingReference, isUniqueConflict } from './database-error.ts'
import { clientFields, describeClient, type ClientDescription } from './describe-client.ts'
import { InvalidInputError, SessionEndedError, SessionKeyTakenError, UserNotFoundError } from './errors.ts'
import { absoluteEndOf, expiryOf, isLiveAt } from './expiry.ts'
import type { Locate } from './find-location.ts'
import { anything, fields, isFunction, isJson, optionalField, parseInput } from './parse-input.ts'
import { callOptions, parseOptions, type CallOptions } from './parse-options.ts'
import type { Policy } from './policy.ts'
import { apart, atomically } from './query.ts'
import { credentialAnd, deriveUserSessionId, sessionIdOf, type Credential } from './session-key.ts'
import { userIdFor } from './user-id.ts'

/** A sign-in: whose it is, the key it was given, and what the client said of itself. */
export type TrackSessionInput<UserId> = Credential &
  ClientDescription & {
    /** Id of an existing user. */
    readonly userId: UserId
    /**
     * Any JSON value for the application's own use, kept with the `Session` row until the session is over. A number by itself
     * comes back from SQLite as its own rounding of it, since the column is of numeric affinity: put it into an object.
     */
    readonly data?: unknown
  }

/** How the place of a sign-in is found. */
export interface TrackSessionOptions extends CallOptions {
  /** Finds the place of an address. Default: fast-geoip, where it is installed. Failing or taking over 1 s: no place. */
  readonly locate?: Locate | undefined
}

const action = 'track session'
const inputSchema = credentialAnd({
  userId: anything,
  ...clientFields,
  data: optionalField(isJson, 'a JSON value'),
})
const optionsSchema = fields({ ...callOptions, locate: optionalField<Locate>(isFunction, 'a function') })

/**
 * Records a sign-in: writes the `Session` row of a new session key and the `UserSession` row that says whose it is, from
 * where and on what device.
 *
 * Both rows are written or neither. Idempotent: the same key again for the same user gives the same row, unchanged, however
 * many calls race. What the client sent never fails a sign-in: what cannot be made out is `null`.
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction. Finding the place may take up
 * to 1 s, which counts against the caller's transaction
 * @param input - `{ userId, sessionKey, data? }` with what is known of the client ({@link ClientDescription});
 * `{ userId, sessionId, … }` without `data` where another library owns the `Session` table and has written the row
 * @param options - `now` (default: the clock), `policy` (default: `defaultPolicy`) and `locate` (default: fast-geoip)
 * @returns the live `UserSession`, with the application's own columns
 * @throws InvalidInputError, InvalidPolicyError when an argument is wrong, or there is no `Session` row of that `sessionId`
 * @throws UserNotFoundError when there is no such user
 * @throws SessionKeyTakenError when the key is another user's
 * @throws SessionEndedError when the key's session is over or the key was rotated away, for as long as the history is kept
 * @throws DatabaseError when the database fails
 *
 * @example
 * const sessionKey = generateSessionKey()
 * await trackSession(prisma, { userId: user.id, sessionKey, ipAddress: req.ip, userAgent: req.headers['user-agent'] })
 */
export async function trackSession<Client extends SessionClient>(
  db: Client,
  input: TrackSessionInput<UserIdOf<Client>>,
  options: TrackSessionOptions = {},
): Promise<UserSessionOf<Client>> {
  requireClient(action, db)
  const { data, ...parsed } = parseInput(action, inputSchema, input)
  const userId = parseInput(action, userIdFor(db), parsed.userId, 'userId')
  const { now, policy, locate } = parseOptions(action, optionsSchema, options)
  const isOwnTable = parsed.sessionKey !== undefined
  if (!isOwnTable && data !== undefined) {
    throw new InvalidInputError(
      `Cannot ${action}: data must be kept in the Session row by whoever writes it: received data with sessionId`,
      'data',
    )
  }
  const sessionId = sessionIdOf(parsed)

  const id = deriveUserSessionId(sessionId)
  const client = await describeClient(parsed, policy, locate)
  const expiresAt = expiryOf({ createdAt: now, lastActivity: now }, policy)
  const row = {
    id,
    userId,
    sessionId,
    ...client,
    createdAt: now,
    lastActivity: now,
    expiresAt,
    endedAt: null,
  }
  const session = {
    id: sessionId,
    createdAt: now,
    expiresAt: absoluteEndOf(now, policy),
    ...(data == null ? {} : { data }),
  }

  const write = async (): Promise<UserSessionRow> => {
    const create = (): PromiseLike<UserSessionRow> => db.userSession.create({ data: row })
    if (!isOwnTable) return apart(db, action, create)
    return (await atomically(db, action, () => [db.session.createMany({ data: [session] }), create()]))[1]
  }

  // Writing first costs a sign-in no reading, but a refused write would end a transaction of PostgreSQL's, and MySQL lets a
  // row refer to the id of another library that differs in case, accents or trailing spaces.
  let refusal: unknown
  for (let attempt = 1; ; attempt++) {
    if (refusal !== undefined || isInTransaction(db) || !isOwnTable) {
      // In this order: whoever sees a Session row written by this package sees its UserSession row next.
      const [like, alike] = await atomically(db, action, () => [
        db.session.findMany({ where: { id: sessionId } }),
        db.userSession.findMany({ where: { OR: [{ id }, { sessionId }] } }),
      ])
      const sessions = like.filter((found) => found.id === sessionId)
      const known = alike.filter((found) => found.id === id || found.sessionId === sessionId)
      if (known.length > 0) return liveAmong(known, row, policy) as UserSessionOf<Client>
      if (isOwnTable && sessions.length > 0) throw taken()
      if (!isOwnTable && sessions.length === 0) throw unknownSession()
      if (isMissingReference(refusal)) throw userNotFound()
    }
    try {
      return (await write()) as UserSessionOf<Client>
    } catch (error) {
      if (isInTransaction(db)) throw isMissingReference(error) ? userNotFound() : error
      // A second refusal for the same reason is possible when what stood in the way has gone meanwhile; a third is not.
      if (attempt === 3 || !(isUniqueConflict(error) || isMissingReference(error))) throw error
      refusal = error
    }
  }
}

/** The row that stands for the key already, if it is this user's and live. */
function liveAmong(known: readonly UserSessionRow[], row: UserSessionRow, policy: Policy): UserSessionRow {
  // As text, since a BigInt column gives bigint where the caller may have passed a number.
  if (known.some(({ userId }) => String(userId) !== String(row.userId))) throw taken()
  const current = known.find(({ sessionId }) => sessionId === row.sessionId)
  if (current === undefined || !isLiveAt(current, row.createdAt, policy)) {
    throw new SessionEndedError(`Cannot ${action}: sessionKey must be a new one: its session is over`)
  }
  return current
}

const taken = (): Error =>
  new SessionKeyTakenError(`Cannot ${action}: sessionKey must be a new one: it is another user's`)
const userNotFound = (): Error =>
  new UserNotFoundError(`Cannot ${action}: userId must be the id of an existing user: no such user`)
const unknownSession = (): Error =>
  new InvalidInputError(
    `Cannot ${action}: sessionId must be the id of an existing Session row: no such row`,
    'sessionId',
  )
