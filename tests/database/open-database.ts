import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { inject, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/prisma/client.ts'

export type Database = Awaited<ReturnType<typeof openDatabase>>

/** A new database file with the migrations applied, a client on it, and a user. The client is closed after the test. */
export async function openDatabase(driver = inject('driver')) {
  const url = `file:${inject('directory')}/${randomUUID()}.db`
  const connection = await adapterFor(url, driver).connect()
  await connection.queryRaw({ sql: 'PRAGMA journal_mode = WAL', args: [], argTypes: [] })
  for (const sql of migrations()) await connection.executeScript(sql)
  await connection.dispose()

  const prisma = connect(url, driver)
  onTestFinished(() => prisma.$disconnect())
  const user = await prisma.user.create({ data: { email: 'mail@example.com' } })
  return { url, driver, prisma, user }
}

/** A client of its own on a database file. */
export function connect(url: string, driver: string) {
  return new PrismaClient({ adapter: adapterFor(url, driver) })
}

function adapterFor(url: string, driver: string) {
  return driver === 'libsql' ? new PrismaLibSql({ url, timeout: 5000 }) : new PrismaBetterSqlite3({ url })
}

function migrations(): string[] {
  const directory = fileURLToPath(new URL('../../prisma/migrations/', import.meta.url))
  const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = entries.map(({ name }) => name).toSorted()
  return names.map((name) => readFileSync(`${directory}${name}/migration.sql`, 'utf8'))
}
