// Removes the sessions and the history that have had their time. Made for cron and its like: see README.md.
import { constants } from 'node:os'
import { SingleBar } from 'cli-progress'
import { policyFromEnvironment, purgeSessions, SessionTrackingError, type PurgeCounts } from 'prisma-user-sessions'
// Your application's own client instead.
import { prisma } from './prisma.ts'

const batchSize = 1000
const millisecondsBetweenLines = 10_000

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: a second one ends the process where it stands, which does no harm either.
  process.once(signal, () => stopping.abort(signal))
}

let removed: PurgeCounts = { sessions: 0, userSessions: 0 }
let saidAt = performance.now()
// Where counting fails, the purge itself says why.
const bar = process.stderr.isTTY ? await startBar().catch(() => undefined) : undefined
try {
  const policy = policyFromEnvironment(process.env)
  await purgeSessions(prisma, { policy, batchSize, signal: stopping.signal, onProgress: showProgress })
  const { aborted, reason } = stopping.signal
  if (!aborted) bar?.update(bar.getTotal())
  bar?.stop()
  console.log(
    aborted ? `Stopped by ${reason}: removed ${inWords()}; the next run does the rest` : `Removed ${inWords()}`,
  )
  // What a shell gives a process that a signal ended. With 0, whoever asked for the whole would take it for done.
  if (aborted) process.exitCode = 128 + constants.signals[reason as 'SIGINT' | 'SIGTERM']
} catch (error) {
  bar?.stop()
  // This package's messages repeat no value; those of others may, a password in DATABASE_URL for one.
  const message = error instanceof SessionTrackingError ? error.message : `Cannot purge sessions: ${Object(error).name}`
  console.error(`${message}; removed until then: ${inWords()}`)
  process.exitCode = 1
} finally {
  await prisma.$disconnect()
}

function showProgress(counts: PurgeCounts): void {
  removed = counts
  if (bar) bar.increment({ removed: inWords() })
  else if (performance.now() - saidAt >= millisecondsBetweenLines) {
    saidAt = performance.now()
    console.log(`Removed so far: ${inWords()}`)
  }
}

/** Goes by the batches that both tables make, which is what takes the time. How many rows are due, only the purge finds out. */
async function startBar(): Promise<SingleBar> {
  const rows = [await prisma.session.count(), await prisma.userSession.count()]
  // And one more: others may sign in meanwhile, and it is not done before it is done.
  const batches = rows.reduce((sum, count) => sum + Math.floor(count / batchSize) + 1, 1)
  // Otherwise it changes a setting of the terminal, which stays changed when the process is killed.
  const started = new SingleBar({ format: '{percentage}% [{bar}] {removed}', barsize: 24, linewrap: true })
  started.start(batches, 0, { removed: inWords() })
  return started
}

function inWords(): string {
  return `${removed.sessions} sessions and ${removed.userSessions} rows of history`
}
