import { requireClient, type SessionClient, type UserIdOf, type UserSessionOf } from './client.ts'
import { date, liveWhere } from './expiry.ts'
import { anything, fields, isPlainText, optionalField, parseInput } from './parse-input.ts'
import { callOptions, parseOptions, type CallOptions } from './parse-options.ts'
import { query } from './query.ts'
import { absentOrKey, sessionIdOf } from './session-key.ts'
import { userIdFor } from './user-id.ts'

/** What page of the list, and which session is the caller's own. */
export interface ListSessionsOptions extends CallOptions {
  /** How many sessions a page has at most, from 1 to 200. Default: 50. */
  readonly limit?: number | undefined
  /** `nextCursor` of the page before. Default: the first page. */
  readonly cursor?: string | null | undefined
  /** Which session is the caller's own: its session key, its `sessionId` or its `id`. Sets `isCurrent` on its item. */
  readonly current?: string | undefined
}

/** A live session as a page may show it: the `UserSession` row without its `sessionId`. */
export type SessionItem<Client extends SessionClient> = Omit<UserSessionOf<Client>, 'sessionId'> & {
  /** Whether it is the session that `options.current` names. */
  readonly isCurrent: boolean
}

/** A page of the list. */
export interface SessionPage<Client extends SessionClient> {
  readonly items: SessionItem<Client>[]
  /** What to pass as `cursor` for the next page; `null` on the last one. */
  readonly nextCursor: string | null
}

const action = 'list sessions'
const inputSchema = fields({ userId: anything })
const isLimit = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 200
const optionsSchema = fields({
  ...callOptions,
  limit: optionalField<number>(isLimit, 'an integer from 1 to 200'),
  cursor: optionalField<string | null>(
    (value) => value === null || positionOf(value) !== undefined,
    'the nextCursor of a page',
  ),
  current: absentOrKey,
})

/**
 * A user's live sessions, the newest sign-in first, a page at a time.
 *
 * Pages follow `createdAt` and `id`, which never change: rows that are added, touched or ended between two pages neither
 * repeat nor hide another. An item never carries the session key or its hash.
 *
 * @param db - a Prisma client, an extended one, or the client of an interactive transaction
 * @param input - `{ userId }`
 * @param options - `limit`, `cursor`, `current`, `now` (default: the clock) and `policy` (default: `defaultPolicy`)
 * @returns the page, empty for a user who has no live session or does not exist
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong
 * @throws DatabaseError when the database fails
 *
 * @example
 * const { items, nextCursor } = await listSessions(prisma, { userId }, { current: sessionKey })
 */
export async function listSessions<Client extends SessionClient>(
  db: Client,
  input: { readonly userId: UserIdOf<Client> },
  options: ListSessionsOptions = {},
): Promise<SessionPage<Client>> {
  requireClient(action, db)
  const userId = parseInput(action, userIdFor(db), parseInput(action, inputSchema, input).userId, 'userId')
  const { now, policy, limit = 50, cursor, current } = parseOptions(action, optionsSchema, options)
  const currentIds = current === undefined ? [] : [current, sessionIdOf({ sessionKey: current })]
  const position = positionOf(cursor)
  const { createdAt, id } = position ?? {}
  const after = position ? { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] } : {}

  const rows = await query(db, action, () =>
    db.userSession.findMany({
      where: { AND: [{ userId, ...liveWhere(now, policy) }, after] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      // One more than asked for tells whether there is a next page.
      take: limit + 1,
    }),
  )
  const items = rows.slice(0, limit).map((row) => {
    const { sessionId, ...item } = row
    const isCurrent = currentIds.some((currentId) => currentId === row.id || currentId === sessionId)
    return Object.assign(item, { isCurrent }) as SessionItem<Client>
  })
  return { items, nextCursor: rows.length > limit ? cursorAfter(rows[limit - 1]!) : null }
}

/** Where in the list a row stands, as text that only this file reads. */
function cursorAfter({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url')
}

interface Position {
  readonly createdAt: Date
  readonly id: string
}

function positionOf(cursor: unknown): Position | undefined {
  const text = typeof cursor === 'string' && cursor.length <= 512 ? Buffer.from(cursor, 'base64url').toString() : ''
  const [, time, id] = /^(\d{1,15})\.(.+)$/s.exec(text) ?? []
  const createdAt = new Date(Number(time))
  return date.safeParse(createdAt).success && isPlainText(id, 255) ? { createdAt, id } : undefined
}
