import type { Driver } from '../scripts/databases.ts'
import { connect, connectNamed, type PrismaClient } from './connect.ts'
import { fill, type Contents } from './fill.ts'
import { openFloor, type Floor } from './floor.ts'

export const databaseNames = ['sqlite', 'postgresql', 'mysql'] as const
export type DatabaseName = (typeof databaseNames)[number]

/** Prisma's fastest for each. */
export function driverOf(database: DatabaseName): Driver {
  return database === 'sqlite' ? 'better-sqlite3' : database
}

/** A database with so many user sessions, and whatever reaches it. */
export interface Table extends Contents {
  readonly database: DatabaseName
  readonly driver: Driver
  readonly url: string
  readonly rows: number
  readonly prisma: PrismaClient
  /** One that names its statements, where they would be planned anew each time without. */
  readonly named: PrismaClient | undefined
  readonly floor: Floor
  close(): Promise<void>
}

/** Where to measure what reaches a filled database in a way of its own. */
export type Place = Pick<Table, 'database' | 'driver' | 'url' | 'rows'> & { readonly isQuick: boolean }

/** The id of one of so many users who have 10 live sessions each. */
export function anybody(users: number): number {
  return 1 + Math.floor(Math.random() * users)
}

/** Fills a new database, and connects to it. */
export async function openTable(database: DatabaseName, url: string, rows: number): Promise<Table> {
  const driver = driverOf(database)
  const contents = await fill(driver, url, rows)
  const prisma = connect(driver, url)
  const named = driver === 'postgresql' ? connectNamed(url) : undefined
  const floor = await openFloor(driver, url)
  return {
    ...contents,
    database,
    driver,
    url,
    rows,
    prisma,
    named,
    floor,
    async close() {
      await prisma.$disconnect()
      await named?.$disconnect()
      await floor.close()
    },
  }
}
