import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { generateSessionKey, purgeSessions, revokeSession, touchActivity, trackSession } from '../../src/index.ts'
import { openDatabase } from './open-database.ts'

const seconds = 12
const start = new Date('2026-01-05T08:00:00Z')
// Two real seconds are an hour.
const now = (began: number): Date => new Date(start.getTime() + (performance.now() - began) * 1800)
const policy = { idleTimeoutSeconds: 43_200, retentionSeconds: 3600 }
/** Of sessions that nobody uses: they expire after a second, and their history has its time, while others sign in. */
const short = { ...policy, idleTimeoutSeconds: 1800 }
const locate = async () => null

it(`purging beside sign-ins, touches and revocations for ${seconds} seconds meets no error and takes nothing live`, async () => {
  const { prisma, user } = await openDatabase()
  const began = performance.now()
  const isOver = () => performance.now() - began > seconds * 1000
  // What is in use, with the time of its last touch, what was signed out of, and what is left to expire.
  const inUse = new Map<string, Date>()
  const revoked = new Map<string, boolean>()
  const left: string[] = []
  const purged = { sessions: 0, userSessions: 0 }

  const signIn = async (lifetime: typeof policy): Promise<string> => {
    const sessionKey = generateSessionKey()
    await trackSession(prisma, { userId: user.id, sessionKey }, { now: now(began), policy: lifetime, locate })
    return sessionKey
  }
  /** Uses a session for two seconds, and then signs out or just leaves. */
  const useSessions = async () => {
    for (let round = 0; !isOver(); round++) {
      const sessionKey = await signIn(policy)
      const until = performance.now() + 2000
      while (performance.now() < until && !isOver()) {
        const time = now(began)
        const touched = await touchActivity(prisma, { sessionKey }, { now: time, policy })
        expect(touched).not.toBeNull()
        inUse.set(sessionKey, time)
        await sleep(20)
      }
      if (isOver()) return
      inUse.delete(sessionKey)
      if (round % 2 === 0)
        revoked.set(sessionKey, await revokeSession(prisma, { sessionKey }, { now: now(began), policy }))
      else left.push(sessionKey)
    }
  }
  const signInOnly = async () => {
    // With a pause, since SQLite's drivers answer at once, and nobody else would have a turn.
    for (; !isOver(); await sleep(5)) left.push(await signIn(short))
  }
  const purge = async () => {
    while (!isOver()) {
      const counts = await purgeSessions(prisma, { now: now(began), policy, batchSize: 50 })
      purged.sessions += counts.sessions
      purged.userSessions += counts.userSessions
      await sleep(20)
    }
  }
  await Promise.all([...Array.from({ length: 6 }, useSessions), signInOnly(), signInOnly(), purge(), purge()])

  expect(purged.sessions).toBeGreaterThan(100)
  expect(purged.userSessions).toBeGreaterThan(100)
  expect(inUse.size).toBe(6)
  for (const [sessionKey, time] of inUse) {
    expect(await touchActivity(prisma, { sessionKey }, { now: time, policy })).not.toBeNull()
  }
  for (const [sessionKey, wasLive] of revoked) {
    expect(wasLive).toBe(true)
    expect(await touchActivity(prisma, { sessionKey }, { now: start, policy })).toBeNull()
  }
  // No row is half gone: what has lost its Session row is over.
  const end = now(began)
  expect(await prisma.session.count({ where: { userSession: null } })).toBe(0)
  expect(await prisma.userSession.count({ where: { sessionId: null, endedAt: null, expiresAt: { gt: end } } })).toBe(0)
  expect(left.length).toBeGreaterThan(100)
})
