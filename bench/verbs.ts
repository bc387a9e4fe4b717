import { built } from './built.ts'
import { ownName, type Figure } from './figure.ts'
import { needed } from './floor.ts'
import { type Contender, measure, type Pace } from './measure.ts'
import { anybody, type Table } from './open-table.ts'
import { eagerPolicy } from './policy.ts'
import { readyRows, withoutTrace } from './sign-in.ts'

export const verbCases = ['revokeSession', 'revokeOtherSessions, 10 sessions', 'rotateSessionKey'] as const

/** The verbs that end and move sessions, beside the statements by which a careful person does the same. */
export async function measureVerb(
  table: Table,
  name: (typeof verbCases)[number],
  underWay: number,
  pace: Pace,
): Promise<Figure[]> {
  const { database, rows } = table
  const contenders = { revokeSession, 'revokeOtherSessions, 10 sessions': revokeOthers, rotateSessionKey }[name](
    table,
    underWay,
  )
  return withoutTrace(table, () => measure({ case: name, database, rows, underWay }, contenders, pace))
}

const policy = eagerPolicy

function revokeSession(table: Table, underWay: number): Contender[] {
  const { prisma } = table
  const { prepare, next, most } = signedIn(table, underWay)
  const bare = async () => {
    const { id, userId } = next()
    const now = new Date()
    const live = await prisma.userSession.findFirst({
      where: { id, userId, endedAt: null, sessionId: { not: null }, expiresAt: { gt: now } },
    })
    const [, { count }] = await prisma.$transaction([
      prisma.session.deleteMany({ where: { id: live!.sessionId! } }),
      prisma.userSession.updateMany({ where: { id, endedAt: null }, data: { endedAt: now, endReason: 'revoked' } }),
    ])
    needed(count)
  }
  const own = async () => {
    const { id, userId } = next()
    needed(await built.revokeSession(prisma, { userId, id }, { policy }))
  }
  return [
    { name: 'findFirst, [deleteMany, updateMany]', call: bare, prepare, most },
    { name: ownName, call: own, prepare, most },
  ]
}

function rotateSessionKey(table: Table, underWay: number): Contender[] {
  const { prisma } = table
  const { prepare, next, most } = signedIn(table, underWay)
  const bare = async () => {
    const { sessionId, userId } = next()
    const now = new Date()
    const live = await prisma.userSession.findUnique({ where: { sessionId } })
    needed(live && live.endedAt === null && live.expiresAt > now)
    const id = built.hashSessionKey(built.generateSessionKey())
    const reserved = { id: id.slice(0, 32), userId, createdAt: now, lastActivity: now, expiresAt: now, endedAt: now }
    const [, moved] = await prisma.$transaction([
      prisma.session.update({ where: { id: sessionId }, data: { id } }),
      prisma.userSession.findUnique({ where: { sessionId: id } }),
      prisma.userSession.create({ data: { ...reserved, endReason: 'rotated' } }),
    ])
    needed(moved)
  }
  const own = async () => {
    const newSessionKey = built.generateSessionKey()
    needed(await built.rotateSessionKey(prisma, { sessionKey: next().sessionKey, newSessionKey }, { policy }))
  }
  return [
    { name: 'findUnique, [update, findUnique, create]', call: bare, prepare, most },
    { name: ownName, call: own, prepare, most },
  ]
}

function revokeOthers(table: Table, underWay: number): Contender[] {
  const { prisma } = table
  const most = Math.max(25, underWay)
  const spareUsers = table.spareUsers.slice(0, most)
  let queue: { userId: number; sessionKey: string; sessionId: string }[] = []
  let known: string[] = []
  // Each of them has 10 sessions again, and no history.
  const prepare = async () => {
    await prisma.userSession.deleteMany({ where: { userId: { in: [...spareUsers] } } })
    for (let from = 0; from < known.length; from += 500) {
      await prisma.session.deleteMany({ where: { id: { in: known.slice(from, from + 500) } } })
    }
    const sessions = spareUsers.flatMap((userId) => Array.from({ length: 10 }, () => newSession(userId)))
    await insert(table, sessions)
    known = sessions.map(({ sessionId }) => sessionId)
    queue = sessions.filter((_, index) => index % 10 === 0)
  }
  const bare = async () => {
    const { userId, sessionId } = queue.pop()!
    const now = new Date()
    const others = await prisma.userSession.findMany({
      where: { userId, sessionId: { not: sessionId }, endedAt: null, expiresAt: { gt: now } },
    })
    const [, { count }] = await prisma.$transaction([
      prisma.session.deleteMany({ where: { id: { in: others.map((other) => other.sessionId!) } } }),
      prisma.userSession.updateMany({
        where: { id: { in: others.map(({ id }) => id) }, endedAt: null },
        data: { endedAt: now, endReason: 'revoked' },
      }),
    ])
    needed(count === 9)
  }
  const own = async () => {
    const { userId, sessionKey } = queue.pop()!
    needed((await built.revokeOtherSessions(prisma, { userId, sessionKey }, { policy })) === 9)
  }
  return [
    { name: 'findMany, [deleteMany, updateMany]', call: bare, prepare, most },
    { name: ownName, call: own, prepare, most },
  ]
}

/** Sessions that are there to be ended or moved: enough for a round. */
function signedIn(table: Table, underWay: number) {
  const most = Math.max(50, underWay * 2)
  let queue: ReturnType<typeof newSession>[] = []
  const prepare = async () => {
    queue = Array.from({ length: most }, () => newSession(anybody(table.users)))
    await insert(table, queue)
  }
  return { most, prepare, next: () => queue.pop()! }
}

function newSession(userId: number) {
  const sessionKey = built.generateSessionKey()
  const { session, userSession } = readyRows(userId, built.hashSessionKey(sessionKey))
  return { sessionKey, sessionId: session.id, userId, id: userSession.id, session, userSession }
}

async function insert({ prisma }: Table, sessions: ReturnType<typeof newSession>[]): Promise<void> {
  await prisma.$transaction([
    prisma.session.createMany({ data: sessions.map(({ session }) => session) }),
    prisma.userSession.createMany({ data: sessions.map(({ userSession }) => userSession) }),
  ])
}
