import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { adapterFor } from '../../scripts/databases.ts'
import {
  createPolicy,
  generateSessionKey,
  InvalidInputError,
  InvalidPolicyError,
  sessionTracking,
  touchActivity,
  trackSession,
  type SessionTrackingMethods,
} from '../../src/index.ts'
import { after, client, locate, now, signedIn, start, thrownBy, verbs, type SignedIn } from './every-verb.ts'
import { generateClient } from './generate-client.ts'
import { createTestDatabase, openDatabase } from './open-database.ts'

type Model = SignedIn['prisma']['userSession'] & SessionTrackingMethods

/** The calls of `verbs`, as methods. */
const methods: Record<string, (model: Model, session: SignedIn) => Promise<unknown>> = {
  trackSession: (model, { user, newSessionKey }) =>
    model.track({ userId: user.id, sessionKey: newSessionKey, ...client }, { now, locate }),
  touchActivity: (model, { sessionKey }) => model.touch({ sessionKey }, { now }),
  listSessions: (model, { user, sessionKey }) => model.list({ userId: user.id }, { now, current: sessionKey }),
  'revokeSession by id': (model, { user, id }) => model.revoke({ userId: user.id, id }, { now }),
  'revokeSession by key': (model, { sessionKey }) => model.revoke({ sessionKey }, { now }),
  revokeOtherSessions: (model, { user, newSessionKey }) =>
    model.revokeOthers({ userId: user.id, sessionKey: newSessionKey }, { now }),
  revokeSessions: (model, { user }) => model.revokeAll({ userId: user.id }, { now }),
  rotateSessionKey: (model, { sessionKey, newSessionKey }) => model.rotate({ sessionKey, newSessionKey }, { now }),
  purgeSessions: (model) => model.purge({ now: after(5000) }),
  anonymizeInactive: (model) => model.anonymize({ olderThanSeconds: 60 }, { now }),
}

/** What a call answers, and what is in the database then. */
async function outcomeOf({ prisma }: SignedIn, call: () => Promise<unknown>) {
  const answer = await call()
  return { answer, sessions: await prisma.session.findMany(), userSessions: await prisma.userSession.findMany() }
}

it('there is a method for each verb', () => {
  expect(Object.keys(methods)).toEqual(Object.keys(verbs))
})

it.each(Object.keys(methods))('%s: the method answers and does what the function does', async (name) => {
  const session = await signedIn()
  const { prisma } = session
  const before = await outcomeOf(session, async () => null)
  const expected = await outcomeOf(session, () => verbs[name]!(prisma, session))
  await prisma.$transaction([
    prisma.session.deleteMany(),
    prisma.userSession.deleteMany(),
    prisma.session.createMany({ data: before.sessions as never }),
    prisma.userSession.createMany({ data: before.userSessions }),
  ])
  const model = prisma.$extends(sessionTracking()).userSession as never
  expect(await outcomeOf(session, () => methods[name]!(model, session))).toEqual(expected)
  expect(expected).not.toEqual(before)
})

it.each(Object.keys(methods))('%s is part of the transaction on whose client it is called', async (name) => {
  const session = await signedIn()
  const before = await outcomeOf(session, async () => null)
  const prisma = session.prisma.$extends(sessionTracking())
  const rollback = new Error('taken back')
  const transaction = prisma.$transaction(async (tx) => {
    await methods[name]!(tx.userSession as never, session)
    throw rollback
  })
  expect(await thrownBy(() => transaction)).toBe(rollback)
  expect(await outcomeOf(session, async () => null)).toEqual(before)
})

