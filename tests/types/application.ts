// What applications write. It is compiled and never run, by client.test.ts against clients of several schemas.
import {
  anonymizeInactive,
  createPolicy,
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  sessionTracking,
  touchActivity,
  trackSession,
  type SessionClient,
  type UserIdOf,
  type UserSessionOf,
} from 'prisma-user-sessions'
import { PrismaClient, type Prisma, type UserSession } from '../../generated/prisma/client.ts'
import { ownColumn, userId, wrongUserId, type OwnColumn, type UserId } from './schema-names.ts'

/* oxlint-disable typescript/no-unnecessary-type-parameters -- they are all there is to an assertion on types */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Flat<T> = { [Key in keyof T]: T[Key] }
function assert<_Condition extends true>(): void {}
/* oxlint-enable typescript/no-unnecessary-type-parameters */

declare const adapter: Prisma.PrismaClientOptions['adapter'] & object
declare const sessionKey: string
const id = 'an id'
const prisma = new PrismaClient({ adapter })

/** Verbs take the schema's user id and answer with its rows. */
export async function everyVerb(): Promise<void> {
  const tracked = await trackSession(prisma, { userId, sessionKey })
  assert<Equal<typeof tracked, UserSession>>()
  assert<Equal<(typeof tracked)['userId'], UserId>>()
  assert<Equal<(typeof tracked)[OwnColumn], string | null>>()
  const touched = await touchActivity(prisma, { sessionKey })
  assert<Equal<typeof touched, UserSession | null>>()
  const rotated = await rotateSessionKey(prisma, { sessionKey, newSessionKey: 'another' })
  assert<Equal<typeof rotated, UserSession | null>>()

  const { items, nextCursor } = await listSessions(prisma, { userId }, { current: sessionKey, cursor: null })
  assert<Equal<typeof nextCursor, string | null>>()
  const item = items[0]!
  assert<Equal<keyof typeof item, Exclude<keyof UserSession, 'sessionId'> | 'isCurrent'>>()
  assert<Equal<(typeof item)['userId'], UserId>>()
  assert<Equal<(typeof item)[OwnColumn], string | null>>()

  const ended = [await revokeSession(prisma, { userId, id: item.id }), await revokeSession(prisma, { sessionKey })]
  assert<Equal<typeof ended, boolean[]>>()
  const counts = [await revokeSessions(prisma, { userId }), await revokeOtherSessions(prisma, { userId, sessionKey })]
  assert<Equal<typeof counts, number[]>>()
  await purgeSessions(prisma)
  const anonymized = await anonymizeInactive(prisma, { olderThanSeconds: 60 })
  assert<Equal<typeof anonymized, number>>()
}

/** Verbs refuse every other user id. */
export async function wrongUserIds(): Promise<void> {
  // @ts-expect-error
  await trackSession(prisma, { userId: wrongUserId, sessionKey })
  // @ts-expect-error
  await listSessions(prisma, { userId: wrongUserId })
  // @ts-expect-error
  await revokeSession(prisma, { userId: wrongUserId, id })
  // @ts-expect-error
  await revokeOtherSessions(prisma, { userId: wrongUserId, sessionKey })
  // @ts-expect-error
  await revokeSessions(prisma, { userId: wrongUserId })
}

const label = { needs: { city: true }, compute: ({ city }: { city: string | null }) => `in ${city}` } as const
const countAll = (): number => 0
const withResult = prisma.$extends({ result: { userSession: { label } } })
const withModel = prisma.$extends({ model: { userSession: { countAll } } })
const withQuery = prisma.$extends({ query: { $allOperations: ({ args, query }) => query(args) } })
const withClient = prisma.$extends({ client: { countAll } })
const withAll = withResult
  .$extends({ model: { $allModels: { countAll } }, client: { countAll } })
  .$extends({ query: { userSession: { findMany: ({ args, query }) => query(args) } } })
const withLog = new PrismaClient({ adapter, log: [{ level: 'query', emit: 'event' }] })
const withoutCity = new PrismaClient({ adapter, omit: { userSession: { city: true }, session: { data: true } } })
class OwnClient extends PrismaClient {
  readonly isOwn = true
}

type Row<Client extends SessionClient> = Flat<UserSessionOf<Client>>

