import { describe, expect, it } from 'vitest'
import { Prisma, type PrismaClient } from '../../generated/prisma/client.ts'
import { all, expectDatabaseErrors, signedIn, verbs } from './every-verb.ts'

/** An error as Prisma throws it, with what the driver said. */
function failure(code: string, cause?: object) {
  const meta = cause && { driverAdapterError: { name: 'DriverAdapterError', cause } }
  return new Prisma.PrismaClientKnownRequestError('Told: everything', {
    code,
    clientVersion: '7.10.0',
    ...(meta && { meta }),
  })
}

const conflicts = {
  'a deadlock or a serialization failure': failure('P2034', {
    kind: 'TransactionWriteConflict',
    originalCode: '40P01',
  }),
  'a conflict that Prisma alone tells of': failure('P2034'),
  'a deadlock, told by Prisma 6': failure('P2039', { kind: 'postgres', originalCode: '40P01', code: '40P01' }),
  "MariaDB's snapshot isolation": failure('P2039', { kind: 'mysql', originalCode: '1020', code: 1020 }),
  "SQLite's busy file, told by better-sqlite3": failure('P1008', {
    kind: 'SocketTimeout',
    originalCode: 'SQLITE_BUSY',
  }),
  "SQLite's busy file, told by libsql": failure('P1008', { kind: 'SocketTimeout', originalCode: '5' }),
  'the driver itself, when a transaction begins or ends': Object.assign(new Error('Told: everything'), {
    name: 'DriverAdapterError',
    cause: { kind: 'TransactionWriteConflict', originalCode: '40001' },
  }),
}
const others = {
  'a network that says nothing': ['P1002', failure('P1008', { kind: 'SocketTimeout' })],
  'a server that cannot be reached': ['P1001', failure('P1001', { kind: 'DatabaseNotReachable' })],
  'a transaction that is over': ['P2028', failure('P2028')],
  'a refusal of another kind': ['P2039', failure('P2039', { kind: 'mysql', originalCode: '1644', code: 1644 })],
} as const

/** A client whose statements fail: so many of them after one that succeeded, all in the middle of a transaction. */
function failingAfter(prisma: PrismaClient, successes: number, failures: number, error: Error) {
  let sent = 0
  const client = prisma.$extends({
    query: {
      async $allOperations({ args, query }) {
        sent++
        if (sent > successes && sent <= successes + failures) throw error
        return query(args)
      },
    },
  })
  return { client: client as unknown as PrismaClient, sent: () => sent }
}

describe.each(Object.entries(conflicts))('%s', (_, error) => {
  it.each(all)('is not seen by who calls %s, which runs again as a whole', async (name) => {
    for (const successes of [0, 1]) {
      const session = await signedIn()
      const { client } = failingAfter(session.prisma, successes, 2, error)
      const other = await signedIn()
      const answer = await verbs[name]!(client, session)
      const undisturbed = await verbs[name]!(other.prisma, other)
      expect(typeof answer).toBe(typeof undisturbed)
      expect(await rows(session)).toEqual(await rows(other))
    }
  })
})

describe('a conflict that does not end', () => {
  it.each(['trackSession', 'touchActivity', 'purgeSessions'])(
    'is a typed error of %s, which has done nothing',
    async (name) => {
      const session = await signedIn()
      const before = await rows(session)
      const { client, sent } = failingAfter(
        session.prisma,
        0,
        Infinity,
        conflicts['a conflict that Prisma alone tells of'],
      )
      const ending = verbs[name]!(client, session)
      await expect(ending).rejects.toMatchObject({ code: 'ERR_DATABASE', databaseCode: 'P2034' })
      expect(sent()).toBeGreaterThanOrEqual(10)
      expect(await rows(session)).toEqual(before)
    },
  )
})

describe("SQLite's busy file", () => {
  it('is waited for three times, since its drivers wait themselves', async () => {
    const session = await signedIn()
    const busy = conflicts["SQLite's busy file, told by libsql"]
    const { client, sent } = failingAfter(session.prisma, 0, Infinity, busy)
    const ending = verbs.touchActivity!(client, session)
    await expect(ending).rejects.toMatchObject({ code: 'ERR_DATABASE', databaseCode: 'P1008' })
    expect(sent()).toBe(3)
  })
})

describe("in the caller's transaction", () => {
  it.each(all)('%s is not run again', async (name) => {
    const session = await signedIn()
    const { client, sent } = failingAfter(
      session.prisma,
      0,
      Infinity,
      conflicts['a conflict that Prisma alone tells of'],
    )
    const transaction = client.$transaction((tx) => verbs[name]!(tx, session))
    await expect(transaction).rejects.toMatchObject({ code: 'ERR_DATABASE', databaseCode: 'P2034' })
    expect(sent()).toBe(1)
  })
})

describe.each(Object.entries(others))('%s', (_, [code, error]) => {
  it('is told at once', async () => {
    const session = await signedIn()
    const { client, sent } = failingAfter(session.prisma, 0, Infinity, error)
    await expectDatabaseErrors(client, session, ['touchActivity'], code)
    // Outside and inside a transaction.
    expect(sent()).toBe(2)
  })
})

/** What is stored, but for what differs by chance. */
async function rows({ prisma }: { prisma: PrismaClient }): Promise<unknown> {
  const omit = { id: true } as const
  const sessions = await prisma.session.findMany({ omit, orderBy: [{ createdAt: 'asc' }, { expiresAt: 'asc' }] })
  const userSessions = await prisma.userSession.findMany({ omit, orderBy: [{ userId: 'asc' }, { createdAt: 'asc' }] })
  return [sessions, userSessions.map(({ sessionId, ...rest }) => [rest, sessionId === null])]
}
