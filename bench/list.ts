import { built } from './built.ts'
import { ownName, type Figure } from './figure.ts'
import { needed } from './floor.ts'
import { type Contender, measure, type Pace } from './measure.ts'
import { anybody, type Table } from './open-table.ts'
import { eagerPolicy } from './policy.ts'

export const listCase = 'list, 10 sessions'
export const listManyCase = 'list, 10,000 sessions'

/** `listSessions` beside its query, bare, on tables of all sizes in turns. */
export async function measureList(tables: readonly Table[], underWay: number, pace: Pace): Promise<Figure[]> {
  const { database } = tables[0]!
  const ofTen = tables.flatMap((table) => contenders(table, () => anybody(table.users), 10))
  const ofMany = tables.flatMap((table) => {
    const { userOfMany } = table
    return userOfMany === undefined ? [] : contenders(table, () => userOfMany, 50)
  })
  const figures = await measure({ case: listCase, database, underWay }, [...ofTen, ...ofMany], pace)
  return figures.map((figure, index) => {
    // Of the two of one table, the bare one comes first.
    const bare = figures[index - (index % 2)]!
    const { beside: _, ratio: __, ...rest } = figure
    const name = index < ofTen.length ? listCase : listManyCase
    const ratio = figure === bare ? {} : { beside: bare.contender, ratio: figure.median / bare.median }
    return Object.assign(rest, { case: name }, ratio)
  })
}

function contenders({ prisma, rows }: Table, nextUser: () => number, items: number): Contender[] {
  return [
    {
      name: 'findMany',
      rows,
      call: async () => {
        const now = Date.now()
        const found = await prisma.userSession.findMany({
          where: {
            userId: nextUser(),
            endedAt: null,
            sessionId: { not: null },
            expiresAt: { gt: new Date(now) },
            lastActivity: { gt: new Date(now - eagerPolicy.idleTimeoutSeconds * 1000) },
            createdAt: { gt: new Date(now - eagerPolicy.absoluteTimeoutSeconds * 1000) },
          },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          take: 51,
        })
        needed(found.length >= items)
      },
    },
    {
      name: ownName,
      rows,
      call: async () => {
        const page = await built.listSessions(prisma, { userId: nextUser() }, { policy: eagerPolicy })
        needed(page.items.length >= items)
      },
    },
  ]
}
