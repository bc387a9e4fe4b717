import { describeType, InvalidInputError } from './errors.ts'
import type { Lifetime } from './expiry.ts'

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

/** Runs a client's statements as one transaction of its own. */
export async function transact(db: SessionClient, statements: readonly PromiseLike<unknown>[]): Promise<unknown[]> {
  return clientOf(db).$transaction!(statements)
}

/** Adapters that give every transaction a connection of its own. Any other is taken for one that has a single connection. */
const apartAdapter = /^@prisma\/adapter-(?:libsql|mariadb|pg)$/

/**
 * Whether a statement never becomes part of a transaction that another caller has open.
 *
 * Goes by what a client has no public name for: where that is missing one day, all is slower and nothing is wrong.
 */
export function keepsTransactionsApart(db: SessionClient): boolean {
  const { _engineConfig: config } = clientOf(db) as { _engineConfig?: { adapter?: { adapterName?: unknown } } }
  return apartAdapter.test(String(config?.adapter?.adapterName))
}

/**
 * Whether an application has a say in these operations on `UserSession`, by an extension of its client: it may go by who
 * asks, or by what it knows of the request, so that one query for several callers would not be the same to it.
 *
 * Goes by what a client has no public name for: where that is missing one day, all is slower and nothing is wrong.
 */
export function hasQueryHooks(db: SessionClient, operations: readonly (keyof UserSessionDelegate)[]): boolean {
  const { name } = db.userSession as { name?: unknown }
  const model = String(name).replace(/^./, (letter) => letter.toLowerCase())
  const extensions = extensionsOf(db, model)
  if (typeof extensions?.getAllQueryCallbacks !== 'function') return true
  return operations.some((operation) => extensions.getAllQueryCallbacks!(model, operation).length > 0)
}

interface Extensions {
  getAllQueryCallbacks?(model: string, operation: string): readonly unknown[]
}

/** All extensions of a client, where they can be known: a model knows only the client before it was extended last. */
function extensionsOf(db: SessionClient, model: string): Extensions | undefined {
  const { $parent: parent } = db.userSession as { $parent?: Readonly<Record<string, unknown>> }
  const isSame = parent?.[model] === db.userSession
  // The last extension was this package's own, which has no such say.
  const isOwn = hasVerbs(db.userSession) && !hasVerbs(parent?.[model])
  const { _extensions: extensions } = ('_extensions' in db || !(isSame || isOwn) ? db : Object(parent)) as {
    _extensions?: Extensions
  }
  return extensions
}

const hasVerbs = (model: unknown): boolean => typeof Object(model).touch === 'function'
