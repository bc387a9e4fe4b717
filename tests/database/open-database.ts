import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import { inject, onTestFinished } from 'vitest'
import { PrismaClient as MysqlClient } from '../../generated/mysql/client.ts'
import { PrismaClient as PostgresqlClient } from '../../generated/postgresql/client.ts'
import { PrismaClient } from '../../generated/prisma/client.ts'

/** What Prisma reaches a database with. */
export type Driver = 'better-sqlite3' | 'libsql' | 'mysql' | 'postgresql'

export type Database = Awaited<ReturnType<typeof openDatabase>>

/** A new database with the migrations applied, a client on it, and a user. Both are gone after the test. */
export async function openDatabase(driver = inject('driver')) {
  const url = await createDatabase(driver)
  for (const sql of migrations(driver)) await execute(url, driver, sql)
  const prisma = connect(url, driver)
  onTestFinished(() => prisma.$disconnect())
  const user = await prisma.user.create({ data: { email: 'mail@example.com' } })
  return { url, driver, prisma, user, execute: (sql: string) => execute(url, driver, sql) }
}

/** A client of its own on a database. The models are the same on all, so that one type stands for them. */
export function connect(url: string, driver: Driver): PrismaClient {
  const adapter = adapterFor(url, driver)
  if (driver === 'postgresql') return new PostgresqlClient({ adapter }) as unknown as PrismaClient
  if (driver === 'mysql') return new MysqlClient({ adapter }) as unknown as PrismaClient
  return new PrismaClient({ adapter })
}

function adapterFor(url: string, driver: Driver) {
  if (driver === 'postgresql') return new PrismaPg(url)
  if (driver === 'mysql') return new PrismaMariaDb(url)
  return driver === 'libsql' ? new PrismaLibSql({ url, timeout: 5000 }) : new PrismaBetterSqlite3({ url })
}

/** Creates an empty database and answers its URL. It is dropped after the test. */
async function createDatabase(driver: Driver): Promise<string> {
  if (driver === 'libsql' || driver === 'better-sqlite3') {
    const url = `file:${inject('directory')}/${randomUUID()}.db`
    await execute(url, driver, 'PRAGMA journal_mode = WAL')
    return url
  }
  const server = inject('servers')[driver]!
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await execute(server, driver, `CREATE DATABASE ${name}${driver === 'postgresql' ? ' STRATEGY FILE_COPY' : ''}`)
  onTestFinished(() => execute(server, driver, `DROP DATABASE ${name}${driver === 'postgresql' ? ' (FORCE)' : ''}`))
  return Object.assign(new URL(server), { pathname: name }).href
}

/** Runs statements of standard SQL, names in double quotes, on a connection of their own. */
async function execute(url: string, driver: Driver, script: string): Promise<void> {
  const connection = await adapterFor(url, driver).connect()
  try {
    // Not executeScript, which adapter-mariadb lacks and adapter-libsql needs a transaction for.
    for (const sql of script.split(/;\s*(?:\n|$)/)) if (sql.trim() !== '') await connection.executeRaw({ sql, args: [], argTypes: [] })
  } finally {
    await connection.dispose()
  }
}

function migrations(driver: Driver): string[] {
  const folder = driver === 'postgresql' || driver === 'mysql' ? `${driver}/migrations/` : 'migrations/'
  const directory = new URL(`../../prisma/${folder}`, import.meta.url)
  const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = entries.map(({ name }) => name).toSorted()
  return names.map((name) => readFileSync(new URL(`${name}/migration.sql`, directory), 'utf8'))
}