describe('what is said once', () => {
  const policy = createPolicy({ idleTimeoutSeconds: 60, ipAddress: 'truncated' })
  const place = { city: 'Lyon', country: 'FR' }

  it('holds for every call, unless the call says otherwise', async () => {
    const { prisma: base, user } = await openDatabase()
    const prisma = base.$extends(sessionTracking({ policy, locate: async () => place }))
    const signIn = { userId: user.id, ipAddress: '8.8.8.8' }
    const [first, second, third] = Array.from({ length: 3 }, generateSessionKey) as [string, string, string]
    const bound = { ipAddress: '8.8.8.0', ...place, expiresAt: after(60) }
    expect(await prisma.userSession.track({ ...signIn, sessionKey: first }, { now: start })).toMatchObject(bound)
    // An application hands on what it was not given.
    const absent = { now: start, policy: undefined, locate: undefined }
    expect(await prisma.userSession.track({ ...signIn, sessionKey: second }, absent)).toMatchObject(bound)
    const own = { now: start, policy: { idleTimeoutSeconds: 600 }, locate }
    const ownAnswer = { ipAddress: '8.8.8.8', city: null, country: null, expiresAt: after(600) }
    expect(await prisma.userSession.track({ ...signIn, sessionKey: third }, own)).toMatchObject(ownAnswer)

    expect(await prisma.userSession.touch({ sessionKey: first }, { now: after(59) })).not.toBeNull()
    expect(await prisma.userSession.touch({ sessionKey: second }, { now: after(61) })).toBeNull()
    const { items } = await prisma.userSession.list({ userId: user.id }, { now: after(61) })
    expect(items).toHaveLength(1)
  })

  it.each([
    [{ policy: { idleTimeoutSeconds: 0 } }, InvalidPolicyError, 'idleTimeoutSeconds must be a number above 0'],
    [{ policy: 60 }, InvalidPolicyError, 'policy must be an object: received number'],
    [{ locate: 'Lyon' }, InvalidInputError, 'locate must be a function: received string'],
    [{ lcoate: locate }, InvalidInputError, 'no properties but policy, locate, models: received an unknown property'],
    [{ models: { session: 'login' } }, InvalidInputError, 'userSession must be the name'],
    [{ models: { session: '', userSession: 'device' } }, InvalidInputError, 'session must be the name'],
    [{ models: 'device' }, InvalidInputError, 'models must be an object'],
    [null, InvalidInputError, 'options must be an object'],
  ])('is checked when it is said: %o', (options, kind, message) => {
    const extend = () => sessionTracking(options as never)
    expect(extend).toThrow(kind)
    expect(extend).toThrow(message)
  })
})

it.each([42, 'now', null, [start]])(
  'options that are none, %o, are refused as the function refuses them',
  async (wrong) => {
    const { prisma, sessionKey } = await signedIn()
    const model = prisma.$extends(sessionTracking()).userSession
    const refusal = { code: 'ERR_INVALID_INPUT', field: 'options' }
    await expect(touchActivity(prisma, { sessionKey }, wrong as never)).rejects.toMatchObject(refusal)
    await expect(model.touch({ sessionKey }, wrong as never)).rejects.toMatchObject(refusal)
  },
)

it('a method that lost its model, and a model that has no sessions beside it, are refused in words', async () => {
  const { prisma, sessionKey } = await signedIn()
  const touch: any = prisma.$extends(sessionTracking()).userSession.touch
  const refusal = { code: 'ERR_INVALID_INPUT', field: 'db' }
  await expect(touch({ sessionKey })).rejects.toMatchObject(refusal)
  const models = { session: 'login', userSession: 'userSession' } as const
  const extended = prisma.$extends(sessionTracking({ models }))
  await expect(extended.userSession.touch({ sessionKey })).rejects.toMatchObject(refusal)
})

