import { isWorthRetrying, withoutArguments } from './database-error.ts'
import { describeType, InvalidInputError } from './errors.ts'
import type { Lifetime } from './expiry.ts'
import { retry } from './retry.ts'

// No precise argument type fits every generated client, but loose arguments with precise rows do: the caller's own types
// are read back from the client. That leaves the arguments unchecked in here, so every one is built from checked input.
/* oxlint-disable typescript/no-explicit-any */

/** The columns of `UserSession` that this package reads back. */
export interface UserSessionRow extends Lifetime {
  readonly id: string
  readonly userId: unknown
}

/** What this package calls on a client's `userSession`. */
export interface UserSessionDelegate {
  create(args: any): PromiseLike<UserSessionRow>
  deleteMany(args?: any): PromiseLike<{ count: number }>
  findMany(args?: any): PromiseLike<UserSessionRow[]>
  findUnique(args: any): PromiseLike<UserSessionRow | null>
  findUniqueOrThrow(args: any): PromiseLike<UserSessionRow>
  update(args: any): PromiseLike<UserSessionRow>
  updateMany(args: any): PromiseLike<{ count: number }>
}

/** What this package calls on a client's `session`. */
export interface SessionDelegate {
  createMany(args?: any): PromiseLike<{ count: number }>
  deleteMany(args?: any): PromiseLike<{ count: number }>
  findMany(args?: any): PromiseLike<{ id: string; expiresAt?: Date }[]>
  findUnique(args: any): PromiseLike<{ id: string; expiresAt?: Date } | null>
  update(args: any): PromiseLike<{ id: string }>
}

/**
 * Any Prisma client whose schema has the models `Session` and `UserSession`: a plain one, an extended one, or the client of
 * an interactive transaction. Nothing is imported from a generated client; types come from the one that is passed.
 *
 * Models with other names are passed by hand: `{ session: prisma.login, userSession: prisma.device }`.
 */
export interface SessionClient {
  readonly session: SessionDelegate
  readonly userSession: UserSessionDelegate
  /** Only a client outside a transaction has it, which is how the two are told apart. */
  readonly $connect?: unknown
  $transaction?(...args: any[]): any
}

/** The client's own `UserSession` row, extra columns included. */
export type UserSessionOf<Client extends SessionClient> = NonNullable<
  Awaited<ReturnType<Client['userSession']['findUnique']>>
>

/** The type of the client's user ids: `number`, `bigint` or `string`, as its schema says. */
export type UserIdOf<Client extends SessionClient> = UserSessionOf<Client>['userId']

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/** Refuses what is not a Prisma client with both models, before anything is called on it. */
export function requireClient(action: string, db: SessionClient): void {
  if (isObject(db) && isObject(db.session) && isObject(db.userSession)) return
  const received = isObject(db) ? 'a client without them' : describeType(db)
  throw new InvalidInputError(
    `Cannot ${action}: db must be a Prisma client with the models Session and UserSession: received ${received}`,
    'db',
  )
}

/** Whether the client is one of an interactive transaction, which is its caller's to commit, retry or roll back. */
export function isInTransaction(db: SessionClient): boolean {
  // Not $transaction: a transaction's client has that too since Prisma 7, for savepoints.
  return typeof clientOf(db).$connect !== 'function'
}

/** The client itself, which each of its models knows, where the models were passed by hand. */
function clientOf(db: SessionClient): Pick<SessionClient, '$connect' | '$transaction'> {
  if (typeof db.$transaction === 'function') return db
  const { $parent } = db.userSession as { $parent?: SessionClient }
  return $parent ?? db
}

/**
 * Runs the statements as one transaction: in that of the caller when there is one, else in one of its own.
 *
 * Sends no statement alone, but with one beside it that does nothing. adapter-better-sqlite3 has one connection, on which a
 * statement that is sent alone runs inside whatever transaction is open and is lost when that rolls back, after it was
 * answered as done. A batch waits for its turn.
 *
 * @param statements - makes them anew for every run; Prisma starts one when it is awaited
 */
export async function atomically<const Statements extends readonly PromiseLike<unknown>[]>(
  db: SessionClient,
  action: string,
  statements: () => Statements,
): Promise<{ -readonly [Index in keyof Statements]: Awaited<Statements[Index]> }> {
  return query(db, action, async () => {
    const made = statements()
    if (!isInTransaction(db)) {
      const batch = made.length === 1 ? [...made, db.session.findMany({ take: 0 })] : made
      return (await clientOf(db).$transaction!(batch)).slice(0, made.length)
    }
    const results: unknown[] = []
    for (const statement of made) results.push(await statement)
    return results
  }) as never
}

/**
 * Runs one statement apart from whatever transaction another caller has open: it reads what is committed, and what it writes
 * is not lost when that one rolls back.
 */
export async function apart<Result>(
  db: SessionClient,
  action: string,
  statement: () => PromiseLike<Result>,
): Promise<Result> {
  if (isInTransaction(db) || keepsTransactionsApart(db)) return query(db, action, statement)
  const [result] = await atomically(db, action, () => [statement()])
  return result
}

/** Adapters that give every transaction a connection of its own. Any other is taken for one that has a single connection. */
const apartAdapter = /^@prisma\/adapter-(?:libsql|mariadb|pg)$/

/** Goes by what a client has no public name for: where that is missing one day, all is slower and nothing is wrong. */
function keepsTransactionsApart(db: SessionClient): boolean {
  const { _engineConfig: config } = clientOf(db) as { _engineConfig?: { adapter?: { adapterName?: unknown } } }
  return apartAdapter.test(String(config?.adapter?.adapterName))
}

/**
 * Runs a statement, or a transaction of its own, and runs it again when it conflicted with another writer; in the caller's
 * transaction only once, since all of that is lost with a conflict.
 *
 * What Prisma throws becomes an error that says no more than its code: Prisma's repeats the arguments.
 */
export async function query<Result>(
  db: SessionClient,
  action: string,
  statement: () => PromiseLike<Result>,
): Promise<Result> {
  try {
    return await retry(async () => statement(), isInTransaction(db) ? () => false : isWorthRetrying)
  } catch (error) {
    throw withoutArguments(action, error)
  }
}
