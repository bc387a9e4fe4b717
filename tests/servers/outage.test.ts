import dns from 'node:dns'
import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { PrismaClient as PostgresqlClient } from '../../generated/postgresql/client.ts'
import { connect, type PrismaClient } from '../../scripts/databases.ts'
import { generateSessionKey } from '../../src/index.ts'
import { all, expectDatabaseError, signedIn, thrownBy, verbs, type SignedIn } from '../database/every-verb.ts'
import { connectThrough, openProxy, type Proxy } from './open-proxy.ts'

const driver = inject('driver') as 'mysql' | 'postgresql'
// What a busy machine may add to the time that a call takes, in ms.
const allowance = 3000

/** What a call answers when the server is gone, and after how long at most. */
const gone = {
  postgresql: { settings: '', codes: /^P(1001|1017)$/, bound: 0, boundOfFirst: 0 },
  // Its pool waits for a server that may come back, and Prisma waits 2 s for the pool to begin a transaction. A new client
  // asks for the server's version first, and waits for that as well.
  mysql: { settings: '?acquireTimeout=3000', codes: /^P(1017|2024|2028)$/, bound: 3000, boundOfFirst: 6000 },
}[driver]

/** What a client has to be told so that it does not wait for a silent server for ever, and what its calls answer then. */
const impatient = {
  postgresql: {
    connect(connectionString: string) {
      // Not in the connection string, where the pool does not see the first of them.
      const adapter = new PrismaPg({ connectionString, connectionTimeoutMillis: 1000, query_timeout: 1000 })
      return new PostgresqlClient({ adapter }) as unknown as PrismaClient
    },
    codes: /^P(1002|1017)$/,
    bound: 1000,
    boundOfFirst: 1000,
  },
  mysql: {
    connect: (url: string) => connect('mysql', `${url}?connectTimeout=1000&acquireTimeout=1000&socketTimeout=1000`),
    codes: /^P(1002|2024|2028)$/,
    // Its pool asks each of its ten connections whether it is alive, for 250 ms, before it waits for another one.
    bound: 3500,
    boundOfFirst: 2000,
  },
}[driver]

describe('a server that is gone', () => {
  const connectTo = (url: string) => connect(driver, url + gone.settings)

  it('is an error of every verb in bounded time, and nothing once it is back', async () => {
    await expectOutageAndService({ ...gone, connect: connectTo }, (proxy) => proxy.cut())
  })

  // As localhost often has.
  it('is one as well where its name has two addresses', async () => {
    const session = await signedIn()
    const proxy = await openProxy(session.url)
    haveAddresses('database.example', { address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 })
    const prisma = connectThrough(proxy, (url) => connectTo(url.replace('127.0.0.1', 'database.example')))
    proxy.cut()
    await expectOutage(await callEveryVerb(prisma, session), session, gone.codes, gone.boundOfFirst)
    await proxy.restore()
    await expectService(prisma, session)
  })

  it("is one at once in a caller's transaction that was open already", async () => {
    const session = await signedIn()
    const proxy = await openProxy(session.url)
    const prisma = connectThrough(proxy, connectTo)
    const calls = await callEveryVerbInside(prisma, session, () => proxy.cut())
    await expectOutage(calls, session, /^P1017$/, 0)
    await proxy.restore()
    await expectService(prisma, session)
  })
})

describe('a server that is silent', () => {
  it('is an error of every verb in the time that the driver was given, and nothing once it speaks', async () => {
    await expectOutageAndService(impatient, (proxy) => proxy.silence())
  })

  it("is one in a caller's transaction that was open already", async () => {
    const session = await signedIn()
    const proxy = await openProxy(session.url)
    const prisma = connectThrough(proxy, impatient.connect)
    const calls = await callEveryVerbInside(prisma, session, () => proxy.silence())
    await expectOutage(calls, session, /^P1002$/, impatient.bound)
    await proxy.restore()
    await expectService(prisma, session)
  })
})

/** Has a name stand for addresses until the test is over. */
function haveAddresses(host: string, ...addresses: { address: string; family: number }[]): void {
  const { lookup } = dns
  const answer = (name: string, options: object, callback: (...found: unknown[]) => void) =>
    name === host ? callback(null, addresses) : lookup(name, options, callback)
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(answer as typeof lookup)
  onTestFinished(() => spy.mockRestore())
}

interface Call {
  readonly name: string
  readonly error: unknown
  readonly duration: number
}

async function callVerb(name: string, call: () => Promise<unknown>): Promise<Call> {
  const begin = performance.now()
  const error = await thrownBy(call)
  return { name, error, duration: performance.now() - begin }
}

/** As many as the first statements of all verbs find free. */
function useConnections(db: PrismaClient): Promise<unknown> {
  return Promise.all(all.map(() => db.user.count()))
}

function callEveryVerb(db: PrismaClient, session: SignedIn): Promise<Call[]> {
  return Promise.all(all.map((name) => callVerb(name, () => verbs[name]!(db, session))))
}

/** Calls each verb in a transaction of its own, all of which are open when something happens to the server. */
async function callEveryVerbInside(db: PrismaClient, session: SignedIn, happen: () => void): Promise<Call[]> {
  const calls: Call[] = []
  let unopened = all.length
  let goOn: (() => void) | undefined
  const areOpen = new Promise<void>((resolve) => (goOn = resolve))
  const transactions = all.map((name) =>
    db.$transaction(async (tx) => {
      await tx.user.count()
      if (--unopened === 0) {
        happen()
        goOn!()
      }
      await areOpen
      calls.push(await callVerb(name, () => verbs[name]!(tx, session)))
    }),
  )
  // That they cannot commit is not said by a verb.
  await Promise.allSettled(transactions)
  return calls
}

/** Has something happen to the server while one client has connections and another has none yet. */
async function expectOutageAndService(client: typeof impatient, happen: (proxy: Proxy) => void): Promise<void> {
  const session = await signedIn()
  const proxy = await openProxy(session.url)
  const [prisma, unused] = [connectThrough(proxy, client.connect), connectThrough(proxy, client.connect)]
  await useConnections(prisma)
  happen(proxy)
  await expectOutage(await callEveryVerb(prisma, session), session, client.codes, client.bound)
  await expectOutage(await callEveryVerb(prisma, session), session, client.codes, client.bound)
  await expectOutage(await callEveryVerb(unused, session), session, client.codes, client.boundOfFirst)
  await proxy.restore()
  await expectService(prisma, session)
  await expectService(unused, session)
}

async function expectOutage(calls: Call[], session: SignedIn, codes: RegExp, bound: number): Promise<void> {
  expect(calls.map(({ name }) => name).toSorted()).toEqual(all.toSorted())
  for (const { name, error, duration } of calls) {
    expectDatabaseError(error, name, session, expect.stringMatching(codes))
    expect(duration, name).toBeLessThan(bound + allowance)
  }
}

async function expectService(db: PrismaClient, session: SignedIn): Promise<void> {
  const unused = { ...session, newSessionKey: generateSessionKey() }
  for (const name of all) await expect(verbs[name]!(db, unused), name).resolves.toBeDefined()
}
