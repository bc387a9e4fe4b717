import { isInTransaction, keepsTransactionsApart, transact, type SessionClient } from './client.ts'
import { isWorthRetrying, withoutArguments } from './database-error.ts'
import { retry } from './retry.ts'

/**
 * Runs a statement, or a transaction of its own, and runs it again when it conflicted with another writer; in the caller's
 * transaction only once, since all of that is lost with a conflict.
 *
 * What Prisma throws becomes an error that says no more than its code: Prisma's repeats the arguments.
 */
export function query<Result>(
  db: SessionClient,
  action: string,
  statement: () => PromiseLike<Result>,
): Promise<Result> {
  const isWorthwhile = (error: unknown, attempt: number): boolean =>
    !isInTransaction(db) && isWorthRetrying(error, attempt)
  return retry(statement, isWorthwhile).catch((error: unknown) => {
    throw withoutArguments(action, error)
  })
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
      return (await transact(db, batch)).slice(0, made.length)
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
