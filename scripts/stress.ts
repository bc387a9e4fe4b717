// Processes that share users and sessions on one database; one is killed, and the server crashes under them. Then what they
// were answered is held against what the database has kept: `npm run stress -- --database postgresql --seconds 20 --seed 7`.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, styleText } from 'node:util'
import { createPolicy, listSessions, touchActivity } from '../src/index.ts'
import { type DatabaseServer, startServer } from './database-server.ts'
import { connect, createDatabase, type Driver, dropDatabase, execute, type PrismaClient } from './databases.ts'
import {
  asRow,
  checkInvariants,
  judge,
  type Evidence,
  type Outcome,
  type Row,
  type Verdict,
} from './stress-invariants.ts'
import type { Line, Settings } from './stress-process.ts'

const help = `Usage: npm run stress -- [options]

  --database    sqlite (default), postgresql or mysql
  --driver      on sqlite: better-sqlite3 (default where it is built) or libsql
  --url         administrative database of a server to use instead of an own one; it is not crashed
  --seconds     how long, from 10 to 600 (default: 20); every answer is kept in memory until the end
  --seed        what the processes choose by, though not in which order they come (default: a random one)
  --processes   how many, from 1 to 32 (default: 4)
  --no-kill     kills no process
  --no-restart  does not crash the server`

const workers = 8
/** Faster than real time, so that all timeouts pass: idle after 3 s, the absolute one after 8. */
const speed = 60
/** Within 20 minutes from here, New York, where a server and a process are, puts its clocks forward. */
const logicalEpoch = Date.UTC(2026, 2, 8, 6, 50)
const zones = ['America/New_York', 'UTC', 'Asia/Kathmandu', 'Pacific/Kiritimati']
/** Which calls may fail by a crash, by when they started after it, in ms: until the broken connections are found. */
const brokenMilliseconds = 3000
/** When everybody must have been answered again, in ms after it: MariaDB's driver waits 10 s for a connection. */
const recoveryMilliseconds = 15_000

const options = readOptions()
const policy = createPolicy({
  idleTimeoutSeconds: 180,
  absoluteTimeoutSeconds: 480,
  touchIntervalSeconds: 15,
  // Longer than the run, after which keys might live again.
  retentionSeconds: (options.seconds + 120) * speed,
})
const epoch = process.hrtime.bigint()
const processes: Process[] = []
/** Every call, by its reason. */
const outcomes = new Map<string, Outcome>()
/** When the server crashed and when it answered again, in ms of the run. */
let crash = { from: Infinity, to: Infinity }
/** What is to be undone, the latest first. */
const undoing: (() => unknown)[] = []

const interruption = new AbortController()
const { signal } = interruption
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort(name))
setTimeout(() => interruption.abort('it took too long'), (options.seconds + 90) * 1000)
let isRight = false
try {
  isRight = await Promise.race([stress(), once(signal, 'abort').then(() => false)])
} catch (error) {
  console.error(error)
} finally {
  if (signal.aborted) console.error(`Not finished: ${signal.reason}`)
  for (const { child } of processes) child.kill('SIGKILL')
  for (const undo of undoing.toReversed()) await undo()
}
process.exit(isRight ? 0 : 1)

async function stress(): Promise<boolean> {
  const { driver, url, server } = await openDatabase()
  const settings = { driver, url, seed: options.seed, workers, policy, epoch: String(epoch), logicalEpoch, speed }
  const { userIds, history, version } = await withClient(driver, url, fill)
  console.log(
    `${options.database} ${version} by ${driver}, seed ${options.seed}, ${options.processes} processes with ${workers} ` +
      `workers each, ${options.seconds} s at ${speed} times their speed`,
  )
  await run(() => startProcess({ ...settings, userIds }), server)
  printCalls([...outcomes.values()])
  const evidence = await withClient(driver, url, (prisma) => collect(prisma, userIds, history))
  printSessions(evidence)
  const verdicts = [...checkInvariants(evidence), ...checkProcesses(evidence)]
  for (const verdict of verdicts) printVerdict(verdict)
  return verdicts.every(holds)
}

