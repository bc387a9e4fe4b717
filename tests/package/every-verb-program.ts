/** A program that calls every verb, in four ways, and prints a line for each way: {@link everyVerbStory}. */
export const everyVerbProgram = `import * as sessions from 'prisma-user-sessions'
import { prisma } from './prisma.js'

const start = new Date('2026-01-05T08:00:00Z')
const at = (seconds: number) => ({ now: new Date(start.getTime() + seconds * 1000) })
const client = { ipAddress: '203.0.113.7', userAgent: 'curl/8.5.0' }
const extended = prisma.$extends(sessions.sessionTracking())
type Transaction = Parameters<Parameters<typeof prisma.$transaction>[0]>[0]

void everyVerb()

async function everyVerb() {
  const options = { timeout: 30_000 }
  await tell('functions', (users) => story(functionsOn(prisma), users))
  await tell('methods', (users) => story(methodsOn(extended.userSession), users))
  await tell('functions in a transaction', (users) =>
    prisma.$transaction((tx) => story(functionsOn(tx), users), options),
  )
  await tell('methods in a transaction', (users) =>
    extended.$transaction((tx) => story(methodsOn(tx.userSession), users), options),
  )

  const { id: userId } = await prisma.user.create({ data: { email: 'somebody' } })
  const sessionKey = sessions.generateSessionKey()
  const error = new Error('undone')
  const undone = prisma.$transaction(async (tx) => {
    await sessions.trackSession(tx, { userId, sessionKey, ...client })
    throw error
  })
  const isUndone = (await undone.catch((thrown: unknown) => thrown)) === error
  const left = await prisma.session.count({ where: { id: sessions.hashSessionKey(sessionKey) } })
  const calls = Array.from({ length: 30 }, () => sessions.trackSession(prisma, { userId, sessionKey, ...client }))
  const ids = new Set((await Promise.all(calls)).map(({ id }) => id))
  console.log(JSON.stringify({ isUndone, left, atOnce: ids.size }))
  await prisma.$disconnect()
}

interface Users {
  readonly userId: number
  readonly other: number
}

async function tell(way: string, verbs: (users: Users) => Promise<object>) {
  const { id: userId } = await prisma.user.create({ data: { email: way } })
  const { id: other } = await prisma.user.create({ data: { email: \`another for \${way}\` } })
  console.log(JSON.stringify({ way, ...(await verbs({ userId, other })) }))
}

function functionsOn(db: typeof prisma | Transaction) {
  return {
    track: (input: sessions.TrackSessionInput<number>, options: object) => sessions.trackSession(db, input, options),
    touch: (input: sessions.Credential, options: object) => sessions.touchActivity(db, input, options),
    list: (input: { userId: number }, options: object) => sessions.listSessions(db, input, options),
    revoke: (input: sessions.Credential | sessions.OwnedSession<number>, options: object) =>
      'id' in input ? sessions.revokeSession(db, input, options) : sessions.revokeSession(db, input, options),
    revokeOthers: (input: { userId: number; sessionKey: string }, options: object) =>
      sessions.revokeOtherSessions(db, input, options),
    revokeAll: (input: { userId: number }, options: object) => sessions.revokeSessions(db, input, options),
    rotate: (input: sessions.Rotation, options: object) => sessions.rotateSessionKey(db, input, options),
    purge: (options: object) => sessions.purgeSessions(db, options),
    anonymize: (input: sessions.AnonymizeInput, options: object) => sessions.anonymizeInactive(db, input, options),
  }
}

function methodsOn(model: typeof extended.userSession): ReturnType<typeof functionsOn> {
  return {
    track: (input, options) => model.track(input, options),
    touch: (input, options) => model.touch(input, options),
    list: (input, options) => model.list(input, options),
    revoke: (input, options) => model.revoke(input, options),
    revokeOthers: (input, options) => model.revokeOthers(input, options),
    revokeAll: (input, options) => model.revokeAll(input, options),
    rotate: (input, options) => model.rotate(input, options),
    purge: (options) => model.purge(options),
    anonymize: (input, options) => model.anonymize(input, options),
  }
}

async function story(verbs: ReturnType<typeof functionsOn>, { userId, other }: Users) {
  const [first, second, third, last] = Array.from({ length: 4 }, sessions.generateSessionKey) as [string, string, string, string]
  const codeOf = (error: unknown) => (error instanceof sessions.SessionTrackingError ? error.code : String(error))
  const refused = (user: number, sessionKey: string) => verbs.track({ userId: user, sessionKey }, at(154)).catch(codeOf)

  const tracked = await verbs.track({ userId, sessionKey: first, ...client }, at(0))
  for (const sessionKey of [second, third]) await verbs.track({ userId, sessionKey, ...client }, at(1))
  const again = await verbs.track({ userId, sessionKey: first, ...client }, at(60))
  const touched = await verbs.touch({ sessionKey: first }, at(120))
  const page = await verbs.list({ userId }, { ...at(120), current: first, limit: 2 })
  const next = await verbs.list({ userId }, { ...at(120), current: first, cursor: page.nextCursor })
  const rotated = await verbs.rotate({ sessionKey: first, newSessionKey: last }, at(121))
  return {
    tracked: [tracked.browserInfo, tracked.ipAddress, again.id === tracked.id],
    touched: touched!.lastActivity.getTime() - start.getTime(),
    listed: [...page.items, ...next.items].map(({ isCurrent }) => isCurrent),
    isRotated: rotated?.id === tracked.id,
    anonymized: await verbs.anonymize({ olderThanSeconds: 60 }, at(150)),
    revoked: [
      await verbs.revoke({ userId: other, id: tracked.id }, at(151)),
      await verbs.revoke({ sessionKey: second }, at(151)),
    ],
    revokedOthers: await verbs.revokeOthers({ userId, sessionKey: last }, at(152)),
    revokedAll: await verbs.revokeAll({ userId }, at(153)),
    over: await verbs.touch({ sessionKey: last }, at(153)),
    refused: [
      await refused(userId, first),
      await refused(userId, last),
      await refused(other, second),
      await refused(1_000_000, sessions.generateSessionKey()),
    ],
    purged: (await verbs.purge(at(60 * 24 * 60 * 60))).userSessions,
  }
}
`

const storyIn = (way: string) => ({
  way,
  tracked: ['curl 8', '203.0.113.7', true],
  touched: 120_000,
  listed: [false, false, true],
  isRotated: true,
  anonymized: 2,
  revoked: [false, true],
  revokedOthers: 1,
  revokedAll: 1,
  over: null,
  refused: ['ERR_SESSION_ENDED', 'ERR_SESSION_ENDED', 'ERR_SESSION_KEY_TAKEN', 'ERR_USER_NOT_FOUND'],
  // The three, and what the rotation left of the first key.
  purged: 4,
})
const ways = ['functions', 'methods', 'functions in a transaction', 'methods in a transaction']

/** What {@link everyVerbProgram} has to print. */
export const everyVerbStory = [
  ...ways.map(storyIn),
  // A transaction that was rolled back has left nothing, and thirty calls with one key are one session.
  { isUndone: true, left: 0, atOnce: 1 },
]
