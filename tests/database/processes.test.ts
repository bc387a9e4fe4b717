import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { touchActivity } from '../../src/index.ts'
import { openDatabase, type Database } from './open-database.ts'
import type { Answer } from './sign-in-process.ts'

const program = fileURLToPath(new URL('sign-in-process.ts', import.meta.url))

/** Starts a process that signs in so many times, and that does not outlive the test. */
function startProcess({ url, driver, user }: Database, signIns: number) {
  const args = ['--import', 'tsx', program, url, driver, String(user.id), String(signIns)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
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

describe('processes on one database file', () => {
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
