import { DatabaseError } from './errors.ts'

const explanations: Readonly<Record<string, string>> = {
  P1000: 'it refused the user or the password',
  P1001: 'it could not be reached',
  P1002: 'it did not answer in time',
  P1003: 'there is no such database',
  P1008: 'it was locked for too long',
  P1010: 'it refused the user',
  P1017: 'it closed the connection',
  P2000: 'a value is longer than its column',
  P2002: 'a row with this key exists',
  P2003: 'a row that this one refers to does not exist',
  P2021: 'a table is missing; apply the migrations',
  P2022: 'a column is missing; apply the migrations',
  P2024: 'no connection was free in time',
  P2025: 'the row is not there',
  P2028: 'the transaction is over, took too long or could not begin in time',
  P2034: 'a write conflicted with another; try again',
  SQLITE_BUSY: 'it was locked for too long',
  SQLITE_CANTOPEN: 'its file could not be opened',
}

/** What the driver said, which Prisma hands on as it is or beside an error of its own. */
function causeOf(error: unknown): { kind?: unknown; originalCode?: unknown } {
  const { meta, cause } = error as { meta?: { driverAdapterError?: { cause?: unknown } }; cause?: unknown }
  return Object(meta?.driverAdapterError?.cause ?? cause)
}

/** What drivers throw as they find it, and Prisma's code for that. */
const messages: readonly (readonly [pattern: RegExp, code: string])[] = [
  [
    /^(?:timeout exceeded when trying to connect|Query read timeout|timeout expired|Connection .+ connection timeout)$/,
    'P1002',
  ],
  [/^Connection terminated|^Client (?:was closed|has encountered a connection error)/, 'P1017'],
  [/^Cannot open database|^ConnectionFailed/, 'SQLITE_CANTOPEN'],
]

/** Codes of databases, connectors and the operating system that Prisma has no name for, and Prisma's for the same. */
const originalCodes: Readonly<Record<string, string>> = {
  // MariaDB: "record has changed since last read", which is its snapshot isolation.
  1020: 'P2034',
  // MySQL: the server shuts down, the connection was killed.
  1053: 'P1017',
  1927: 'P1017',
  // MySQL: a new primary key that a foreign key follows would be there twice.
  1761: 'P2002',
  1762: 'P2002',
  // MariaDB's connector: the socket is closed, the connection is closed, no answer in time, no connection in time.
  45009: 'P1017',
  45013: 'P1017',
  45026: 'P1002',
  45028: 'P2024',
  // PostgreSQL: a deadlock, which only Prisma 7 has a name for.
  '40P01': 'P2034',
  // PostgreSQL: an administrator ended the connection, the server crashed, it is starting up.
  '57P01': 'P1017',
  '57P02': 'P1017',
  '57P03': 'P1001',
  EAI_AGAIN: 'P1001',
  ECONNREFUSED: 'P1001',
  ECONNRESET: 'P1017',
  EHOSTUNREACH: 'P1001',
  ENETUNREACH: 'P1001',
  EPIPE: 'P1017',
  ETIMEDOUT: 'P1002',
}

/** Prisma's code of an error that came from it or its driver; `undefined` where it has none, `null` for other errors. */
function codeOf(error: unknown): string | null | undefined {
  if (!(error instanceof Error)) return null
  const known = messages.find(([pattern]) => pattern.test(error.message))
  if (known) return known[1]
  if (!/^(PrismaClient|DriverAdapter|LibsqlError|SqliteError|SqlError)/.test(error.name)) return null
  const { kind, originalCode } = causeOf(error)
  if (kind === 'TransactionWriteConflict') return 'P2034'
  if (kind === 'ConnectionClosed') return 'P1017'
  // A silent network is called the same as SQLite's busy file, of which alone the driver has a code.
  if (kind === 'SocketTimeout') return originalCode === undefined ? 'P1002' : 'P1008'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return originalCodes[String(originalCode)] ?? originalCodes[String(code)] ?? code
}

/**
 * Whether the database undid a statement, or did not begin it, because of another writer, and another try may fare better.
 *
 * @param attempt - how many tries have failed. SQLite's busy file gets three in all, since its drivers wait 5 s in each
 */
export function isWorthRetrying(error: unknown, attempt: number): boolean {
  const code = codeOf(error)
  return code === 'P2034' || (code === 'P1008' && attempt < 3)
}

/**
 * Whether a statement that failed like this would have failed for any other rows too: the database is not there, its schema
 * does not fit, or other writers were in the way.
 */
export function concernsEveryRow(error: unknown): boolean {
  const code = error instanceof DatabaseError ? error.databaseCode : undefined
  return code !== undefined && /^(?:P1\d\d\d|P20(?:2[1248]|34|37)|SQLITE_\w+)$/.test(code)
}

/** An error of Prisma's or a driver's as one that says no more than its code; others, of an application's hooks, as they are. */
export function withoutArguments(action: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === null) return error
  const explanation = (code && explanations[code]) ?? misfit((error as Error).message) ?? 'it refused the statement'
  return new DatabaseError(`Cannot ${action}: database failed: ${explanation}${code ? ` (${code})` : ''}`, code)
}

/** What of the schema does not fit, from Prisma's message: a name of the schema at most, never a value. */
function misfit(message: string): string | undefined {
  const missing = /\b(?:no such|has no) (table|column)\b/.exec(message)?.[1]
  if (missing !== undefined) return `a ${missing} is missing; apply the migrations`
  const found = /(?:Unknown (?:argument|field) `\w+`|Argument `\w+` is missing)/.exec(message)
  return found ? `the schema does not fit: ${found[0]}` : undefined
}

const failedWith = (error: unknown, code: string): boolean =>
  error instanceof DatabaseError && error.databaseCode === code

/** Whether a statement failed since a row with the same unique value exists. */
export const isUniqueConflict = (error: unknown): boolean => failedWith(error, 'P2002')
/** Whether a statement failed since a row that it refers to does not exist. */
export const isMissingReference = (error: unknown): boolean => failedWith(error, 'P2003')
/** Whether an update failed since no row met its conditions. */
export const isMissingRow = (error: unknown): boolean => failedWith(error, 'P2025')
