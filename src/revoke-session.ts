import { requireClient, type SessionClient, type UserIdOf, type UserSessionRow } from './client.ts'
import { liveWhere } from './expiry.ts'
import { anything, field, fields, isPlainText, optionalField, parseInput } from './parse-input.ts'
import { callOptions, parseOptions, type CallOptions } from './parse-options.ts'
import type { Policy } from './policy.ts'
import { apart, atomically } from './query.ts'
import { credentialAnd, sessionIdOf, type Credential } from './session-key.ts'
import { userIdFor } from './user-id.ts'

/** Why a session is ended. */
export interface RevokeOptions extends CallOptions {
  /** Stored as `endReason`. Default: `signed-out` for a session named by its key, else `revoked`. */
  readonly reason?: string | undefined
}

/** A session by its public id, and whose it must be. */
export interface OwnedSession<UserId> {
  readonly userId: UserId
  readonly id: string
  readonly sessionKey?: never
  readonly sessionId?: never
}

const isReason = (value: unknown): boolean => typeof value === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(value)
const reasonNeed = 'a word of lowercase letters, digits and hyphens, at most 64 characters'
const optionsSchema = fields({ ...callOptions, reason: optionalField<string>(isReason, reasonNeed) })
const idNeed = 'a non-blank string of at most 255 characters'
const ownedSchema = fields({ userId: anything, id: field<string>((value) => isPlainText(value, 255), idNeed) })
const credentialSchema = credentialAnd({})
const othersSchema = credentialAnd({ userId: anything })
const everySchema = fields({ userId: anything })

// Keeps every statement short, for others wait for its locks. SQLite takes 999 values in one.
const batchSize = 500

/**
 * Ends one session: by its public id and owner from a "Your devices" page, or by its key to sign out.
 *
 * The `Session` row is removed, so that whoever reads that table refuses it too; the `UserSession` row stays as history with
 * `endedAt` and `endReason`. The owner is part of the condition: another user's session is simply not found. Once this has
 * answered, no call brings the session back.
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ userId, id }`, or `{ sessionKey }` (`{ sessionId }`) to sign out
 * @param options - `reason`, `now` (default: the clock) and `policy` (default: `defaultPolicy`)
 * @returns `true` when it ended a live session; `false` when there is none such, it is another user's, or it is over already
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong
 * @throws DatabaseError when the database fails
 *
 * @example
 * await revokeSession(prisma, { userId: user.id, id: request.params.id })
 * await revokeSession(prisma, { sessionKey }) // sign out
 */
export async function revokeSession<Client extends SessionClient>(
  db: Client,
  input: OwnedSession<UserIdOf<Client>> | (Credential & { readonly userId?: never; readonly id?: never }),
  options: RevokeOptions = {},
): Promise<boolean> {
  const action = 'revoke session'
  requireClient(action, db)
  const isOwned = typeof input === 'object' && input !== null && ('userId' in input || 'id' in input)
  if (isOwned) {
    const { id, userId: unchecked } = parseInput(action, ownedSchema, input)
    const userId = parseInput(action, userIdFor(db), unchecked, 'userId')
    const isMeant = (userSession: UserSessionRow): boolean => userSession.id === id
    return (await endWhere(db, action, { id, userId }, parseOptions(action, optionsSchema, options), isMeant)) > 0
  }
  const sessionId = sessionIdOf(parseInput(action, credentialSchema, input))
  const { reason = 'signed-out', ...rest } = parseOptions(action, optionsSchema, options)
  const isMeant = (userSession: UserSessionRow): boolean => userSession.sessionId === sessionId
  return (await endWhere(db, action, { sessionId }, { ...rest, reason }, isMeant)) > 0
}

/**
 * Ends all of a user's live sessions but the one with this key, for "sign out everywhere else". A key that is not one of
 * the user's own spares none.
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ userId, sessionKey }`, or `{ userId, sessionId }` where another library owns the `Session` table
 * @param options - `reason` (default: `revoked`), `now` (default: the clock) and `policy` (default: `defaultPolicy`)
 * @returns how many live sessions were ended
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong
 * @throws DatabaseError when the database fails
 *
 * @example
 * const count = await revokeOtherSessions(prisma, { userId: user.id, sessionKey })
 */
export async function revokeOtherSessions<Client extends SessionClient>(
  db: Client,
  input: Credential & { readonly userId: UserIdOf<Client> },
  options: RevokeOptions = {},
): Promise<number> {
  const action = 'revoke other sessions'
  requireClient(action, db)
  const parsed = parseInput(action, othersSchema, input)
  const userId = parseInput(action, userIdFor(db), parsed.userId, 'userId')
  const own = sessionIdOf(parsed)
  const isMeant = ({ sessionId }: UserSessionRow): boolean => sessionId !== own
  return endWhere(db, action, { userId }, parseOptions(action, optionsSchema, options), isMeant)
}

/**
 * Ends all of a user's live sessions: after a password reset, or when an account is closed.
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ userId }`
 * @param options - `reason` (default: `revoked`), `now` (default: the clock) and `policy` (default: `defaultPolicy`)
 * @returns how many live sessions were ended
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong
 * @throws DatabaseError when the database fails
 *
 * @example
 * const count = await revokeSessions(prisma, { userId: user.id })
 */
export async function revokeSessions<Client extends SessionClient>(
  db: Client,
  input: { readonly userId: UserIdOf<Client> },
  options: RevokeOptions = {},
): Promise<number> {
  const action = 'revoke sessions'
  requireClient(action, db)
  const userId = parseInput(action, userIdFor(db), parseInput(action, everySchema, input).userId, 'userId')
  return endWhere(db, action, { userId }, parseOptions(action, optionsSchema, options))
}

/**
 * Ends the live sessions among these.
 *
 * @param where - holds checked values only
 * @param isMeant - compares exactly what MySQL does not: text without case, accents and trailing spaces. Spares one at most
 */
async function endWhere(
  db: SessionClient,
  action: string,
  where: object,
  { now, policy, reason = 'revoked' }: { now: Date; policy: Policy; reason?: string | undefined },
  isMeant: (userSession: UserSessionRow) => boolean = () => true,
): Promise<number> {
  let ended = 0
  // Until none is found, since a key that is rotated between reading and ending leaves its session under the new one. A
  // transaction that keeps reading an old snapshot would find the same ones for ever.
  for (let fruitless = 0; fruitless < 5;) {
    const live = await apart(db, action, () =>
      db.userSession.findMany({
        where: { AND: [where, liveWhere(now, policy)] },
        orderBy: { id: 'asc' },
        take: batchSize,
      }),
    )
    const found = live.filter(isMeant)
    if (found.length === 0) break
    const ids = found.map(({ id }) => id)
    const sessionIds = found.map(({ sessionId }) => sessionId)
    // The Session rows first, as all who write to both tables do, so that nobody waits for another who waits for them.
    const [, { count }] = await atomically(db, action, () => [
      // By the id, not through the relation: that would have every database walk the whole table.
      db.session.deleteMany({ where: { id: { in: sessionIds } } }),
      // Which has taken away the sessionId of these; a key that was rotated meanwhile has kept its session.
      db.userSession.updateMany({
        where: { id: { in: ids }, sessionId: null, endedAt: null },
        data: { endedAt: now, endReason: reason },
      }),
    ])
    ended += count
    if (count === 0) fruitless++
  }
  return ended
}