/** A database of its own, on a server of its own unless one was named. */
async function openDatabase(): Promise<{ driver: Driver; url: string; server?: DatabaseServer }> {
  const { database, url: named } = options
  if (database === 'sqlite') {
    const directory = mkdtempSync(join(tmpdir(), 'stress-'))
    undoing.push(() => rmSync(directory, { recursive: true, force: true }))
    const isBuilt = execute('better-sqlite3', 'file::memory:', 'SELECT 1;').then(() => 'better-sqlite3' as const)
    const driver = options.driver ?? (await isBuilt.catch(() => 'libsql' as const))
    return { driver, url: await createDatabase(driver, directory) }
  }
  if (named !== undefined) {
    const url = await createDatabase(database, named)
    undoing.push(() => dropDatabase(database, named, url))
    return { driver: database, url }
  }
  const server = await startServer(database, database === 'postgresql' ? zones[0]! : '+12:45')
  undoing.push(() => server.stop())
  return { driver: database, url: await createDatabase(database, server.url), server }
}

async function withClient<Result>(driver: Driver, url: string, use: (prisma: PrismaClient) => Promise<Result>) {
  const prisma = connect(driver, url)
  try {
    return await use(prisma)
  } finally {
    await prisma.$disconnect()
  }
}

/** Writes users, and sessions of theirs that were over long ago, the history of half of which is due during the run. */
async function fill(prisma: PrismaClient) {
  const userIds = Array.from({ length: 20 }, (_, index) => index + 1)
  await prisma.user.createMany({ data: userIds.map((id) => ({ id, email: `${id}@example.com` })) })
  const rows = Array.from({ length: 400 }, (_, index) => {
    const due = logicalEpoch + (index / 200) * options.seconds * speed * 1000
    const expiresAt = new Date(due - policy.retentionSeconds * 1000)
    const createdAt = new Date(expiresAt.getTime() - policy.idleTimeoutSeconds * 1000)
    const id = `history-${index}`
    return { id, sessionId: id, userId: userIds[index % 20]!, createdAt, lastActivity: createdAt, expiresAt }
  })
  await prisma.session.createMany({ data: rows.map(({ id, createdAt, expiresAt }) => ({ id, createdAt, expiresAt })) })
  await prisma.userSession.createMany({ data: rows })
  const name = options.database === 'sqlite' ? 'sqlite_version()' : 'version()'
  const [row] = await prisma.$queryRawUnsafe<{ version: string }[]>(`SELECT ${name} AS version`)
  return { userIds, history: rows.map(asRow), version: row!.version.split(' on ')[0]! }
}

/** The processes at work, in three parts: a kill after the first, a crash after the second. */
async function run(start: () => Process, server: DatabaseServer | undefined): Promise<void> {
  const part = (options.seconds * 1000) / 3
  await Promise.all(Array.from({ length: options.processes }, start).map(({ ready }) => ready))
  say('all processes are at work')
  await sleep(part, undefined, { signal })
  if (!options['no-kill']) {
    const victim = processes[options.seed % options.processes]!
    victim.isKilled = victim.child.kill('SIGKILL')
    say(`process ${victim.number} is killed, process ${start().number} starts in its place`)
  }
  await sleep(part, undefined, { signal })
  if (server && !options['no-restart']) {
    const from = elapsed()
    say('the server crashes')
    await server.restart()
    crash = { from, to: elapsed() }
    say('the server answers again')
  } else if (options.url !== undefined) say('the server is not crashed, since it is not an own one')
  await sleep(part, undefined, { signal })
  while (recoveries().some((delay) => delay === undefined)) await sleep(100, undefined, { signal })
  say('the processes stop')
  for (const { child } of processes) child.stdin.end()
  await Promise.race([Promise.all(processes.map(({ ended }) => ended)), sleep(20_000, undefined, { signal })])
  for (const { child } of processes) child.kill('SIGKILL')
  await Promise.all(processes.map(({ ended }) => ended))
}

interface Process {
  readonly number: number
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  readonly ready: Promise<unknown>
  readonly ended: Promise<unknown>
  isKilled: boolean
}

