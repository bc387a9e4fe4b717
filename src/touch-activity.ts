import { apart, query, requireClient, type SessionClient, type UserSessionOf, type UserSessionRow } from './client.ts'
import { expiryOf, isLiveAt } from './expiry.ts'
import { fields, parseInput } from './parse-input.ts'
import type { Policy } from './policy.ts'
import { callOptions, parseOptions, type CallOptions } from './parse-options.ts'
import { credentialAnd, sessionIdOf, type Credential } from './session-key.ts'

const action = 'touch activity'
const inputSchema = credentialAnd({})
const optionsSchema = fields(callOptions)

/**
 * Answers whether a session is live and records that it was used: the one call that an application makes per request.
 *
 * Writes at most once per touch interval, however many requests come at once. Never revives a session that is over, never
 * creates one, never moves `lastActivity` backwards, and never moves `expiresAt` past the absolute end that the session was
 * created with (with `sessionId`: past the absolute timeout of the policy, since the row's own end is its owner's to move).
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ sessionKey }`, or `{ sessionId }` where another library owns the `Session` table
 * @param options - `now` (default: the clock) and `policy` (default: `defaultPolicy`)
 * @returns the live `UserSession`; `null` when the key is unknown, was rotated away, or its session has expired or ended
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong
 * @throws DatabaseError when the database fails
 *
 * @example
 * const userSession = await touchActivity(prisma, { sessionKey })
 * if (userSession === null) return new Response('Please sign in', { status: 401 })
 */
export async function touchActivity<Client extends SessionClient>(
  db: Client,
  input: Credential,
  options: CallOptions = {},
): Promise<UserSessionOf<Client> | null> {
  requireClient(action, db)
  const credential = parseInput(action, inputSchema, input)
  const { now, policy } = parseOptions(action, optionsSchema, options)
  const sessionId = sessionIdOf(credential)

  // The row of a table that another library owns has an end of its own, which that library may move.
  const isOwnTable = credential.sessionKey !== undefined
  let absoluteEnd: Date | undefined

  // Goes round again when somebody else touched or ended the session between read and write, or when it was created to
  // end sooner than the policy now says. Whoever loses that often reads an old snapshot, and is refused to be safe.
  for (let round = 1; round <= 5; round++) {
    const userSession = await query(db, action, () => db.userSession.findUnique({ where: { sessionId } }))
    // MySQL compares text without case, accents and trailing spaces, in which another library's ids may differ.
    if (userSession?.sessionId !== sessionId || !isLiveAt(userSession, now, policy)) return null
    if (!isDue(userSession, now, policy)) return userSession as UserSessionOf<Client>

    const { createdAt, lastActivity } = userSession
    const expiresAt = earlier(expiryOf({ createdAt, lastActivity: now }, policy), absoluteEnd)
    const endsLater = isOwnTable && !absoluteEnd ? { session: { is: { expiresAt: { gte: expiresAt } } } } : {}
    // The row as it was read, which was live: every touch moves lastActivity, and every ending sets endedAt.
    const where = { sessionId, lastActivity, endedAt: null, ...endsLater }
    const data = { lastActivity: now, expiresAt }
    const { count } = await apart(db, action, () => db.userSession.updateMany({ where, data }))
    // Onto the row itself, so that what a client extension computes from it is computed from the new values.
    if (count === 1) return Object.assign(userSession, data) as UserSessionOf<Client>

    if (isOwnTable) {
      const session = await query(db, action, () => db.session.findUnique({ where: { id: sessionId } }))
      // The application's client may leave the column out; what is stored in the row is stricter still.
      absoluteEnd = session?.expiresAt ?? userSession.expiresAt
    }
  }
  return null
}

/** Whether the touch interval has passed, or the policy has become stricter than what is stored. */
function isDue(userSession: UserSessionRow, now: Date, policy: Policy): boolean {
  const sinceLastActivity = now.getTime() - userSession.lastActivity.getTime()
  if (sinceLastActivity >= policy.touchIntervalSeconds * 1000) return true
  return sinceLastActivity > 0 && userSession.expiresAt > expiryOf(userSession, policy)
}

const earlier = (date: Date, other: Date | undefined): Date => (other !== undefined && other < date ? other : date)
