import { randomBytes } from 'node:crypto'
import { built } from './built.ts'
import { ownName, type Figure } from './figure.ts'
import { type Contender, measure, type Pace } from './measure.ts'
import { anybody, type Table } from './open-table.ts'
import { eagerPolicy, idleEnd } from './policy.ts'

export const signInCase = 'sign-in'
/** Both rows or neither, by hand, and the row as the database has it then, with the application's own columns. */
export const pairNames = ['[createMany, create]', '[create, create]', 'nested create'] as const
const [manyPair, onePair, nestedPair] = pairNames

/** `trackSession` beside the same two rows written bare, from columns that are ready. */
export async function measureSignIn(table: Table, underWay: number, pace: Pace): Promise<Figure[]> {
  const { prisma, database, rows, users } = table
  const nextClient = clients()
  const track = (options: object) => () =>
    built.trackSession(
      prisma,
      { userId: anybody(users), sessionKey: built.generateSessionKey(), ...nextClient() },
      { policy: eagerPolicy, ...options },
    )
  const pair = (name: string, statements: (rows: ReturnType<typeof readyRows>) => any[]): Contender => ({
    name,
    call: () => prisma.$transaction(statements(readyRows(anybody(users)))),
  })
  const contenders: Contender[] = [
    pair(manyPair, ({ session, userSession }) => [
      prisma.session.createMany({ data: [session] }),
      prisma.userSession.create({ data: userSession }),
    ]),
    { name: ownName, call: track({}) },
    { name: `${ownName}, without a place`, call: track({ locate: async () => null }) },
    pair('[createMany, createMany]: no row is read back', ({ session, userSession }) => [
      prisma.session.createMany({ data: [session] }),
      prisma.userSession.createMany({ data: [userSession] }),
    ]),
    pair(onePair, ({ session, userSession }) => [
      prisma.session.create({ data: session }),
      prisma.userSession.create({ data: userSession }),
    ]),
    {
      name: nestedPair,
      call: () => {
        const { session, userSession } = readyRows(anybody(users))
        const { sessionId: _, ...nested } = userSession
        return prisma.session.create({ data: { ...session, userSession: { create: nested } } })
      },
    },
  ]
  return withoutTrace(table, () => measure({ case: signInCase, database, rows, underWay }, contenders, pace))
}

/** Runs what adds sessions, and removes those. */
export async function withoutTrace<Result>({ prisma }: Table, run: () => Promise<Result>): Promise<Result> {
  const createdAt = { gte: new Date() }
  try {
    return await run()
  } finally {
    await prisma.userSession.deleteMany({ where: { createdAt } })
    await prisma.session.deleteMany({ where: { createdAt } })
  }
}

/** The rows of a sign-in, with everything that `trackSession` finds out. */
export function readyRows(userId: number, sessionId: string = randomBytes(32).toString('hex')) {
  const now = new Date()
  const session = { id: sessionId, createdAt: now, expiresAt: new Date(now.getTime() + 300 * 86_400_000) }
  const userSession = {
    id: randomBytes(16).toString('hex'),
    userId,
    sessionId,
    ipAddress: '203.0.113.7',
    browserInfo: 'Chrome 126',
    deviceInfo: 'Windows 10',
    deviceType: 'desktop',
    city: 'Copenhagen',
    country: 'DK',
    createdAt: now,
    lastActivity: now,
    expiresAt: idleEnd(now),
  }
  return { session, userSession }
}

/** What clients say of themselves: each from an address of its own, by Chrome of some version on some system. */
export function clients(): () => { ipAddress: string; userAgent: string } {
  const systems = [
    'Windows NT 10.0; Win64; x64',
    'Macintosh; Intel Mac OS X 10_15_7',
    'X11; Linux x86_64',
    'Linux; Android 10; K',
  ]
  let count = 0
  return () => {
    const system = systems[count % systems.length]!
    const version = 120 + (count++ % 13)
    const mobile = system.startsWith('Linux') ? ' Mobile' : ''
    return {
      // Blocks that providers of Europe and America have.
      ipAddress: `${80 + (count % 16)}.${byte()}.${byte()}.${byte()}`,
      userAgent: `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0${mobile} Safari/537.36`,
    }
  }
}

const byte = (): number => Math.floor(Math.random() * 256)