function startProcess(settings: Omit<Settings, 'process'>): Process {
  const number = processes.length + 1
  const program = fileURLToPath(new URL('stress-process.ts', import.meta.url))
  const args = ['--import', 'tsx', program, JSON.stringify({ ...settings, process: number } satisfies Settings)]
  const env = { ...process.env, TZ: zones[number % zones.length] }
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  // What follows the last line break was cut off, and has told nobody anything.
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop()!
    for (const line of lines) take(JSON.parse(line) as Line)
  })
  const ended = once(child, 'close')
  const started = { number, child, ready: Promise.race([once(child.stdout, 'data'), ended]), ended, isKilled: false }
  processes.push(started)
  return started
}

function take(line: Line): void {
  if ('call' in line) outcomes.set(line.call.reason, { ...line.call, end: Infinity, logicalEnd: Infinity })
  else Object.assign(outcomes.get(line.reason)!, line)
}

/** Reads what was kept, and asks once more for every session. */
async function collect(prisma: PrismaClient, userIds: number[], history: Row[]): Promise<Evidence> {
  const calls = [...outcomes.values()]
  const userSessions = (await prisma.userSession.findMany()).map(({ sessionId, endedAt, endReason, ...row }) =>
    Object.assign(asRow(row), { sessionId, endedAt: endedAt && Number(endedAt), endReason }),
  )
  const sessions = (await prisma.session.findMany({ select: { id: true } })).map(({ id }) => id)
  const now = calls.reduce((latest, call) => Math.max(latest, call.now), 0)
  const at = { now: new Date(now), policy }
  const pages = await Promise.all(userIds.map((userId) => listSessions(prisma, { userId }, { ...at, limit: 200 })))
  const listed = pages.flatMap(({ items }) => items.map(asRow))
  const touched = new Map<string, Row | undefined>()
  const keys = new Set(calls.flatMap(({ key, newKey }) => [key, newKey])).values()
  const touch = async (): Promise<void> => {
    for (const sessionKey of keys) {
      const row = await touchActivity(prisma, { sessionKey }, at)
      touched.set(sessionKey, row ? asRow(row) : undefined)
    }
  }
  await Promise.all(Array.from({ length: workers }, touch))
  return { policy, outcomes: calls, userSessions, sessions, history, now, touched, listed }
}

/** How long after the crash each process was answered for the first time: undefined while it may yet be. */
function recoveries(): (number | undefined)[] {
  if (crash.to === Infinity) return []
  const answered = [...outcomes.values()].filter(({ answer, start }) => answer && !answer.failed && start >= crash.to)
  const limit = elapsed() > crash.to + recoveryMilliseconds ? Infinity : undefined
  return living().map(({ number }) => {
    const first = answered.find((outcome) => outcome.process === number)
    return first ? first.end - crash.to : limit
  })
}

function living(): Process[] {
  return processes.filter(({ isKilled }) => !isKilled)
}

/** Whether a call failed as it may while the server crashes. A conflict is no crash. */
function isForgiven({ answer, start, end }: Outcome): boolean {
  const isPossible = answer?.failed?.name === 'DatabaseError' && answer.failed.code !== 'P2034'
  return isPossible && end >= crash.from && start <= crash.to + brokenMilliseconds
}

/** What must hold of the processes themselves. */
function checkProcesses({ outcomes: all }: Evidence): Verdict[] {
  const killed = new Set(processes.filter(({ isKilled }) => isKilled).map(({ number }) => number))
  const exits = living().map(({ number, child }) => ({ number, code: child.exitCode, signal: child.signalCode }))
  const verdicts = [
    judge(
      'every call answered',
      all.map((call) => [!!call.answer || killed.has(call.process), call]),
    ),
    judge(
      'no error but by the crash',
      all.map((call) => [!call.answer?.failed || isForgiven(call), call]),
    ),
    judge(
      'every process ended well',
      exits.map((exit) => [exit.code === 0, exit]),
    ),
  ]
  if (crash.to === Infinity) return verdicts
  const delays = recoveries().map((delay) => [delay! <= recoveryMilliseconds, delay] as const)
  return [...verdicts, judge('all recovered in time', delays)]
}

