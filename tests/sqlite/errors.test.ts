import { writeFileSync } from 'node:fs'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { PrismaClient } from '../../generated/prisma/client.ts'
import { connect } from '../../scripts/databases.ts'
import { generateSessionKey, hashSessionKey, SessionTrackingError } from '../../src/index.ts'
import { all, expectDatabaseErrors, signedIn, start, tells, thrownBy, verbs, writing } from '../database/every-verb.ts'

describe("an error of SQLite's says its code and nothing of what was stored or asked", () => {
  it('the database is locked by another connection, and serves again when it is not', async () => {
    const session = await signedIn()
    // A copy, since that is in the journal mode that SQLite has by default, where a writer keeps readers out as well.
    const file = `${inject('directory')}/locked-${generateSessionKey()}`
    await session.prisma.$executeRawUnsafe(`VACUUM INTO '${file}'`)
    const locking = connect(inject('driver'), `file:${file}`)
    const hurried = new PrismaClient({ adapter: hurriedAdapter(`file:${file}`) })
    onTestFinished(async () => void (await Promise.all([locking.$disconnect(), hurried.$disconnect()])))
    await locking.$executeRawUnsafe('BEGIN EXCLUSIVE')
    await expectDatabaseErrors(hurried, session, all, 'P1008')
    await locking.$executeRawUnsafe('ROLLBACK')
    for (const name of all) await expect(verbs[name]!(hurried, session)).resolves.toBeDefined()
  })

  it('the file is no database', async () => {
    const session = await signedIn()
    const file = `${inject('directory')}/no-database-${generateSessionKey()}`
    writeFileSync(file, 'There is no database in here. '.repeat(100))
    const prisma = connect(inject('driver'), `file:${file}`)
    onTestFinished(() => prisma.$disconnect())
    await expectDatabaseErrors(prisma, session, all, 'P2039')
  })

  it('the database is read-only', async () => {
    const session = await signedIn()
    for (const name of writing) {
      const error = await session.prisma.$transaction(async (tx) => {
        await tx.$executeRawUnsafe('PRAGMA query_only = ON')
        const thrown = await thrownBy(() => verbs[name]!(tx, session))
        await tx.$executeRawUnsafe('PRAGMA query_only = OFF')
        return thrown
      })
      expect(error).toMatchObject({ name: 'DatabaseError', code: 'ERR_DATABASE', databaseCode: 'P2039' })
      expect(tells(error, session.secrets)).toEqual([])
    }
  })

  // The adapters give a trigger's refusal the code of a foreign key, which at a sign-in is that of the user.
  it('a trigger refuses what is written and says what it was', async () => {
    const session = await signedIn()
    const { prisma, sessionKey, secrets } = session
    for (const table of ['Session', 'UserSession']) {
      for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
        const says = `Refused: ${secrets.join(' ')}`
        await prisma.$executeRawUnsafe(
          `CREATE TRIGGER "${table}${event}" BEFORE ${event} ON "${table}" BEGIN SELECT RAISE(ABORT, '${says}'); END`,
        )
      }
    }
    const data = { id: hashSessionKey(sessionKey), createdAt: start, expiresAt: start }
    expect(tells(await thrownBy(() => prisma.session.create({ data })), secrets)).toEqual(secrets)
    for (const name of writing) {
      const error = await thrownBy(() => verbs[name]!(prisma, session))
      expect(error, name).toBeInstanceOf(SessionTrackingError)
      expect(tells(error, secrets), name).toEqual([])
    }
  })

  it('the file cannot be opened', async () => {
    const session = await signedIn()
    const prisma = connect(inject('driver'), `file:${inject('directory')}/missing/sessions.db`)
    onTestFinished(() => prisma.$disconnect())
    for (const name of all) {
      const error = await thrownBy(() => verbs[name]!(prisma, session))
      expect(error).toBeInstanceOf(Error)
      expect(tells(error, session.secrets), name).toEqual([])
    }
  })
})

function hurriedAdapter(url: string) {
  return inject('driver') === 'libsql'
    ? new PrismaLibSql({ url, timeout: 50 })
    : new PrismaBetterSqlite3({ url, timeout: 50 })
}
