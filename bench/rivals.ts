import { createHmac, randomBytes } from 'node:crypto'
import { PrismaAdapter } from '@lucia-auth/adapter-prisma'
import { PrismaSessionStore } from '@quixo3/prisma-session-store'
import { betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { Lucia } from 'lucia'
import { built } from './built.ts'
import { ownName, type Figure } from './figure.ts'
import { fillRivals } from './fill.ts'
import { needed } from './floor.ts'
import { type Contender, measure, type Pace } from './measure.ts'
import { anybody, type Table } from './open-table.ts'
import { eagerPolicy, idleEnd, lazyPolicy } from './policy.ts'
import { clients, withoutTrace } from './sign-in.ts'
import { walk } from './walk.ts'

export const rivalCases = ['others: touch, nothing due', 'others: touch, write due', 'others: sign-in'] as const
type RivalCase = (typeof rivalCases)[number]

/** What users have today, each on tables of its own in the same database. */
export type Rivals = Record<RivalCase, readonly Contender[]>

/** Creates and fills their tables. */
export async function openRivals(table: Table): Promise<Rivals> {
  await fillRivals(table.driver, table.url, table.rows)
  const all = [byHand(table), ofBetterAuth(table), ofLucia(table), ofSessionStore(table)]
  return {
    'others: touch, nothing due': all.map(({ read }) => read),
    'others: touch, write due': all.map(({ refresh }) => refresh),
    'others: sign-in': all.map(({ signIn }) => signIn),
  }
}

/** What the package does beside what they do for it. */
export async function measureRivals(
  table: Table,
  rivals: Rivals,
  name: RivalCase,
  underWay: number,
  pace: Pace,
): Promise<Figure[]> {
  const { prisma, database, rows, users, keys } = table
  const { one } = walk(keys)
  const nextClient = clients()
  const policy = name === 'others: touch, nothing due' ? lazyPolicy : eagerPolicy
  const touch = one(async ({ sessionKey }) => needed(await built.touchActivity(prisma, { sessionKey }, { policy })))
  const signIn = () =>
    built.trackSession(
      prisma,
      { userId: anybody(users), sessionKey: built.generateSessionKey(), ...nextClient() },
      { policy },
    )
  const own = { name: ownName, call: name === 'others: sign-in' ? signIn : touch }
  const run = () => measure({ case: name, database, rows, underWay }, [own, ...rivals[name]], pace)
  return name === 'others: sign-in' ? withoutTrace(table, () => withoutTheirTraces(table, run)) : run()
}

interface Rival {
  /** A request of somebody who is signed in, when nothing is to be written, if it ever has nothing to write. */
  readonly read: Contender
  /** The same when the session is due to be prolonged. */
  readonly refresh: Contender
  readonly signIn: Contender
}

const month = 30 * 86_400_000

/** Reads the row and writes it, on each request. */
function byHand({ prisma, keys, users }: Table): Rival {
  const { one } = walk(keys)
  const nextClient = clients()
  const name = 'by hand'
  const touch = one(async ({ sessionId: id }) => {
    const session = await prisma.handSession.findUnique({ where: { id } })
    const now = new Date()
    needed(session && session.expiresAt > now)
    await prisma.handSession.update({ where: { id }, data: { lastActivity: now, expiresAt: idleEnd(now) } })
  })
  const signIn = () => {
    const now = new Date()
    return prisma.handSession.create({
      data: {
        id: randomBytes(32).toString('hex'),
        userId: anybody(users),
        ...nextClient(),
        createdAt: now,
        lastActivity: now,
        expiresAt: idleEnd(now),
      },
    })
  }
  return { read: { name, call: touch }, refresh: { name, call: touch }, signIn: { name, call: signIn } }
}

function ofBetterAuth({ prisma, keys, users, database }: Table): Rival {
  const { one } = walk(keys)
  const nextClient = clients()
  const name = 'better-auth'
  const secret = 'only for the benchmark, on tables of its own'
  const create = (session: { updateAge?: number }) =>
    betterAuth({
      baseURL: 'http://localhost',
      secret,
      database: prismaAdapter(prisma, { provider: database }),
      user: { modelName: 'authUser' },
      session: { modelName: 'authSession', ...session },
      account: { modelName: 'authAccount' },
      verification: { modelName: 'authVerification' },
      telemetry: { enabled: false },
    })
  const auth = create({})
  const eager = create({ updateAge: 0 })
  const context = auth.$context
  // What a browser sends back: the token and its signature.
  const cookieOf = (sessionKey: string): string => {
    const token = built.hashSessionKey(sessionKey).slice(0, 32)
    const signature = createHmac('sha256', secret).update(token).digest('base64')
    return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`
  }
  const cookies = new Map(keys.map((sessionKey) => [sessionKey, cookieOf(sessionKey)]))
  const read = (from: typeof auth) =>
    one(async ({ sessionKey }) => {
      const headers = new Headers({ cookie: cookies.get(sessionKey)! })
      needed(await from.api.getSession({ headers }))
    })
  const signIn = async () =>
    needed(await (await context).internalAdapter.createSession(`user${anybody(users)}`, false, nextClient()))
  return {
    read: { name, call: read(auth) },
    refresh: { name, call: read(eager) },
    signIn: { name, call: signIn },
  }
}

function ofLucia({ prisma, keys, users }: Table): Rival {
  const lucia = new Lucia(new PrismaAdapter(prisma.luciaSession, prisma.luciaUser))
  const name = 'lucia'
  // It prolongs a session past half of its 30 days, so that some must be made that old, before each round anew.
  const [some, others] = [walk(keys.slice(0, 400)), walk(keys.slice(400))]
  const old = { in: keys.slice(0, 400).map((key) => luciaId(built.hashSessionKey(key))) }
  const makeOld = () =>
    prisma.luciaSession.updateMany({
      where: { id: old },
      data: { expiresAt: new Date(Date.now() + month / 3) },
    })
  const isFresh = async (sessionId: string) => (await lucia.validateSession(luciaId(sessionId))).session?.fresh
  const read = others.one(async ({ sessionId }) => needed((await isFresh(sessionId)) === false))
  const refresh = some.one(async ({ sessionId }) => needed(await isFresh(sessionId)))
  return {
    read: { name, call: read },
    refresh: { name, call: refresh, prepare: makeOld, most: 400 },
    signIn: { name, call: () => lucia.createSession(`user${anybody(users)}`, {}) },
  }
}

const luciaId = (sessionId: string): string => sessionId.slice(0, 40)

/** What express-session calls on its store: `get` and `touch` on each request, `set` for a new session. */
function ofSessionStore({ prisma, keys, users }: Table): Rival {
  const { one } = walk(keys)
  const open = (ttl: number) => new PrismaSessionStore(prisma, { sessionModelName: 'storeSession', ttl })
  const [store, storeOfNew] = [open(2 * month), open(4 * month)]
  const name = 'prisma-session-store'
  const touch = one(async ({ sessionId }) => {
    const sid = sessionId.slice(0, 32)
    const session = await store.get(sid)
    if (!session) throw new Error('A session of the benchmark is not there')
    await store.touch(sid, session)
  })
  const signIn = () => {
    const cookie = { originalMaxAge: month, expires: new Date(Date.now() + month), httpOnly: true, path: '/' }
    return storeOfNew.set(randomBytes(16).toString('hex'), { cookie, userId: anybody(users) })
  }
  return { read: { name, call: touch }, refresh: { name, call: touch }, signIn: { name, call: signIn } }
}

async function withoutTheirTraces<Result>({ prisma }: Table, run: () => Promise<Result>): Promise<Result> {
  const begin = Date.now()
  const createdAt = { gte: new Date(begin) }
  const after = (months: number) => ({ gte: new Date(begin + months * month) })
  try {
    return await run()
  } finally {
    await prisma.handSession.deleteMany({ where: { createdAt } })
    await prisma.authSession.deleteMany({ where: { createdAt } })
    await prisma.luciaSession.deleteMany({ where: { expiresAt: after(1) } })
    // Those that were touched expire earlier.
    await prisma.storeSession.deleteMany({ where: { expiresAt: after(3) } })
  }
}
