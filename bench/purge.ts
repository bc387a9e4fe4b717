import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Driver, execute } from '../scripts/databases.ts'
import { built } from './built.ts'
import { connect, type PrismaClient } from './connect.ts'
import { ownName, type Figure } from './figure.ts'
import { keyOf } from './fill.ts'
import { needed } from './floor.ts'
import { quantile, spread } from './measure.ts'
import type { Place } from './open-table.ts'
import { eagerPolicy } from './policy.ts'

export const purgeCase = 'purge, a fifth of all'

interface Purge {
  readonly removed: number
  readonly milliseconds: number
  /** What each step took, in ms. */
  readonly steps: readonly number[]
}

/** How many rows each goes through at a time: that of `purgeSessions`. */
const batchSize = 500

/** The fastest of the loops that were tried. They remove the same, but neither keeps what a touch that is under way makes live again. */
const contenders: readonly {
  name: string
  remove: (prisma: PrismaClient, now: Date, step: () => void) => Promise<number>
}[] = [
  { name: ownName, remove: purgeOwn },
  { name: 'deleteMany, by ranges of ids', remove: purgeByRanges },
  { name: 'findMany + deleteMany, by ranges of ids', remove: purgeByIds },
]

/** `purgeSessions` beside other loops that remove the same rows, in turns, and what it is to others meanwhile. */
export async function measurePurge({ database, driver, url, rows, isQuick }: Place): Promise<Figure[]> {
  const prisma = connect(driver, url)
  try {
    const restore = await keepExpired(driver, url)
    const what = { case: purgeCase, database, rows }
    const samples = contenders.map((contender) => ({ contender, speeds: [] as number[] }))
    const [longest, heaps, residents]: [number[], number[], number[]] = [[], [], []]
    for (let round = 1; round <= (isQuick ? 3 : 1); round++) {
      for (const { contender, speeds } of round % 2 === 0 ? samples : samples.toReversed()) {
        const before = memoryInUse()
        const { removed, milliseconds, steps } = await time((step) => contender.remove(prisma, new Date(), step))
        needed(removed)
        speeds.push((removed * 1000) / milliseconds)
        if (contender.name === ownName) {
          const after = memoryInUse()
          longest.push(quantile(steps, 1))
          heaps.push((after.heapUsed - before.heapUsed) / 1e6)
          residents.push((after.rss - before.rss) / 1e6)
        }
        await restore()
      }
    }
    const quiet = await touchWhile(prisma, rows, sleep(isQuick ? 2000 : 5000))
    const busy = await touchWhile(
      prisma,
      rows,
      purgeOwn(prisma, new Date(), () => {}),
    )
    await execute(driver, url, 'DROP TABLE "Expired"')

    const speeds = samples.map((sample) => Object.assign({ contender: sample.contender.name }, spread(sample.speeds)))
    const [own, ...others] = speeds
    const fastest = others.toSorted((a, b) => b.median - a.median)[0]!
    return [
      ...others.map((figure) => Object.assign({ ...what, unit: 'rows/s' as const }, figure)),
      { ...what, unit: 'rows/s', ...own!, beside: fastest.contender, ratio: own!.median / fastest.median },
      { ...what, case: 'purge, longest step', contender: ownName, unit: 'ms', ...spread(longest) },
      { ...what, case: 'purge, heap it leaves', contender: ownName, unit: 'MB', ...spread(heaps) },
      { ...what, case: 'purge, memory it leaves', contender: ownName, unit: 'MB', ...spread(residents) },
      { ...what, case: 'touch beside a purge, p99', contender: 'without a purge', unit: 'ms', ...spread([quiet]) },
      {
        ...what,
        case: 'touch beside a purge, p99',
        contender: ownName,
        unit: 'ms',
        ...spread([busy]),
        beside: 'without a purge',
        ratio: busy / quiet,
      },
    ]
  } finally {
    await prisma.$disconnect()
  }
}

async function purgeOwn(prisma: PrismaClient, now: Date, step: () => void): Promise<number> {
  const { sessions } = await built.purgeSessions(prisma, { now, batchSize, policy: eagerPolicy, onProgress: step })
  return sessions
}

