import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { findServer, startServer } from '../../scripts/database-server.ts'
import { connect, createDatabase, type PrismaClient } from '../../scripts/databases.ts'
import {
  DatabaseError,
  generateSessionKey,
  listSessions,
  revokeSession,
  rotateSessionKey,
  touchActivity,
  trackSession,
} from '../../src/index.ts'
import { locate, now, start } from '../database/every-verb.ts'
import { openDatabase } from '../database/open-database.ts'
import { connectThrough, openProxy } from './open-proxy.ts'

const driver = inject('driver') as 'mysql' | 'postgresql'
// For how long MariaDB's pool waits for a connection, in ms. PostgreSQL's does not.
const acquireTimeout = 2000
// What a busy machine may add to the time that a call takes, in ms.
const allowance = 3000

it('connections that are cut while calls are under way lose nothing that was answered', async () => {
  const unhandled = noteUnhandled()
  const { url, user } = await openDatabase()
  const proxy = await openProxy(url)
  const settings = driver === 'mysql' ? `?acquireTimeout=${acquireTimeout}` : ''
  const prisma = connectThrough(proxy, (proxyUrl) => connect(driver, proxyUrl + settings))
  const told: Told = new Map()
  const answers: Answer[] = []
  for (const answersBefore of [1, 4, 8, 12, 16, 20]) {
    await Promise.all(Array.from({ length: 20 }, () => signIn(prisma, user.id, told)))
    let count = 0
    const cut = () => ++count === answersBefore && proxy.cut()
    answers.push(...(await callMany(prisma, user.id, told, cut)))
    // A pool has to hear of it that a connection without a call has ended: some turns of the event loop.
    for (let turn = 0; turn < 10; turn++) await wait(10)
    await proxy.restore()
    await expectKept(prisma, told)
  }
  const errors = errorsOf(answers)
  const codes = /^P(1001|1017|2024|2028)$/
  expect(errors.filter((error) => !(error instanceof DatabaseError && codes.test(`${error.databaseCode}`)))).toEqual([])
  expect(errors).not.toEqual([])
  for (const { duration } of answers) expect(duration).toBeLessThan(acquireTimeout + allowance)
  expect(unhandled).toEqual([])
})

// Where the environment names one, there may be none to start.
describe.runIf((await findServer(driver)) === 'own')('a server', () => {
  it('crashes, starts again and has kept what was answered', { timeout: 120_000 }, async () => {
    const unhandled = noteUnhandled()
    const server = await startServer(driver, inject('serverZones')[driver]!)
    onTestFinished(() => server.stop())
    const prisma = connect(driver, await createDatabase(driver, server.url))
    onTestFinished(() => prisma.$disconnect())
    const user = await prisma.user.create({ data: { email: 'mail@example.com' } })
    const told: Told = new Map()
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 20 }, () => signIn(prisma, user.id, told)))
    }
    expect(errorsOf(await callMany(prisma, user.id, told))).toEqual([])
    const restart = server.restart()
    const answers: Answer[] = []
    do answers.push(...(await callMany(prisma, user.id, told)))
    while (await Promise.race([restart.then(() => false), wait(50, true)]))
    expect(errorsOf(answers).filter((error) => !(error instanceof DatabaseError))).toEqual([])
    await expectKept(prisma, told)
    expect(errorsOf(await callMany(prisma, user.id, told))).toEqual([])
    await expectKept(prisma, told)
    expect(unhandled).toEqual([])
  })
})

/** The last that a caller was told of a session key: of which session it is, and whether that is live. */
type Told = Map<string, { readonly id: string; readonly isLive: boolean }>
type Answer = PromiseSettledResult<unknown> & { readonly duration: number }

async function signIn(db: PrismaClient, userId: number, told: Told): Promise<void> {
  const sessionKey = generateSessionKey()
  const { id } = await trackSession(db, { userId, sessionKey }, { now: start, locate })
  told.set(sessionKey, { id, isLive: true })
}

/** A call that ends or changes a session. What became of it, nobody knows before it was answered. */
async function change(told: Told, sessionKey: string, call: (id: string) => Promise<string | boolean>): Promise<void> {
  const { id } = told.get(sessionKey)!
  told.delete(sessionKey)
  const answer = await call(id)
  expect(answer).not.toBe(false)
  told.set(sessionKey, { id, isLive: false })
  if (typeof answer === 'string') told.set(answer, { id, isLive: true })
}

/** Thirty calls at once, of which no two are about one session. */
function callMany(db: PrismaClient, userId: number, told: Told, onAnswer = () => {}): Promise<Answer[]> {
  const live = [...told].flatMap(([sessionKey, { isLive }]) => (isLive ? [sessionKey] : []))
  const kinds: ((sessionKey: string) => Promise<unknown>)[] = [
    async (sessionKey) => expect(await touchActivity(db, { sessionKey }, { now })).not.toBeNull(),
    () => listSessions(db, { userId }, { now }),
    (sessionKey) => change(told, sessionKey, () => revokeSession(db, { sessionKey }, { now })),
    (sessionKey) => change(told, sessionKey, (id) => revokeSession(db, { userId, id }, { now })),
    (sessionKey) =>
      change(told, sessionKey, async () => {
        const newSessionKey = generateSessionKey()
        return (await rotateSessionKey(db, { sessionKey, newSessionKey }, { now })) !== null && newSessionKey
      }),
    () => signIn(db, userId, told),
  ]
  return Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const sessionKey = live[index]
      const begin = performance.now()
      const call = sessionKey === undefined ? signIn(db, userId, told) : kinds[index % kinds.length]!(sessionKey)
      const [outcome] = await Promise.allSettled([call])
      onAnswer()
      return { ...outcome, duration: performance.now() - begin }
    }),
  )
}

function errorsOf(answers: Answer[]): unknown[] {
  return answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
}

async function expectKept(db: PrismaClient, told: Told): Promise<void> {
  const lost: unknown[] = []
  for (const [sessionKey, { id, isLive }] of told) {
    const found = await touchActivity(db, { sessionKey }, { now })
    if (found?.id !== (isLive ? id : undefined)) lost.push({ id, isLive, found })
  }
  expect(lost).toEqual([])
  expect(await db.session.count({ where: { userSession: null } })).toBe(0)
  expect(await db.userSession.count({ where: { sessionId: null, endedAt: null } })).toBe(0)
}

function noteUnhandled(): unknown[] {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return unhandled
}