describe('beside other extensions', () => {
  const noted = (seen: string[]) => ({
    query: {
      $allOperations({ model, operation, args, query }: any) {
        seen.push(`${model}.${operation}`)
        return query(args)
      },
    },
  })

  it('those applied before it see every query, in a transaction too', async () => {
    const { prisma: base, user } = await openDatabase()
    const seen: string[] = []
    const prisma = base.$extends(noted(seen)).$extends(sessionTracking({ locate }))
    const track = (db: Pick<typeof prisma, 'userSession'>) =>
      db.userSession.track({ userId: user.id, sessionKey: generateSessionKey() }, { now })
    await track(prisma)
    const creating = ['Session.createMany', 'UserSession.create']
    expect(seen.splice(0)).toEqual(creating)
    await prisma.$transaction((tx) => track(tx))
    expect(seen).toEqual(expect.arrayContaining(creating))
  })

  it('those applied after it see those of UserSession', async () => {
    const { prisma: base, user } = await openDatabase()
    const seen: string[] = []
    const prisma = base.$extends(sessionTracking({ locate })).$extends(noted(seen))
    await prisma.userSession.track({ userId: user.id, sessionKey: generateSessionKey() }, { now })
    expect(seen).toEqual(['UserSession.create'])
  })

  it.each(['before', 'after'])('rows have what others add to them, applied %s it', async (order) => {
    const { prisma: base, user } = await openDatabase()
    const label = { needs: { city: true }, compute: ({ city }: any) => `in ${city}` }
    const others = { result: { userSession: { label } }, model: { userSession: { hello: () => 'hello' } } } as const
    const ours = sessionTracking({ locate: async () => ({ city: 'Lyon', country: 'FR' }) })
    const extended: any =
      order === 'before' ? base.$extends(others).$extends(ours) : base.$extends(ours).$extends(others)
    const signIn = { userId: user.id, sessionKey: generateSessionKey(), ipAddress: '8.8.8.8' }
    expect(await extended.userSession.track(signIn, { now })).toMatchObject({ label: 'in Lyon' })
    expect((await extended.userSession.list({ userId: user.id }, { now })).items).toMatchObject([{ label: 'in Lyon' }])
    expect(extended.userSession.hello()).toBe('hello')
    expect(await extended.userSession.count()).toBe(1)
  })
})

it('models with other names serve as they are: by hand, and named once to the extension', async () => {
  const Client: any = await generateClient((schema) =>
    schema
      .replaceAll(/\bUserSession\b/g, 'Device')
      .replaceAll(/\bSession\b(?= ?[?{])/g, 'Login')
      .replace('model Device {', '$&\n  @@map("UserSession")')
      .replace('model Login {', '$&\n  @@map("Session")'),
  )
  const driver = inject('driver')
  const base = new Client({ adapter: adapterFor(driver, await createTestDatabase(driver)) })
  onTestFinished(() => base.$disconnect())
  const { id: userId } = await base.user.create({ data: { email: 'mail@example.com' } })
  const models = { session: 'login', userSession: 'device' } as const
  const prisma = base.$extends(sessionTracking({ models, locate }))

  const [sessionKey, newSessionKey, another] = Array.from({ length: 3 }, generateSessionKey) as [string, string, string]
  const { id } = await prisma.device.track({ userId, sessionKey }, { now: start })
  await trackSession({ session: base.login, userSession: base.device }, { userId, sessionKey: another }, { now: start })
  await prisma.$transaction((tx: typeof prisma) => tx.device.rotate({ sessionKey, newSessionKey }, { now }))
  const { items } = await prisma.device.list({ userId }, { now, current: newSessionKey })
  expect(items.filter(({ isCurrent }: { isCurrent: boolean }) => isCurrent)).toMatchObject([{ id }])
  expect(await prisma.device.revokeOthers({ userId, sessionKey: newSessionKey }, { now })).toBe(1)
  const byHand = { session: base.login, userSession: base.device }
  expect(await touchActivity(byHand, { sessionKey: newSessionKey }, { now })).toMatchObject({ id })
  await base.$transaction(async (tx: any) => {
    const inTransaction = { session: tx.login, userSession: tx.device }
    expect(await touchActivity(inTransaction, { sessionKey: another }, { now })).toBeNull()
  })
  expect(await prisma.device.purge({ now: after(90 * 86_400) })).toEqual({ sessions: 1, userSessions: 3 })
  expect(await base.device.findMany()).toEqual([])
})