async function purgeByRanges(prisma: PrismaClient, now: Date, step: () => void): Promise<number> {
  const expired = { expiresAt: { lte: now } }
  let removed = 0
  for await (const id of rangesOf(prisma.session)) {
    for (const where of [{ userSession: { is: expired } }, { ...expired, userSession: { isNot: {} } }]) {
      removed += (await prisma.session.deleteMany({ where: { id, ...where } })).count
    }
    step()
  }
  await purgeHistory(prisma, now, step)
  return removed
}

async function purgeByIds(prisma: PrismaClient, now: Date, step: () => void): Promise<number> {
  const expired = { expiresAt: { lte: now } }
  let removed = 0
  for await (const id of rangesOf(prisma.session)) {
    const found = await prisma.userSession.findMany({
      where: { AND: [{ sessionId: id }, { sessionId: { not: null } }, expired] },
      select: { sessionId: true },
    })
    const ids = found.map(({ sessionId }) => sessionId!)
    if (ids.length > 0) {
      removed += (await prisma.session.deleteMany({ where: { id: { in: ids }, userSession: { is: expired } } })).count
    }
    removed += (await prisma.session.deleteMany({ where: { id, ...expired, userSession: { isNot: {} } } })).count
    step()
  }
  await purgeHistory(prisma, now, step)
  return removed
}

async function purgeHistory(prisma: PrismaClient, now: Date, step: () => void): Promise<void> {
  const end = new Date(now.getTime() - eagerPolicy.retentionSeconds * 1000)
  for await (const id of rangesOf(prisma.userSession as never)) {
    await prisma.userSession.deleteMany({ where: { id, expiresAt: { lte: end } } })
    step()
  }
}

/** Conditions on the ids of a thousand rows each. */
async function* rangesOf(
  table: Pick<PrismaClient['session'], 'findFirst'>,
): AsyncGenerator<{ gt?: string; lte?: string }> {
  for (let gt = ''; ;) {
    const page = { where: { id: { gt } }, orderBy: { id: 'asc' }, skip: batchSize - 1, select: { id: true } } as const
    const last = await table.findFirst(page)
    if (last === null) return yield { gt }
    yield { gt, lte: last.id }
    gt = last.id
  }
}

async function time(run: (step: () => void) => Promise<number>): Promise<Purge> {
  const steps: number[] = []
  const begin = performance.now()
  let last = begin
  const removed = await run(() => {
    const now = performance.now()
    steps.push(now - last)
    last = now
  })
  return { removed, milliseconds: performance.now() - begin, steps }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Of what is still in use, not of what has been left and not collected yet. */
function memoryInUse(): NodeJS.MemoryUsage {
  collectGarbage()
  return process.memoryUsage()
}

/** Remembers who has expired, and gives them their `Session` rows back each time that it is called. */
async function keepExpired(driver: Driver, url: string): Promise<() => Promise<void>> {
  const today = new Date().toISOString().slice(0, 10)
  await execute(
    driver,
    url,
    `CREATE TABLE "Expired" AS
      SELECT u."id", u."sessionId", s."createdAt", s."expiresAt"
      FROM "UserSession" u JOIN "Session" s ON s."id" = u."sessionId" WHERE u."expiresAt" < '${today}';
    CREATE UNIQUE INDEX "Expired_id" ON "Expired" ("id");`,
  )
  const restoring = `
    INSERT INTO "Session" ("id", "createdAt", "expiresAt")
      SELECT "sessionId", "createdAt", "expiresAt" FROM "Expired" ORDER BY 1;
    UPDATE "UserSession"
      SET "sessionId" = (SELECT e."sessionId" FROM "Expired" e WHERE e."id" = "UserSession"."id")
      WHERE "id" IN (SELECT "id" FROM "Expired");`
  return () => execute(driver, url, restoring)
}

/** The 99th percentile of what single touches take meanwhile, in ms, from when each was due: 5 ms after the one before. */
async function touchWhile(prisma: PrismaClient, rows: number, work: Promise<unknown>): Promise<number> {
  const took: number[] = []
  const liveFrom = rows / 2
  let isDone = false
  const ended = work.finally(() => {
    isDone = true
  })
  for (let due = performance.now(); ;) {
    const sessionKey = keyOf(liveFrom + Math.floor(Math.random() * (rows - liveFrom)))
    needed(await built.touchActivity(prisma, { sessionKey }, { policy: eagerPolicy }))
    const now = performance.now()
    took.push(now - due)
    due = now + 5
    await sleep(5)
    if (isDone) break
  }
  await ended
  return quantile(took, 0.99)
}
