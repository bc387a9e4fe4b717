import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { connect, createDatabase, dropDatabase, execute } from '../../scripts/databases.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = ['--import', 'tsx', 'examples/purge/purge.ts']
const batchSize = 1000
const live = 500

/** util-linux's, which gives a command a terminal; that of BSD and macOS takes other options. */
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false
if (!hasScript) console.log('SKIPPED: the purge on a terminal. Install `script` of util-linux.')

const day = 24 * 60 * 60 * 1000
const ago = (milliseconds: number): Date => new Date(Date.now() - milliseconds)

/** A SQLite file with so many expired sessions, so many rows of history past their retention, and 500 live sessions. */
async function openFilled(sessions: number, history: number) {
  const url = await createDatabase('libsql', inject('directory'))
  onTestFinished(() => dropDatabase('libsql', inject('directory'), url))
  const prisma = connect('libsql', url)
  onTestFinished(() => prisma.$disconnect())
  const { id: userId } = await prisma.user.create({ data: { email: 'mail@example.com' } })

  // One of each kind as Prisma writes it, and copies of that.
  const kinds = [
    { kind: 'expired', count: sessions, lastActivity: ago(day), expiresAt: ago(day - 1) },
    { kind: 'past', count: history, lastActivity: ago(40 * day), expiresAt: ago(31 * day) },
    { kind: 'live', count: live, lastActivity: ago(0), expiresAt: ago(-day) },
  ]
  for (const { kind, count, lastActivity, expiresAt } of kinds) {
    const sessionId = kind === 'past' ? null : kind
    if (sessionId) await prisma.session.create({ data: { id: kind, createdAt: lastActivity, expiresAt } })
    const dates = { createdAt: lastActivity, lastActivity, expiresAt }
    await prisma.userSession.create({ data: { id: kind, userId, sessionId, ...dates } })
    const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`
    const copy = `lower(hex(randomblob(8))) || '-${kind}-' || n`
    await execute(
      'libsql',
      url,
      `CREATE TABLE ids AS ${numbers} SELECT ${copy} AS id FROM numbers;
      INSERT INTO "Session" ("id", "createdAt", "expiresAt")
        SELECT ids.id, "createdAt", "expiresAt" FROM ids JOIN "Session" AS first ON first.id = '${kind}';
      INSERT INTO "UserSession" ("id", "userId", "sessionId", "createdAt", "lastActivity", "expiresAt")
        SELECT ids.id, "userId", ${sessionId ? 'ids.id' : 'NULL'}, "createdAt", "lastActivity", "expiresAt"
        FROM ids JOIN "UserSession" AS first ON first.id = '${kind}';
      DROP TABLE ids;`,
    )
  }
  const count = async (db: Pick<typeof prisma, 'session' | 'userSession'> = prisma) => ({
    sessions: await db.session.count(),
    userSessions: await db.userSession.count(),
  })
  return { url, prisma, count }
}

type Filled = Awaited<ReturnType<typeof openFilled>>
type Counts = Awaited<ReturnType<Filled['count']>>

/** Lets each row take some time to delete, until what this returns is called. */
async function slowDown({ url }: Filled) {
  const work = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)`
  await execute('libsql', url, `CREATE VIEW slow AS ${work} SELECT max(n) AS n FROM numbers;`)
  await execute('libsql', url, `CREATE TRIGGER slowed BEFORE DELETE ON "Session" BEGIN SELECT n FROM slow; END;`)
  return () => execute('libsql', url, 'DROP TRIGGER slowed;\nDROP VIEW slow;')
}

/** Runs something while nobody else can write. What the program was about to remove waits for 15 s at most. */
async function whileLocked<Result>({ prisma, count }: Filled, run: (counts: Counts) => Promise<Result>) {
  return prisma.$transaction(
    async (transaction) => {
      await transaction.user.updateMany({ data: { name: 'locked' } })
      return run(await count(transaction))
    },
    { timeout: 60_000 },
  )
}

function start(command: string, args: string[], environment: Record<string, string | undefined>) {
  const { DATABASE_URL: _, EXPIRY_TIME: __, ...rest } = process.env
  const env = { ...rest, COLUMNS: '100', SHELL: '/bin/sh', ...environment }
  const child = spawn(command, args, { cwd: root, env, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return { child, output, ended }
}

const startPlain = (environment: Record<string, string | undefined>) => start(process.execPath, program, environment)

/** Its output is on a terminal. */
function startOnTerminal(environment: Record<string, string>, redirection = '') {
  const command = ['exec', process.execPath, ...program, redirection].join(' ')
  return start('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], environment)
}

/** The numbers of the line that says what was removed. */
function summaryIn(output: string): Counts {
  const found = /^(?:Stopped by SIG\w+: removed|Removed) (\d+) sessions and (\d+) rows of history\b/m.exec(output)
  return { sessions: Number(found?.[1]), userSessions: Number(found?.[2]) }
}

const minus = (before: Counts, after: Counts): Counts => ({
  sessions: before.sessions - after.sessions,
  userSessions: before.userSessions - after.userSessions,
})

/** Waits until the program is at work, and stops it in the middle of a batch. */
async function stopInTheMiddle(database: Filled, before: Counts, stop: () => void): Promise<Counts> {
  const removed = async () => minus(before, await database.count()).sessions
  await expect.poll(removed, { timeout: 30_000, interval: 5 }).toBeGreaterThan(2 * batchSize)
  return whileLocked(database, async (counts) => {
    stop()
    return counts
  })
}

async function expectOnlyDueRemoved({ prisma }: Filled): Promise<void> {
  expect(await prisma.session.count({ where: { id: { contains: 'live' } } })).toBe(live)
  expect(await prisma.userSession.count({ where: { id: { contains: 'live' }, sessionId: { not: null } } })).toBe(live)
}

describe('without a terminal', () => {
  test('it says in one line what it removed, and the next run finds nothing', async () => {
    const database = await openFilled(7000, 3000)
    const { url, count } = database

    expect(await startPlain({ DATABASE_URL: url, EXPIRY_TIME: '30' }).ended).toEqual({
      code: 0,
      signal: null,
      stdout: 'Removed 7000 sessions and 3000 rows of history\n',
      stderr: '',
    })
    expect(await count()).toEqual({ sessions: live, userSessions: 7000 + live })
    await expectOnlyDueRemoved(database)

    const stdout = 'Removed 0 sessions and 0 rows of history\n'
    expect(await startPlain({ DATABASE_URL: url }).ended).toMatchObject({ code: 0, stdout, stderr: '' })
  })

  test('it says where it is every 10 s', async () => {
    const database = await openFilled(3000, 1000)
    const run = await whileLocked(database, async () => {
      const started = startPlain({ DATABASE_URL: database.url })
      await sleep(12_500)
      return started
    })

    const { code, stdout, stderr } = await run.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^Removed so far: \d{1,4} sessions and 0 rows of history\nRemoved 3000 sessions and 1000 rows.+\n$/,
    )
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends it after the batch in hand with a true summary, and the next run does the rest',
    async (signal, code) => {
      const database = await openFilled(40_000, 2000)
      const speedUp = await slowDown(database)
      const before = await database.count()
      const { child, ended } = startPlain({ DATABASE_URL: database.url })

      const then = await stopInTheMiddle(database, before, () => child.kill(signal))

      const first = await ended
      const after = await database.count()
      expect(first).toMatchObject({ code, signal: null, stderr: '' })
      const { sessions } = minus(before, after)
      const stdout = `Stopped by ${signal}: removed ${sessions} sessions and 0 rows of history; the next run does the rest\n`
      expect(first.stdout).toBe(stdout)
      expect(minus(before, after).userSessions).toBe(0)
      expect(then.sessions - after.sessions).toBeLessThanOrEqual(batchSize)
      expect(after.sessions).toBeGreaterThan(live + batchSize)

      await speedUp()
      const second = await startPlain({ DATABASE_URL: database.url }).ended
      expect(second).toMatchObject({ code: 0, stderr: '' })
      expect(summaryIn(second.stdout)).toEqual({ sessions: 40_000 - sessions, userSessions: 2000 })
      await expectOnlyDueRemoved(database)
    },
  )

  test('two at once remove everything once, and count it once', async () => {
    const database = await openFilled(20_000, 8000)
    await slowDown(database)
    // Both begin while they have to wait. How much each gets to do then is the file's affair: one may do it all.
    const [one, other] = await whileLocked(database, async () => {
      const runs = [startPlain({ DATABASE_URL: database.url }), startPlain({ DATABASE_URL: database.url })]
      await sleep(4000)
      return runs
    })
    const ended = await Promise.all([one!.ended, other!.ended])
    const [first, second] = ended.map(({ stdout }) => summaryIn(stdout))

    for (const each of ended) expect(each).toMatchObject({ code: 0, stderr: '' })
    expect(first!.sessions + second!.sessions).toBe(20_000)
    expect(first!.userSessions + second!.userSessions).toBe(8000)
    await expectOnlyDueRemoved(database)
  })
})

describe.runIf(hasScript)('on a terminal', () => {
  test('a bar follows the batches to the end, and the line that remains says what was removed', async () => {
    const database = await openFilled(20_000, 3000)
    await slowDown(database)
    const { code, stdout } = await startOnTerminal({ DATABASE_URL: database.url }).ended

    expect(code).toBe(0)
    const bars = barsIn(stdout)
    const values = bars.map(({ percentage }) => percentage)
    expect(values.length).toBeGreaterThan(5)
    expect(values[0]).toBe(0)
    expect(values).toEqual(values.toSorted((one, other) => one - other))
    expect(new Set(values).size).toBeGreaterThan(5)
    // 21 batches of sessions, 24 of the history, and one to spare; the few that are live are among them.
    const early = bars.filter(({ sessions, userSessions }) => sessions < 20_000 && userSessions === 0)
    const batches = early.map(({ sessions }) => Math.ceil(sessions / batchSize))
    expect(early.map(({ percentage }) => percentage)).toEqual(batches.map((count) => Math.floor((count / 46) * 100)))
    expect(new Set(bars.map(({ bar }) => bar.length))).toEqual(new Set([24]))
    expect(bars.at(-1)).toEqual({ percentage: 100, bar: '='.repeat(24), sessions: 20_000, userSessions: 3000 })
    expect(stdout).toMatch(/\nRemoved 20000 sessions and 3000 rows of history\r\n$/)
    expect(stdout).not.toContain('so far')
    expect(unrestored(stdout)).toEqual([])
    await expectOnlyDueRemoved(database)
  })

  test('Ctrl-C ends it after the batch in hand, and the bar stays where it was', async () => {
    const database = await openFilled(40_000, 1000)
    await slowDown(database)
    const before = await database.count()
    const { child, ended } = startOnTerminal({ DATABASE_URL: database.url })

    const then = await stopInTheMiddle(database, before, () => void child.stdin.write('\u0003'))

    const { code, stdout } = await ended
    const after = await database.count()
    expect(code).toBe(130)
    expect(stdout).toMatch(
      /\nStopped by SIGINT: removed \d+ sessions and 0 rows of history; the next run does the rest\r\n$/,
    )
    expect(summaryIn(stdout)).toEqual(minus(before, after))
    expect(then.sessions - after.sessions).toBeLessThanOrEqual(batchSize)
    expect(after.sessions).toBeGreaterThan(live + batchSize)
    expect(barsIn(stdout).at(-1)).toMatchObject(minus(before, after))
    expect(barsIn(stdout).at(-1)!.percentage).toBeLessThan(50)
    expect(unrestored(stdout)).toEqual([])
  })

  test('with its output in a file, the bar is on the terminal and the summary in the file', async () => {
    const { url } = await openFilled(1000, 1000)
    const file = newFile('output', '')
    const { code, stdout } = await startOnTerminal({ DATABASE_URL: url }, `>${file}`).ended
    expect(code).toBe(0)
    expect(barsIn(stdout).at(-1)).toMatchObject({ percentage: 100, sessions: 1000, userSessions: 1000 })
    expect(stdout).not.toContain('Removed')
    expect(readFileSync(file, 'utf8')).toBe('Removed 1000 sessions and 1000 rows of history\n')
  })
})

describe('what is wrong is said in one line on stderr, without a value', () => {
  const secret = 'hunter2-correct-horse'
  const cases: [what: string, environment: () => Record<string, string | undefined>, message: RegExp][] = [
    ['no DATABASE_URL', () => ({}), /^Cannot purge sessions: database failed: .+ \(URL_INVALID\)/],
    ['a DATABASE_URL that is none', () => ({ DATABASE_URL: `${secret} ` }), /database failed: .+ \(URL_INVALID\)/],
    [
      "another database's",
      () => ({ DATABASE_URL: `postgresql://app:${secret}@127.0.0.1:1/app` }),
      /database failed: .+ \(URL_SCHEME_NOT_SUPPORTED\)/,
    ],
    [
      'a folder that is not there',
      () => ({ DATABASE_URL: `file:${join(inject('directory'), secret, 'a.db')}` }),
      /database failed: its file could not be opened \(SQLITE_CANTOPEN\)/,
    ],
    [
      'a database without the tables',
      () => ({ DATABASE_URL: `file:${newFile(secret, '')}` }),
      /database failed: a table is missing; apply the migrations/,
    ],
    [
      'a file that is no database',
      () => ({ DATABASE_URL: `file:${newFile(secret, 'text '.repeat(1000))}` }),
      /database failed: it refused the statement/,
    ],
    [
      'a server that is not there, of which the driver throws what nobody knows',
      () => ({ DATABASE_URL: `libsql://127.0.0.1:1?authToken=${secret}` }),
      /^Cannot purge sessions: \w*Error;/,
    ],
    [
      'EXPIRY_TIME',
      () => ({ DATABASE_URL: `file:${newFile('policy', '')}`, EXPIRY_TIME: secret }),
      /^Cannot use policy: EXPIRY_TIME must be a number of minutes above 0/,
    ],
  ]

  test.each(cases)('%s', async (_, environment, message) => {
    const { code, signal, stdout, stderr } = await startPlain(environment()).ended
    expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^[^\n]+; removed until then: 0 sessions and 0 rows of history\n$/)
    expect(stderr).not.toContain(secret)
  })

  test.runIf(hasScript)('on a terminal as well, where nothing can be counted', async () => {
    const DATABASE_URL = `file:${join(inject('directory'), secret, 'a.db')}`
    const { code, stdout } = await startOnTerminal({ DATABASE_URL }).ended
    expect(code).toBe(1)
    expect(stdout).toMatch(/^Cannot purge sessions: database failed: its file could not be opened[^\n]+\n$/)
    expect(stdout).not.toContain(secret)
  })

  test('a failure in the middle tells what was removed until then, and that stays so', async () => {
    const database = await openFilled(5000, 0)
    const { url, count } = database
    const before = await count()
    const stop = `SELECT RAISE(ABORT, '${secret}') WHERE (SELECT count(*) FROM "Session") <= ${live + 2000}`
    await execute('libsql', url, `CREATE TRIGGER failing BEFORE DELETE ON "Session" BEGIN ${stop}; END;`)

    const { code, stdout, stderr } = await startPlain({ DATABASE_URL: url }).ended

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const { sessions } = minus(before, await count())
    expect(sessions).toBeGreaterThanOrEqual(2000)
    expect(sessions).toBeLessThanOrEqual(3000)
    expect(stderr).toMatch(new RegExp(`^[^\\n]+; removed until then: ${sessions} sessions and 0 rows of history\\n$`))
    expect(stderr).not.toContain(secret)
  })
})

function newFile(name: string, content: string): string {
  const file = join(inject('directory'), `${name}-${randomUUID()}.db`)
  writeFileSync(file, content)
  onTestFinished(() => ['', '-wal', '-shm', '-journal'].forEach((end) => rmSync(file + end, { force: true })))
  return file
}

/** Every state of the bar that was drawn. */
function barsIn(output: string) {
  const bars = output.matchAll(/(\d+)% \[([=-]*)\] (\d+) sessions and (\d+) rows of history/g)
  return [...bars].map(([, percentage, bar = '', sessions, userSessions]) => ({
    percentage: Number(percentage),
    bar,
    sessions: Number(sessions),
    userSessions: Number(userSessions),
  }))
}

/** What a terminal was told to do otherwise, such as not to show its cursor, beyond where the cursor goes and what is erased. */
function unrestored(output: string): string[] {
  // oxlint-disable-next-line no-control-regex
  return output.match(/\u001B\[\?\d+[hl]/g) ?? []
}
