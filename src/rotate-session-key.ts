import { isInTransaction, requireClient, type SessionClient, type UserSessionOf } from './client.ts'
import { isMissingRow, isUniqueConflict } from './database-error.ts'
import { InvalidInputError, SessionEndedError, SessionKeyTakenError } from './errors.ts'
import { absoluteEndOf, isLiveAt, liveWhere } from './expiry.ts'
import { fields, parseInput } from './parse-input.ts'
import { callOptions, parseOptions, type CallOptions } from './parse-options.ts'
import { atomically } from './query.ts'
import { deriveUserSessionId, sessionIdOf, sessionKey } from './session-key.ts'

/** The key that a session has, and the one that it gets. */
export type Rotation =
  | (Record<'sessionId' | 'newSessionId', string> & Partial<Record<'sessionKey' | 'newSessionKey', never>>)
  | (Record<'sessionKey' | 'newSessionKey', string> & Partial<Record<'sessionId' | 'newSessionId', never>>)

const action = 'rotate session key'
const keysSchema = fields({ sessionKey, newSessionKey: sessionKey })
const idsSchema = fields({ sessionId: sessionKey, newSessionId: sessionKey })
const optionsSchema = fields(callOptions)

/**
 * Moves a live session to a new key: at sign-in, a change of password or of privilege, against session fixation. The
 * `UserSession` keeps its `id`, dates and place, and the `Session` row its `data`; from then on the old key is unknown to
 * `touchActivity`, and neither key can be tracked anew. One winner when two calls race.
 *
 * A rotation leaves a row of its own in the history, ended at birth with the reason `rotated`: it reserves the new key's
 * public id, so that the new key, too, lives once.
 *
 * Source: OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change".
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ sessionKey, newSessionKey }`; `{ sessionId, newSessionId }` where another library owns the `Session`
 * table and has written the new row. The old row is removed
 * @param options - `now` (default: the clock) and `policy` (default: `defaultPolicy`)
 * @returns the live `UserSession`, or `null` when there was none to rotate: unknown, expired, ended, or rotated meanwhile
 * @throws InvalidInputError, InvalidPolicyError when an argument is wrong, both keys are the same, or there is no `Session`
 * row of that `newSessionId`
 * @throws SessionKeyTakenError when the new key is another session's
 * @throws SessionEndedError when the new key was in use before
 * @throws DatabaseError when the database fails
 *
 * @example
 * const newSessionKey = generateSessionKey()
 * const userSession = await rotateSessionKey(prisma, { sessionKey, newSessionKey })
 */
export async function rotateSessionKey<Client extends SessionClient>(
  db: Client,
  input: Rotation,
  options: CallOptions = {},
): Promise<UserSessionOf<Client> | null> {
  requireClient(action, db)
  const { isOwnTable, oldId, newId } = parseRotation(input)
  const { now, policy } = parseOptions(action, optionsSchema, options)
  const reservedId = deriveUserSessionId(newId)

  for (let attempt = 1; ; attempt++) {
    const [userSession, sessions, known] = await atomically(db, action, () => [
      db.userSession.findUnique({ where: { sessionId: oldId } }),
      db.session.findMany({ where: { id: { in: [oldId, newId] } } }),
      db.userSession.findMany({ where: { OR: [{ id: reservedId }, { sessionId: newId }] } }),
    ])
    if (userSession?.sessionId !== oldId || !isLiveAt(userSession, now, policy)) return null
    const hasNewSession = sessions.some(({ id }) => id === newId)
    if (known.some(({ sessionId }) => sessionId === newId) || (isOwnTable && hasNewSession)) throw taken()
    if (known.some(({ id }) => id === reservedId)) throw ended()
    if (!isOwnTable && !hasNewSession) throw unknownSession()

    const ownEnd = isOwnTable ? sessions.find(({ id }) => id === oldId)?.expiresAt : undefined
    const absoluteEnd = ownEnd ?? absoluteEndOf(userSession.createdAt, policy)
    const { userId } = userSession
    // Kept at least as long as the session's own history, which is counted from its end.
    const reservation = {
      id: reservedId,
      userId,
      createdAt: now,
      lastActivity: now,
      expiresAt: absoluteEnd,
      endedAt: now,
      endReason: 'rotated',
    }
    const { sessionId: _, ...live } = liveWhere(now, policy)
    const move = (): PromiseLike<unknown> =>
      isOwnTable
        ? // The foreign key follows the primary key (ON UPDATE CASCADE).
          db.session.update({ where: { id: oldId, userSession: { is: live } }, data: { id: newId } })
        : db.userSession.update({ where: { ...live, sessionId: oldId }, data: { sessionId: newId } })
    try {
      const [, , rotated] = await atomically(db, action, () => [
        move(),
        db.session.deleteMany({ where: { id: oldId } }),
        // Throws, and so takes all back, where a database moved nothing and did not say so: MySQL looks the row up first,
        // and updates it only then.
        db.userSession.findUniqueOrThrow({ where: { sessionId: newId } }),
        db.userSession.create({ data: reservation }),
      ])
      return rotated as UserSessionOf<Client>
    } catch (error) {
      if (isMissingRow(error)) return null
      // Somebody else has taken the new key meanwhile: look again, unless that is the caller's transaction to retry.
      if (!isUniqueConflict(error) || isInTransaction(db) || attempt === 3) throw error
    }
  }
}

function parseRotation(input: unknown): { isOwnTable: boolean; oldId: string; newId: string } {
  const isOwnTable = !(typeof input === 'object' && input !== null && ('sessionId' in input || 'newSessionId' in input))
  const rotation = isOwnTable ? parseInput(action, keysSchema, input) : parseInput(action, idsSchema, input)
  const [oldId, newId] =
    'sessionKey' in rotation
      ? [sessionIdOf(rotation), sessionIdOf({ sessionKey: rotation.newSessionKey })]
      : [rotation.sessionId, rotation.newSessionId]
  if (oldId !== newId) return { isOwnTable, oldId, newId }
  const name = isOwnTable ? 'newSessionKey' : 'newSessionId'
  throw new InvalidInputError(`Cannot ${action}: ${name} must be another one: received the same`, name)
}

const taken = (): Error => new SessionKeyTakenError(`Cannot ${action}: newSessionKey must be a new one: it is in use`)
const ended = (): Error =>
  new SessionEndedError(`Cannot ${action}: newSessionKey must be a new one: it was in use before`)
const unknownSession = (): Error =>
  new InvalidInputError(
    `Cannot ${action}: newSessionId must be the id of an existing Session row: no such row`,
    'newSessionId',
  )
