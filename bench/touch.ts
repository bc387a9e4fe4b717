import type { Prisma } from '../generated/bench/client.ts'
import { built } from './built.ts'
import { ownName, type Figure } from './figure.ts'
import { needed, type Times } from './floor.ts'
import { type Contender, measure, type Pace } from './measure.ts'
import type { Table } from './open-table.ts'
import { eagerPolicy, idleEnd, lazyPolicy } from './policy.ts'
import { walk } from './walk.ts'

export const touchCases = ['touch, nothing due', 'touch, write due'] as const
/** The statements of a touch by hand, without and with a write. */
export const bareRead = 'findUnique'
export const barePair = 'findUnique + conditional updateMany'

/** `touchActivity` beside what it cannot do without, bare, and beside the raw driver. */
export async function measureTouch(
  table: Table,
  name: (typeof touchCases)[number],
  underWay: number,
  pace: Pace,
): Promise<Figure[]> {
  const contenders = name === 'touch, nothing due' ? nothingDue(table, underWay) : writeDue(table, underWay)
  return measure({ case: name, database: table.database, rows: table.rows, underWay }, contenders, pace)
}

function nothingDue({ prisma, named, floor, keys }: Table, underWay: number): Contender[] {
  const { one, several } = walk(keys)
  const { findEach } = floor
  const bare = (client: Table['prisma']) =>
    one(async ({ sessionId }) => needed(await client.userSession.findUnique({ where: { sessionId } })))
  const own = (client: Table['prisma']) =>
    one(async ({ sessionKey }) => needed(await built.touchActivity(client, { sessionKey }, { policy: lazyPolicy })))
  return [
    { name: bareRead, call: bare(prisma) },
    { name: ownName, call: own(prisma) },
    {
      name: 'findMany by the same key',
      call: one(async ({ sessionId }) => needed((await prisma.userSession.findMany({ where: { sessionId } })).length)),
    },
    ...withNames(underWay, bareRead, named && bare(named)),
    ...withNames(underWay, ownName, named && own(named)),
    { name: 'raw driver, row by row', call: one(({ sessionId }) => floor.find(sessionId)) },
    ...batches(
      underWay,
      'findMany of all',
      several(underWay, (sessionIds) => findAllBare(prisma, sessionIds)),
    ),
    ...batches(underWay, 'raw driver, one statement', several(underWay, floor.findAll)),
    ...(findEach ? batches(underWay, 'raw driver, one transaction', several(underWay, findEach)) : []),
  ]
}

function writeDue({ prisma, named, floor, keys, database }: Table, underWay: number): Contender[] {
  const { one, several } = walk(keys)
  const { touchEach } = floor
  // Where all callers have one connection, a statement by itself becomes part of whatever transaction is open, and is lost when
  // that is rolled back.
  const apart = async (write: Prisma.PrismaPromise<Written>): Promise<Written> =>
    (await prisma.$transaction([write, prisma.session.findMany({ take: 0 })]))[0]
  const bare = (client: Table['prisma']) => one(({ sessionId }) => touchBare(client, sessionId, (write) => write))
  const own = (client: Table['prisma']) =>
    one(async ({ sessionKey }) => needed(await built.touchActivity(client, { sessionKey }, { policy: eagerPolicy })))
  return [
    { name: barePair, call: bare(prisma) },
    ...(database === 'sqlite'
      ? [
          {
            name: "the same, apart from others' transactions",
            call: one(({ sessionId }) => touchBare(prisma, sessionId, apart)),
          },
        ]
      : []),
    { name: ownName, call: own(prisma) },
    ...withNames(underWay, barePair, named && bare(named)),
    ...withNames(underWay, ownName, named && own(named)),
    { name: 'raw driver, row by row', call: one(({ sessionId }) => floor.touch(sessionId, timesOfNow())) },
    ...batches(
      underWay,
      'findMany + conditional updateMany of all',
      several(underWay, (sessionIds) => touchAllBare(prisma, sessionIds)),
    ),
    ...batches(
      underWay,
      'raw driver, one statement',
      several(underWay, (sessionIds) => floor.touchAll(sessionIds, timesOfNow())),
    ),
    ...(touchEach
      ? batches(
          underWay,
          'raw driver, one transaction',
          several(underWay, (sessionIds) => touchEach(sessionIds, timesOfNow())),
        )
      : []),
  ]
}

type Written = { readonly count: number }

/** The two statements of a touch, as whoever is careful writes them by hand: it neither revives a session nor loses a later touch. */
async function touchBare(
  prisma: Table['prisma'],
  sessionId: string,
  run: (write: Prisma.PrismaPromise<Written>) => PromiseLike<Written>,
): Promise<void> {
  const row = await prisma.userSession.findUnique({ where: { sessionId } })
  if (row === null) throw new Error('A session of the benchmark is not there')
  const { now, expiresAt } = timesOfNow()
  const write = prisma.userSession.updateMany({
    where: { sessionId, lastActivity: row.lastActivity, endedAt: null },
    data: { lastActivity: now, expiresAt },
  })
  needed((await run(write)).count)
}

async function findAllBare(prisma: Table['prisma'], sessionIds: string[]): Promise<void> {
  const rows = await prisma.userSession.findMany({ where: { sessionId: { in: sessionIds } } })
  needed(rows.length === sessionIds.length)
}

/** {@link touchBare} for all at once: one condition cannot compare each row with what was read of it, so it compares with the clock. */
async function touchAllBare(prisma: Table['prisma'], sessionIds: string[]): Promise<void> {
  await findAllBare(prisma, sessionIds)
  const { now, expiresAt } = timesOfNow()
  const { count } = await prisma.userSession.updateMany({
    where: { sessionId: { in: sessionIds }, lastActivity: { lt: now }, endedAt: null },
    data: { lastActivity: now, expiresAt },
  })
  needed(count === sessionIds.length)
}

function timesOfNow(): Times {
  const now = new Date()
  return { now, expiresAt: idleEnd(now) }
}

/** What is given all calls at once. */
function batches(underWay: number, name: string, call: () => Promise<unknown>): Contender[] {
  return underWay === 1 ? [] : [{ name, call, batchSize: underWay }]
}

/** The same on a client that names its statements, of which those of several calls have none. */
function withNames(underWay: number, name: string, call: Contender['call'] | undefined): Contender[] {
  return call && underWay === 1 ? [{ name: `${name}, statements named`, call }] : []
}