/** Every client fits, with its own rows. */
export function everyClient(): void {
  assert<Equal<Row<typeof withModel>, UserSession>>()
  assert<Equal<Row<typeof withQuery>, UserSession>>()
  assert<Equal<Row<typeof withClient>, UserSession>>()
  assert<Equal<Row<typeof withLog>, UserSession>>()
  assert<Equal<Row<OwnClient>, UserSession>>()
  assert<Equal<Row<Prisma.TransactionClient>, UserSession>>()
  assert<Equal<Row<typeof withoutCity>, Omit<UserSession, 'city'>>>()
  assert<Equal<Row<typeof withResult>, Flat<UserSession & { label: string }>>>()
  assert<Equal<Row<typeof withAll>, Flat<UserSession & { label: string }>>>()
  assert<Equal<UserIdOf<typeof withAll>, UserId>>()
}

/** Verbs run in transactions, in functions that take either kind of client, and in functions that take any client. */
export async function everyCaller(either: PrismaClient | Prisma.TransactionClient): Promise<void> {
  await prisma.$transaction(async (tx) => {
    const tracked = await trackSession(tx, { userId, sessionKey })
    assert<Equal<typeof tracked, UserSession>>()
    // @ts-expect-error
    await trackSession(tx, { userId: wrongUserId, sessionKey })
  })
  await withAll.$transaction(async (tx) => {
    const touched = await touchActivity(tx, { sessionKey })
    assert<Equal<NonNullable<typeof touched>['label'], string>>()
    // @ts-expect-error
    await listSessions(tx, { userId: wrongUserId })
  })
  const tracked = await trackSession(either, { userId, sessionKey })
  assert<Equal<typeof tracked, UserSession>>()
  await signIn(new OwnClient({ adapter }), userId)
  // @ts-expect-error
  await signIn(new OwnClient({ adapter }), wrongUserId)
}

async function signIn<Client extends SessionClient>(db: Client, user: UserIdOf<Client>): Promise<string> {
  const { id: publicId } = await trackSession(db, { userId: user, sessionKey })
  return publicId
}

const policy = createPolicy({ idleTimeoutSeconds: 900 })
const tracking = sessionTracking({ policy, locate: async () => null })
const extended = prisma.$extends(tracking)

/** The extension's methods answer with the schema's rows too, in a transaction and beside other extensions. */
export async function everyMethod(): Promise<void> {
  const model = extended.userSession
  const tracked = await model.track({ userId, sessionKey }, { now: new Date() })
  assert<Equal<Flat<typeof tracked>, UserSession>>()
  const touched = await model.touch({ sessionKey })
  assert<Equal<typeof touched, typeof tracked | null>>()
  const rotated = await model.rotate({ sessionKey, newSessionKey: 'another' })
  assert<Equal<typeof rotated, typeof tracked | null>>()
  const { items, nextCursor } = await model.list({ userId }, { current: sessionKey, cursor: null })
  assert<Equal<typeof nextCursor, string | null>>()
  assert<Equal<keyof (typeof items)[0], Exclude<keyof UserSession, 'sessionId'> | 'isCurrent'>>()
  const ended = [await model.revoke({ userId, id }), await model.revoke({ sessionKey }, { reason: 'limit' })]
  assert<Equal<typeof ended, boolean[]>>()
  const counts = [await model.revokeAll({ userId }), await model.revokeOthers({ userId, sessionKey })]
  assert<Equal<typeof counts, number[]>>()
  await model.purge({ batchSize: 100 })
  await model.anonymize({ olderThanSeconds: 60 })
  const own = await model.findMany({ where: { userId }, select: { [ownColumn]: true } as const })
  assert<Equal<(typeof own)[0][OwnColumn], string | null>>()

  await extended.$transaction(async (tx) => {
    const within = await tx.userSession.track({ userId, sessionKey })
    assert<Equal<Flat<typeof within>, UserSession>>()
    // @ts-expect-error
    await tx.userSession.list({ userId: wrongUserId })
  })
  const before = await withAll.$extends(tracking).userSession.track({ userId, sessionKey })
  assert<Equal<(typeof before)['label'], string>>()
  const after = await extended.$extends({ result: { userSession: { label } } }).userSession.touch({ sessionKey })
  assert<Equal<NonNullable<typeof after>['label'], string>>()
  // @ts-expect-error
  await model.track({ userId: wrongUserId, sessionKey })
  // @ts-expect-error
  await model.list({ userId: wrongUserId })
  // @ts-expect-error
  await model.revoke({ userId: wrongUserId, id })
  // @ts-expect-error
  await model.revokeOthers({ userId: wrongUserId, sessionKey })
  // @ts-expect-error
  await model.revokeAll({ userId: wrongUserId })
}
