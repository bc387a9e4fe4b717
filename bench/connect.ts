import { adapterFor, type Driver, namingAdapter } from '../scripts/databases.ts'
import { PrismaClient as MysqlClient } from '../generated/bench-mysql/client.ts'
import { PrismaClient as PostgresqlClient } from '../generated/bench-postgresql/client.ts'
import { PrismaClient } from '../generated/bench/client.ts'

export type { PrismaClient }

/**
 * A client that knows this package's models and those of what it is measured against.
 *
 * @param onQuery - is told of each statement
 */
export function connect(driver: Driver, url: string, onQuery?: (sql: string) => void): PrismaClient {
  const Client = { mysql: MysqlClient, postgresql: PostgresqlClient }[driver as string] ?? PrismaClient
  const options = { adapter: adapterFor(driver, url), log: onQuery ? [{ emit: 'event', level: 'query' }] : [] }
  // The models are the same on all databases, so that one client stands for all in types.
  const prisma = new (Client as any)(options)
  if (onQuery) prisma.$on('query', ({ query }: { query: string }) => onQuery(query))
  return prisma
}

/** A client of PostgreSQL that names its statements. */
export function connectNamed(url: string): PrismaClient {
  return new PostgresqlClient({ adapter: namingAdapter(url) }) as never
}
