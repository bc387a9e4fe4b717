import { randomBytes } from 'node:crypto'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { connect, execute, type PrismaClient } from '../../scripts/databases.ts'
import { hashSessionKey } from '../../src/index.ts'
import {
  all,
  expectDatabaseError,
  expectDatabaseErrors,
  signedIn,
  tells,
  thrownBy,
  verbs,
  writing,
  type SignedIn,
} from '../database/every-verb.ts'

const driver = inject('driver') as 'mysql' | 'postgresql'
const isMysql = driver === 'mysql'
const server = inject('servers')[driver]!

describe("an error of a server's says its code and nothing of what was stored or asked", () => {
  it('a trigger refuses what is written and says what it was', async () => {
    const session = await signedIn()
    const { prisma, sessionKey, secrets } = session
    const id = hashSessionKey(sessionKey)
    const says = `${sessionKey} ${id}`
    if (!isMysql) {
      const body = `BEGIN RAISE EXCEPTION 'Refused: %', '${says}'; END`
      await session.execute(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ ${body} $$`)
    }
    const refusal = isMysql ? `SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${says}'` : 'EXECUTE FUNCTION refuse()'
    for (const table of ['Session', 'UserSession']) {
      for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
        const trigger = `CREATE TRIGGER "${table}${event}" BEFORE ${event} ON "${table}" FOR EACH ROW`
        await session.execute(`${trigger} ${refusal}`)
      }
    }
    const error = await thrownBy(() => prisma.session.delete({ where: { id } }))
    expect(tells(error, secrets)).toEqual([sessionKey, sessionKey.slice(0, 12), id, id.slice(0, 12)])
    await expectDatabaseErrors(prisma, session, writing, 'P2039')
  })

  it('the database may only be read', async () => {
    const session = await signedIn()
    const prisma = await connectToRead(session)
    await expectDatabaseErrors(prisma, session, writing, 'P2039')
    await expect(verbs.listSessions!(prisma, session)).resolves.toMatchObject({ items: [{ id: session.id }] })
  })

  it('the user is unknown', async () => {
    const session = await signedIn()
    const password = randomBytes(12).toString('hex')
    const prisma = connectTo(Object.assign(new URL(session.url), { username: 'nobody', password }))
    const secrets = [...session.secrets, password]
    // The second is of a PostgreSQL that asks for no password.
    await expectRefusals(prisma, { ...session, secrets }, isMysql ? /^P2024$/ : /^P1000$|^P1010$/)
  })

  it('the database does not exist', async () => {
    const session = await signedIn()
    const prisma = connectTo(Object.assign(new URL(session.url), { pathname: 'missing' }))
    await expectRefusals(prisma, session, isMysql ? /^P2024$/ : /^P1003$/)
  })

  it('tables are locked by another connection, and serve again when they are not', async () => {
    const session = await signedIn()
    const hurried = connectTo(withLockTimeout(session.url))
    await hurried.user.count()
    await session.prisma.$transaction(
      async (tx) => {
        await tx.$executeRawUnsafe(
          isMysql
            ? 'LOCK TABLES Session WRITE, UserSession WRITE'
            : 'LOCK TABLE "Session", "UserSession" IN ACCESS EXCLUSIVE MODE',
        )
        await Promise.all(all.map((name) => expectDatabaseErrors(hurried, session, [name], 'P2039')))
        if (isMysql) await tx.$executeRawUnsafe('UNLOCK TABLES')
      },
      { timeout: 30_000 },
    )
    for (const name of all) await expect(verbs[name]!(hurried, session), name).resolves.toBeDefined()
  })
})

/** A client that is gone after the test. */
function connectTo(url: URL): PrismaClient {
  // As long as MariaDB's pool waits where it is refused.
  if (isMysql) url.searchParams.set('acquireTimeout', '1000')
  const prisma = connect(driver, url.href)
  onTestFinished(() => prisma.$disconnect())
  return prisma
}

async function connectToRead(session: SignedIn): Promise<PrismaClient> {
  const url = new URL(session.url)
  const database = url.pathname.slice(1)
  if (!isMysql) {
    await session.execute(`ALTER DATABASE ${database} SET default_transaction_read_only = on`)
    return connectTo(url)
  }
  const username = `reader_${randomBytes(8).toString('hex')}`
  await execute(driver, server, `CREATE USER ${username} IDENTIFIED BY '${username}'`)
  onTestFinished(() => execute(driver, server, `DROP USER ${username}`))
  await execute(driver, server, `GRANT SELECT ON ${database}.* TO ${username}`)
  return connectTo(Object.assign(url, { username, password: username }))
}

/** The same outside a transaction alone: there is none to be had. */
async function expectRefusals(db: PrismaClient, session: SignedIn, code: RegExp): Promise<void> {
  const calls = all.map(async (name) => {
    const error = await thrownBy(() => verbs[name]!(db, session))
    expectDatabaseError(error, name, session, expect.stringMatching(code))
  })
  await Promise.all(calls)
}

/** The shortest time to wait for a lock that the server knows. */
function withLockTimeout(databaseUrl: string): URL {
  const url = new URL(databaseUrl)
  if (isMysql) url.searchParams.set('sessionVariables', '{"lock_wait_timeout":1}')
  else url.searchParams.set('options', '-c lock_timeout=100')
  return url
}
