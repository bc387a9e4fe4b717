import { inject, onTestFinished } from 'vitest'
import { connect, createDatabase, dropDatabase, execute } from '../../scripts/databases.ts'

export type Database = Awaited<ReturnType<typeof openDatabase>>

/** A new database with the migrations applied, a client on it, and a user. All are gone after the test. */
export async function openDatabase(driver = inject('driver')) {
  const url = await createTestDatabase(driver)
  const prisma = connect(driver, url)
  onTestFinished(() => prisma.$disconnect())
  const user = await prisma.user.create({ data: { email: 'mail@example.com' } })
  return { url, driver, prisma, user, execute: (sql: string) => execute(driver, url, sql) }
}

/** A new database with the migrations applied, as an application with other models has them. It is gone after the test. */
export async function createTestDatabase(driver = inject('driver'), adapt?: (sql: string) => string): Promise<string> {
  const place = inject('servers')[driver] ?? inject('directory')
  const url = await createDatabase(driver, place, adapt)
  onTestFinished(() => dropDatabase(driver, place, url))
  return url
}