function printCalls(all: readonly Outcome[]): void {
  for (const verb of new Set(all.map((call) => call.verb))) {
    const calls = all.filter((call) => call.verb === verb)
    console.log(`  ${verb.padEnd(13)}${String(calls.length).padStart(7)}  ${tally(calls.map(inWords))}`)
  }
  const failed = all.filter(({ answer }) => answer?.failed)
  const forgiven = failed.filter(isForgiven)
  console.log(`  errors: ${tally(failed.filter((call) => !isForgiven(call)).map(errorOf))}`)
  if (crash.to === Infinity) return
  const last = forgiven.reduce((latest, { end }) => Math.max(latest, end - crash.to), 0)
  const delays = recoveries().map((delay) => inSeconds(delay!))
  console.log(`  errors by the crash: ${tally(forgiven.map(errorOf))}; the last one ${inSeconds(last)} after it`)
  console.log(`  first answers of the processes after it: ${delays.join(', ')}`)
}

function errorOf({ answer, verb }: Outcome): string {
  return `${answer?.failed?.name} ${answer?.failed?.code} in ${verb}`
}

/** How the sessions have fared. */
function printSessions({ userSessions, now }: Evidence): void {
  const fates = userSessions.map(({ id, endReason, expiresAt, createdAt }) => {
    if (id.startsWith('history-')) return 'from before'
    if (endReason !== null) return endReason === 'rotated' ? 'reserved for new keys' : 'revoked'
    if (expiresAt > now) return 'live'
    return expiresAt === createdAt + policy.absoluteTimeoutSeconds * 1000 ? 'at their absolute end' : 'idle too long'
  })
  console.log(`  sessions: ${tally(fates)}`)
}

function printVerdict({ name, facts, violations }: Verdict): void {
  const mark = holds({ facts, violations }) ? styleText('green', 'ok    ') : styleText('red', 'FAILED')
  console.log(`${mark}  ${name.padEnd(28)}${violations.length} wrong of ${facts}`)
  for (const about of violations.slice(0, 3)) console.log(...about.map((part) => JSON.stringify(part)?.slice(0, 600)))
}

/** A check of nothing has shown nothing. */
function holds({ facts, violations }: Pick<Verdict, 'facts' | 'violations'>): boolean {
  return facts > 0 && violations.length === 0
}

function inWords({ answer }: Outcome): string {
  if (answer?.failed) return 'failed'
  if (answer?.refused) return answer.refused
  if (answer?.live) return answer.live.length > 0 ? 'live' : 'none live'
  if (answer?.ended !== undefined) return answer.ended > 0 ? 'ended' : 'none ended'
  return answer?.purged ? 'purged' : 'not answered'
}

function tally(words: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ') || 'none'
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function say(text: string): void {
  console.log(`${inSeconds(elapsed()).padStart(8)}  ${text}`)
}

function elapsed(): number {
  return Number(process.hrtime.bigint() - epoch) / 1e6
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        database: { type: 'string', default: 'sqlite' },
        driver: { type: 'string' },
        url: { type: 'string' },
        seconds: { type: 'string', default: '20' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
        processes: { type: 'string', default: '4' },
        'no-kill': { type: 'boolean', default: false },
        'no-restart': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      return process.exit()
    }
    const isSqlite = values.database === 'sqlite'
    if (isSqlite && values.url !== undefined) throw new Error('--url goes with --database postgresql or mysql')
    if (!isSqlite && values.driver !== undefined) throw new Error('--driver goes with --database sqlite')
    return {
      ...values,
      database: oneOf('database', values.database, ['sqlite', 'postgresql', 'mysql']),
      driver: values.driver === undefined ? undefined : oneOf('driver', values.driver, ['better-sqlite3', 'libsql']),
      seconds: integer('seconds', values.seconds, 10, 600),
      seed: integer('seed', values.seed, 0, 2 ** 32),
      processes: integer('processes', values.processes, 1, 32),
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    return process.exit(2)
  }
}

function oneOf<const Word extends string>(name: string, value: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === value)
  if (word === undefined) throw new Error(`--${name} must be one of ${words.join(', ')}`)
  return word
}

function integer(name: string, value: string, least: number, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN
  if (!(number >= least && number <= most)) throw new Error(`--${name} must be an integer from ${least} to ${most}`)
  return number
}
