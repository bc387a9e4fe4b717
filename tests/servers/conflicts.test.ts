import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { connect, type PrismaClient } from '../../scripts/databases.ts'
import { hashSessionKey, touchActivity } from '../../src/index.ts'
import { now, signedIn, tells, thrownBy, verbs, type SignedIn } from '../database/every-verb.ts'
import { observe } from './observe.ts'
import { untilOneWaits } from './until-one-waits.ts'

const driver = inject('driver') as 'mysql' | 'postgresql'
const deadlock = { postgresql: '40P01', mysql: '1213' }[driver]
const ending = ['revokeSession by id', 'revokeSession by key', 'revokeOtherSessions', 'revokeSessions']
const deadlocking = [...ending, 'rotateSessionKey']

describe("a transaction of the application's own that locks the rows of a session the other way round", () => {
  it.each(deadlocking)('%s is the victim and is done once the other one is', async (name) => {
    const session = await signedIn()
    const { db, failures } = observe(connectTo(session.url, 'victim'))
    let answer: Promise<unknown> | undefined
    await connectTo(session.url, 'survivor').$transaction(async (tx) => {
      await gainWeight(tx)
      await updateInTurn(tx, session, () => (answer = verbs[name]!(db, session)))
    })
    await expectDone(name, session, await answer)
    expect(new Set(failures)).toEqual(new Set([deadlock]))
    expect(await sessionOf(session)).toMatchObject({ city: 'Oslo' })
  })

  it.each(deadlocking)('%s is done at once when the other one is the victim', async (name) => {
    const session = await signedIn()
    const { db, failures } = observe(connectTo(session.url, 'survivor'))
    let answer: Promise<unknown> | undefined
    const transaction = connectTo(session.url, 'victim').$transaction((tx) =>
      updateInTurn(tx, session, () => (answer = verbs[name]!(db, session))),
    )
    await expect(transaction).rejects.toMatchObject({ code: 'P2034' })
    await expectDone(name, session, await answer)
    expect(failures).toEqual([])
    expect(await sessionOf(session)).toMatchObject({ city: null })
  })

  it('touchActivity waits for it, and is nobody to wait for', async () => {
    const session = await signedIn()
    const { db, failures } = observe(connectTo(session.url, 'victim'))
    let answer: Promise<unknown> | undefined
    await connectTo(session.url, 'survivor').$transaction((tx) =>
      updateInTurn(tx, session, () => (answer = verbs.touchActivity!(db, session))),
    )
    expect(await answer).toMatchObject({ id: session.id, lastActivity: now })
    expect(failures).toEqual([])
    expect(await sessionOf(session)).toMatchObject({ city: 'Oslo', lastActivity: now })
  })

  it.each(deadlocking)("%s in the caller's transaction, which is the victim, is an error at once", async (name) => {
    const session = await signedIn()
    const { prisma, user, sessionKey, secrets } = session
    const { db, calls } = observe(connectTo(session.url, 'victim'))
    let error: unknown
    let transaction: Promise<unknown> | undefined
    await connectTo(session.url, 'survivor').$transaction(async (tx) => {
      await gainWeight(tx)
      await tx.session.update({ where: { id: hashSessionKey(sessionKey) }, data: { data: { cart: 1 } } })
      transaction = db.$transaction(async (inner) => {
        await inner.user.update({ where: { id: user.id }, data: { name: 'Ada' } })
        calls.length = 0
        error = await thrownBy(() => verbs[name]!(inner, session))
        throw error
      })
      transaction.catch(() => {})
      await untilOneWaits(prisma)
      await tx.user.update({ where: { id: user.id }, data: { name: 'Grace' } })
    })
    await expect(transaction).rejects.toBe(error)
    expect(error).toMatchObject({ name: 'DatabaseError', code: 'ERR_DATABASE', databaseCode: 'P2034' })
    expect(tells(error, secrets)).toEqual([])
    expect(calls.filter((call) => /^Session\.(update|deleteMany)$/.test(call))).toHaveLength(1)
    expect(await prisma.user.findUnique({ where: { id: user.id } })).toMatchObject({ name: 'Grace' })
    expect(await touchActivity(prisma, { sessionKey }, { now })).toMatchObject({ id: session.id })
  })
})

type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]

/** PostgreSQL ends the one who looks for a deadlock first, which is after a second unless it is told otherwise. */
function connectTo(databaseUrl: string, role: 'survivor' | 'victim'): PrismaClient {
  const url = new URL(databaseUrl)
  if (driver === 'postgresql' && role === 'survivor') url.searchParams.set('options', '-c deadlock_timeout=30s')
  const prisma = connect(driver, url.href)
  onTestFinished(() => prisma.$disconnect())
  return prisma
}

/** MariaDB ends the one who has changed less. */
async function gainWeight(tx: Transaction): Promise<void> {
  await tx.user.createMany({ data: Array.from({ length: 50 }, (_, index) => ({ email: `${index}@example.com` })) })
}

/** Locks the UserSession row, has a verb called that locks the Session row and waits, and wants that one as well. */
async function updateInTurn(tx: Transaction, session: SignedIn, call: () => Promise<unknown>): Promise<void> {
  const { prisma, id, sessionKey } = session
  await tx.userSession.update({ where: { id }, data: { city: 'Oslo' } })
  call().catch(() => {})
  await untilOneWaits(prisma)
  await tx.session.update({ where: { id: hashSessionKey(sessionKey) }, data: { data: { cart: 1 } } })
}

function sessionOf({ prisma, id }: SignedIn): Promise<unknown> {
  return prisma.userSession.findUnique({ where: { id } })
}

async function expectDone(name: string, session: SignedIn, answer: unknown): Promise<void> {
  const { prisma, id, sessionKey, newSessionKey } = session
  const isRotation = name === 'rotateSessionKey'
  expect(isRotation ? answer : { count: Number(answer) }).toMatchObject(isRotation ? { id } : { count: 1 })
  expect(await touchActivity(prisma, { sessionKey }, { now })).toBeNull()
  const live = await touchActivity(prisma, { sessionKey: newSessionKey }, { now })
  expect(live?.id).toBe(isRotation ? id : undefined)
  const row = isRotation ? { endedAt: null } : { endedAt: now, sessionId: null }
  expect(await sessionOf(session)).toMatchObject(row)
  expect(await prisma.session.count()).toBe(isRotation ? 1 : 0)
}
