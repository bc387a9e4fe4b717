// What the tests and the stress program do with any of the databases: create one with the migrations applied, connect, drop.
import { hash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient as MysqlClient } from '../generated/mysql/client.ts'
import { PrismaClient as PostgresqlClient } from '../generated/postgresql/client.ts'
import { PrismaClient } from '../generated/prisma/client.ts'

export type { PrismaClient }

/** What Prisma reaches a database with. */
export type Driver = 'better-sqlite3' | 'libsql' | 'mysql' | 'postgresql'

/** Where the schema and the migrations for a driver's database are. */
export function schemaFolder(driver: Driver): URL {
  return new URL(driver === 'postgresql' || driver === 'mysql' ? `../prisma/${driver}/` : '../prisma/', import.meta.url)
}

/**
 * A client of its own on a database. The models are the same on all databases, so that one client stands for all in types.
 *
 * @param url - `file:…` for SQLite
 * @param log - what it tells of by `$on`
 */
export function connect(driver: Driver, url: string, log: { emit: 'event'; level: 'query' }[] = []): PrismaClient {
  const options = { adapter: adapterFor(driver, url), log }
  if (driver === 'postgresql') return new PostgresqlClient(options) as unknown as PrismaClient
  if (driver === 'mysql') return new MysqlClient(options) as unknown as PrismaClient
  return new PrismaClient(options)
}

/**
 * Creates a database with the migrations applied.
 *
 * @param place - the URL of a server's administrative database; a directory for SQLite
 * @param adapt - what an application with other models makes of a migration
 * @returns the URL of the database
 */
export async function createDatabase(driver: Driver, place: string, adapt = (sql: string) => sql): Promise<string> {
  const name = `sessions_${randomUUID().replaceAll('-', '')}`
  const url = urlOf(driver, place, name)
  if (driver === 'postgresql') await execute(driver, place, `CREATE DATABASE ${name}`)
  else if (driver === 'mysql')
    await execute(driver, place, `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`)
  else await execute(driver, url, 'PRAGMA journal_mode = WAL')
  for (const sql of migrationsFor(driver)) await execute(driver, url, adapt(sql))
  return url
}

/** Drops a database of {@link createDatabase}, whoever is still connected. */
export async function dropDatabase(driver: Driver, place: string, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  if (driver === 'postgresql') await execute(driver, place, `DROP DATABASE ${name} (FORCE)`)
  else if (driver === 'mysql') await execute(driver, place, `DROP DATABASE ${name}`)
  else for (const end of ['', '-wal', '-shm']) rmSync(`${url.slice('file:'.length)}${end}`, { force: true })
}

/** Runs statements of standard SQL, with names in double quotes and a semicolon at the end of their lines, on a connection of their own. */
export async function execute(driver: Driver, url: string, script: string): Promise<void> {
  const connection = await adapterFor(driver, driver === 'mysql' ? `${url}?connectionLimit=1` : url).connect()
  const run = (sql: string) => connection.executeRaw({ sql, args: [], argTypes: [] })
  try {
    // Without it, double quotes are for text there.
    if (driver === 'mysql') await run(`SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')`)
    for (const sql of script.split(/;$/m)) if (sql.trim() !== '') await run(sql)
  } finally {
    await connection.dispose()
  }
}

/** What a client of any schema reaches a database with. */
export function adapterFor(driver: Driver, url: string) {
  if (driver === 'postgresql') return new PrismaPg(url)
  if (driver === 'mysql') return new PrismaMariaDb(url)
  if (driver === 'better-sqlite3') return new PrismaBetterSqlite3({ url })
  // Where it is locked, libsql fails at once unless it is told to wait; and where an integer is too large for a number.
  return new PrismaLibSql({ url, timeout: 5000, intMode: 'bigint' })
}

/** PostgreSQL's, where each connection plans a statement once and not each time, as the README says. */
export function namingAdapter(connectionString: string): PrismaPg {
  return new PrismaPg({ connectionString }, { statementNameGenerator })
}

const statementNameGenerator = ({ sql }: { sql: string }): string =>
  / IN \(/.test(sql) ? '' : hash('sha256', sql, 'base64')

function urlOf(driver: Driver, place: string, name: string): string {
  if (driver === 'libsql' || driver === 'better-sqlite3') return `file:${place}/${name}.db`
  return Object.assign(new URL(place), { pathname: name }).href
}

function migrationsFor(driver: Driver): string[] {
  const directory = new URL('migrations/', schemaFolder(driver))
  const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = entries.map(({ name }) => name).toSorted()
  return names.map((name) => readFileSync(new URL(`${name}/migration.sql`, directory), 'utf8'))
}
