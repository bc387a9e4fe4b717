import { requireClient, type SessionClient, type UserSessionOf, type UserSessionRow } from './client.ts'
import { expiryOf, isLiveAt } from './expiry.ts'
import { fields, parseInput } from './parse-input.ts'
import { callOptions, parseUntimedOptions, type CallOptions } from './parse-options.ts'
import type { Policy } from './policy.ts'
import { query } from './query.ts'
import { credentialAnd, sessionIdOf, type Credential } from './session-key.ts'
import { touchStatements } from './touch-statements.ts'

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
 * Calls that come together share their statements, up to 500 of them; each is answered when its own row is committed and not
 * before, and fails by itself only. In a transaction they share them with each other alone. On a client that has an extension
 * with a say in queries of `UserSession`, each call has its own.
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ sessionKey }`, or `{ sessionId }` where another library owns the `Session` table
 * @param options - `now` (default: the clock, once the session was read) and `policy` (default: `defaultPolicy`)
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
  const { now: given, policy } = parseUntimedOptions(action, optionsSchema, options)
  const sessionId = sessionIdOf(credential)
  const { find, write } = touchStatements(db)

  // The row of a table that another library owns has an end of its own, which that library may move.
  const isOwnTable = credential.sessionKey !== undefined
  let absoluteEnd: Date | undefined
  let now: Date | undefined

  // Goes round again when somebody else touched or ended the session between read and write, when it was created to end
  // sooner than the policy now says, or when either is so of another session that it was to be written with. Whoever loses
  // that often reads an old snapshot, and is refused to be safe.
  for (let round = 1; round <= 5; round++) {
    const { userSession, readAt } = await find(sessionId)
    // By one clock for all who were answered together, so that they are written together too.
    now ??= given ?? readAt
    if (userSession === null || !isLiveAt(userSession, now, policy)) return null
    const dueUntil = dueUntilAt(now, userSession, policy)
    if (userSession.lastActivity > dueUntil) return userSession as UserSessionOf<Client>

    if (isOwnTable && round > 1) {
      const session = await query(db, action, () => db.session.findUnique({ where: { id: sessionId } }))
      // The application's client may leave the column out; what is stored in the row is stricter still.
      absoluteEnd = session?.expiresAt ?? userSession.expiresAt
    }
    const end = expiryOf({ createdAt: userSession.createdAt, lastActivity: now }, policy)
    const expiresAt = absoluteEnd !== undefined && absoluteEnd < end ? absoluteEnd : end
    const isLater = expiresAt > userSession.expiresAt
    const isWritten = await write({
      sessionId,
      now,
      dueUntil,
      // Left out where it stays, so that those who are at their absolute ends are written together too.
      expiresAt: isLater || expiresAt < userSession.expiresAt ? expiresAt : undefined,
      isWithinSession: isLater && isOwnTable && absoluteEnd === undefined,
    })
    // Onto the row itself, so that what a client extension computes from it is computed from the new values.
    if (isWritten)
      return Object.assign(userSession, { lastActivity: new Date(now), expiresAt }) as UserSessionOf<Client>
  }
  return null
}

/**
 * The latest last activity with which a row is to be written: the touch interval has passed since, or the policy has become
 * stricter than what is stored and the row is as it was read.
 */
function dueUntilAt(now: Date, userSession: UserSessionRow, policy: Policy): Date {
  const { lastActivity, expiresAt } = userSession
  const intervalAgo = new Date(now.getTime() - Math.ceil(policy.touchIntervalSeconds * 1000))
  const isStricter = lastActivity < now && expiresAt > expiryOf(userSession, policy)
  return isStricter && lastActivity > intervalAgo ? lastActivity : intervalAgo
}
