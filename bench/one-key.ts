import { built } from './built.ts'
import { connect } from './connect.ts'
import { ownName, type Figure } from './figure.ts'
import { measure, quantile, type Pace } from './measure.ts'
import type { Table } from './open-table.ts'
import { eagerPolicy, lazyPolicy } from './policy.ts'

export const oneKeyCase = 'touch, one key by 100 at once'

/** A page that makes 100 requests at once: by how many statements they are answered, and how soon. */
export async function measureOneKey(table: Table, pace: Pace): Promise<Figure[]> {
  const { prisma, driver, url, database, rows } = table
  const sessionKey = table.keys[0]!
  const sessionId = built.hashSessionKey(sessionKey)
  const touch = (client: Table['prisma'], policy: typeof lazyPolicy) =>
    at100(() => built.touchActivity(client, { sessionKey }, { policy }))

  const speeds = await measure(
    { case: oneKeyCase, database, rows, underWay: 100 },
    [
      {
        name: 'findUnique',
        call: () => at100(() => prisma.userSession.findUnique({ where: { sessionId } })),
        batchSize: 100,
      },
      { name: ownName, call: () => touch(prisma, lazyPolicy), batchSize: 100 },
    ],
    pace,
  )

  const statements: string[] = []
  const counted = connect(driver, url, (sql) => statements.push(sql))
  const count = async (name: string, isCounted: RegExp, run: () => Promise<unknown>): Promise<Figure> => {
    const counts: number[] = []
    for (let round = 0; round < 21; round++) {
      statements.length = 0
      await run()
      counts.push(statements.filter((sql) => isCounted.test(sql)).length)
    }
    return {
      case: `${oneKeyCase}, ${name}`,
      database,
      rows,
      underWay: 100,
      contender: ownName,
      unit: 'statements',
      median: quantile(counts, 0.5),
      // Not the quartiles: what is promised is promised every time.
      low: Math.min(...counts),
      high: Math.max(...counts),
    }
  }
  try {
    await touch(counted, lazyPolicy)
    const read = await count('nothing due', /./, () => touch(counted, lazyPolicy))
    const due = () => touch(counted, eagerPolicy)
    const readWhenDue = await count('write due: reads', /^SELECT/, due)
    const written = await count('write due: writes', /^UPDATE/, due)
    return [...speeds, read, readWhenDue, written]
  } finally {
    await counted.$disconnect()
  }
}

function at100(call: () => PromiseLike<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: 100 }, call))
}
