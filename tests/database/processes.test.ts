import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { purgeSessions, touchActivity } from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'
import type { Answer } from './sign-in-process.ts'

/** Starts a program of this folder as a process that does not outlive the test. */
function start(program: string, ...args: string[]) {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Starts a process that signs in so many times. */
function startProcess({ url, driver, user }: Database, signIns: number) {
  const child = start('sign-in-process.ts', url, driver, String(user.id), String(signIns))
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code, signal], output, errors]) => ({ code, signal, errors, answers: answersIn(output) }),
  )
  return { child, ended }
}

/** What it said last of each session. A line that was cut off has told nobody anything. */
function answersIn(output: string): Answer[] {
  const lines = output.split('\n').slice(0, -1)
  const answers = lines.map((line) => JSON.parse(line) as Answer)
  return [...new Map(answers.map((answer) => [answer.id, answer])).values()]
}

describe('processes on one database', () => {
  it(
    'four that sign in 200 times each lose nothing that was answered, and meet no error',
    { timeout: 180_000 },
    async () => {
      const database = await openDatabase()
      const { prisma } = database
      const processes = await Promise.all(Array.from({ length: 4 }, () => startProcess(database, 200).ended))
      const answers = processes.flatMap((ended) => {
        expect(ended).toMatchObject({ code: 0, signal: null, errors: '' })
        expect(ended.answers).toHaveLength(200)
        return ended.answers
      })
      expect(await notKept(database, answers)).toEqual([])
      expect(answers.filter(({ state }) => state === 'revoked')).toHaveLength(160)
      expect(await prisma.session.count()).toBe(640)
      expect(await prisma.userSession.count({ where: { endReason: 'rotated' } })).toBe(160)
      expect(await prisma.userSession.count()).toBe(800 + 160)
    },
  )

  it('one that is killed in the middle has kept all that it answered, and left no sign-in half done', async () => {
    const database = await openDatabase()
    const { child, ended } = startProcess(database, 100_000)
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    await expect.poll(() => output.split('\n').length, { timeout: 30_000, interval: 5 }).toBeGreaterThan(100)
    child.kill('SIGKILL')
    const { signal, answers } = await ended
    expect(signal).toBe('SIGKILL')
    expect(answers.length).toBeGreaterThan(50)
    const rows = await database.prisma.userSession.findMany({ select: { id: true } })
    const ids = new Set(rows.map(({ id }) => id))
    expect(answers.filter(({ id }) => !ids.has(id))).toEqual([])
    expect(await database.prisma.session.count({ where: { userSession: null } })).toBe(0)
    expect(await database.prisma.userSession.count({ where: { sessionId: null, endedAt: null } })).toBe(0)
  })

  it('one that is killed in the middle of a purge has taken nothing live, and the next one does the rest', async () => {
    const { prisma, url, driver, user } = await openDatabase()
    const now = new Date('2026-01-05T12:00:00Z')
    const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000)
    const ids = Array.from({ length: 3000 }, () => randomUUID())
    const isLive = (index: number) => index % 10 === 0
    const rows = ids.map((id, index) => ({ id, createdAt: at(-60), expiresAt: at(isLive(index) ? 1 : -1) }))
    await prisma.session.createMany({ data: rows })
    const data = rows.map((row) => Object.assign({ userId: user.id, sessionId: row.id, lastActivity: at(-29) }, row))
    await prisma.userSession.createMany({ data })

    const child = start('purge-process.ts', driver, url, now.toISOString())
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    await expect.poll(() => output.split('\n').length, { timeout: 30_000, interval: 2 }).toBeGreaterThan(20)
    child.kill('SIGKILL')
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    const told = JSON.parse(output.split('\n').at(-2)!).sessions
    const left = await prisma.session.count()
    expect(3000 - left).toBeGreaterThanOrEqual(told)
    expect(left).toBeGreaterThan(300)

    const live = { sessionId: { not: null }, expiresAt: { gt: now }, endedAt: null }
    expect(await prisma.userSession.count({ where: live })).toBe(300)
    expect(await purgeSessions(prisma, { now })).toEqual({ sessions: left - 300, userSessions: 0 })
    expect(await prisma.userSession.count({ where: live })).toBe(300)
    expect(await prisma.session.count()).toBe(300)
    expect(await prisma.userSession.count()).toBe(3000)
  })
})

/** The answers that do not hold: a session is live under its last key, or over. */
async function notKept({ prisma }: Database, answers: readonly Answer[]): Promise<Answer[]> {
  const now = new Date('2026-01-05T08:01:31Z')
  const lost: Answer[] = []
  for (const answer of answers) {
    const live = await touchActivity(prisma, { sessionKey: answer.sessionKey }, { now })
    const row = await prisma.userSession.findUnique({ where: { id: answer.id } })
    const isLive = live?.id === answer.id && row?.endedAt === null
    const isRevoked = live === null && row?.sessionId === null && row.endReason === 'signed-out'
    if (!(answer.state === 'live' ? isLive : isRevoked)) lost.push(answer)
  }
  return lost
}
