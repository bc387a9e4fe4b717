import { expect } from 'vitest'

/** In what the programs of two applications differ. */
export interface Names {
  /** The client's property for the user model. Default: `user`. */
  readonly user?: string
  /** What a new user is made of, as it is written in a program. */
  readonly newUser?: string
  /** A session row of another library's, as it is written in a program. Default: the package has the table to itself. */
  readonly newSession?: string
}

/**
 * A program that signs in, lists, touches, revokes and is refused, once with functions and once with methods of the client
 * that `./prisma.ts` exports, and prints what came of it: {@link storyOf}.
 */
export function signInProgram({
  user = 'user',
  newUser = `{ email: 'ada@example.com' }`,
  newSession,
}: Names = {}): string {
  const credential = newSession
    ? `{ sessionId: (await prisma.session.create({ data: ${newSession} })).id }`
    : '{ sessionKey: generateSessionKey() }'
  return `import {
  generateSessionKey,
  listSessions,
  revokeSession,
  sessionTracking,
  SessionTrackingError,
  touchActivity,
  trackSession,
  type Credential,
} from 'prisma-user-sessions'
import { describeRequest } from 'prisma-user-sessions/request'
import { prisma } from './prisma.js'

const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0' }
const client = describeRequest({ headers }, { trustedProxies: [], peerAddress: '8.8.8.8' })
const { userSession } = prisma.$extends(sessionTracking())

void signIn()

async function signIn() {
  const { id: userId } = await prisma.${user}.create({ data: ${newUser} })
  const current = ({ sessionKey, sessionId }: Credential) => sessionKey ?? sessionId
  const functions = await tell({
    newCredential: async () => (${credential}),
    track: (credential) => trackSession(prisma, { userId, ...credential, ...client }),
    list: (credential) => listSessions(prisma, { userId }, { current: current(credential) }),
    touch: (credential) => touchActivity(prisma, credential),
    revoke: (id) => revokeSession(prisma, { userId, id }),
  })
  const methods = await tell({
    newCredential: async () => (${credential}),
    track: (credential) => userSession.track({ userId, ...credential, ...client }),
    list: (credential) => userSession.list({ userId }, { current: current(credential) }),
    touch: (credential) => userSession.touch(credential),
    revoke: (id) => userSession.revoke({ userId, id }),
  })
  console.log(JSON.stringify({ functions, methods }))
  await prisma.$disconnect()
}

type Row = Awaited<ReturnType<typeof prisma.userSession.findUniqueOrThrow>>
interface Verbs {
  newCredential(): Promise<Credential>
  track(credential: Credential): Promise<Row>
  list(credential: Credential): Promise<{ items: { id: string; isCurrent: boolean }[] }>
  touch(credential: Credential): Promise<Row | null>
  revoke(id: string): Promise<boolean>
}

async function tell({ newCredential, track, list, touch, revoke }: Verbs) {
  const credential = await newCredential()
  const { id, userId, ipAddress, browserInfo, deviceInfo, country } = await track(credential)
  const { items } = await list(credential)
  const touched = await touch(credential)
  const isRevoked = await revoke(id)
  const after = await list(credential)
  const refusal = await track(credential).catch((error: unknown) => error)
  return {
    typeOfUserId: typeof userId,
    tracked: [browserInfo, deviceInfo, ipAddress, country],
    listed: items.map((item) => ({ isIt: item.id === id, isCurrent: item.isCurrent })),
    isTouched: touched?.id === id,
    isRevoked,
    listedAfter: after.items,
    touchedAfter: await touch(credential),
    refused: refusal instanceof SessionTrackingError ? refusal.code : String(refusal),
  }
}
`
}

/** What {@link signInProgram} has to print. */
export function storyOf({ typeOfUserId = 'number', country = null as string | null } = {}): object {
  const told = {
    typeOfUserId,
    tracked: ['Firefox 127', 'Linux', '8.8.8.8', country],
    listed: [{ isIt: true, isCurrent: true }],
    isTouched: true,
    isRevoked: true,
    listedAfter: [],
    touchedAfter: null,
    refused: 'ERR_SESSION_ENDED',
  }
  return { functions: told, methods: told }
}

/** A program whose every line but the first names a user that there cannot be, which the compiler has to refuse. */
export function wrongUserIds(userId = `'u'`): string[] {
  const names = 'listSessions, revokeSession, sessionTracking, trackSession'
  const extended = `const { userSession } = prisma.$extends(sessionTracking()); const userId = ${userId}`
  return [
    `import { ${names} } from 'prisma-user-sessions'; import { prisma } from './prisma.js'; ${extended}`,
    `void trackSession(prisma, { userId, sessionKey: 'key' })`,
    `void prisma.$transaction((tx) => trackSession(tx, { userId, sessionKey: 'key' }))`,
    `void listSessions(prisma, { userId })`,
    `void revokeSession(prisma, { userId, id: 'id' })`,
    `void userSession.track({ userId, sessionKey: 'key' })`,
    `void userSession.list({ userId })`,
    `void userSession.revoke({ userId, id: 'id' })`,
  ]
}

/** What the compiler has to say of {@link wrongUserIds} in a file, a message each. */
export function refusalsOf(file: string, userId = `'u'`, typeOfUserId = 'number'): unknown[] {
  const type = userId.startsWith(`'`) ? 'string' : 'number'
  const reason = `Type '${type}' is not assignable to type '${typeOfUserId}'`
  const [, ...lines] = wrongUserIds(userId).keys()
  return lines.map((line) =>
    expect.stringMatching(new RegExp(`^${file}\\(${line + 1},\\d+\\): error TS2322: ${reason}`)),
  )
}
