import { EventEmitter, once } from 'node:events'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaSessionStore } from '@quixo3/prisma-session-store'
import express, { type Express } from 'express'
import session from 'express-session'
import { defaultPolicy, listSessions } from 'prisma-user-sessions'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/express-session/app.ts'
import { createSessionStore } from '../../examples/express-session/create-session-store.ts'
import { hashPassword } from '../../examples/password.ts'
import { PrismaClient } from '../../generated/express-session/client.ts'
import { beforeTransaction } from './before-transaction.ts'
import { newDevice, userAgents, type Device } from '../device.ts'
import { listen, openExample } from './open-example.ts'
import { tellStory } from './story.ts'
import { testWrongInput } from './test-wrong-input.ts'

const secret = 'what the cookies are signed with in these tests'
const email = 'ada@example.com'
const password = 'correct horse battery staple'

function openDatabase() {
  const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: openExample('express-session'), timeout: 5000 }) })
  onTestFinished(() => prisma.$disconnect())
  const createUser = async (address: string, text: string) =>
    prisma.user.create({ data: { email: address, passwordHash: await hashPassword(text) } })
  return { prisma, createUser }
}

async function open(isSecure = false) {
  const { prisma, createUser } = openDatabase()
  const app = createApp(prisma, { secret, isSecure })
  return { prisma, createUser, app, origin: await listen(app) }
}

tellStory(open, { passwordChanged: 'password-changed' })

/** A user with two devices. */
async function signIn() {
  const example = await open()
  const user = await example.createUser(email, password)
  const enter = async (userAgent: string) => {
    const device = newDevice(example.origin, userAgent)
    expect(await device.post('/sign-in', { email, password })).toMatchObject({ status: 204 })
    return device
  }
  const desktop = await enter(userAgents.desktop)
  const phone = await enter(userAgents.phone)
  /** What the store by itself thinks of a device. */
  const read = (device: Device) => new PrismaSessionStore(example.prisma, {}).get(sidOf(device))
  return { ...example, user, desktop, phone, read }
}

/** Source: express-session's README: a signed cookie is `s:`, the session's id, a dot and the signature. */
function sidOf({ jar }: Device): string {
  const [value = ''] = jar.values()
  return /^s:(.+)\./.exec(decodeURIComponent(value))![1]!
}

/** A route whose request waits in the middle of its work, as one does that asks somebody else. */
function addSlowRoute(app: Express) {
  const gate = new EventEmitter()
  app.post('/slow', (req, res) => {
    gate.once('released', () => {
      Object.assign(req.session, req.body)
      res.status(204).end()
    })
    gate.emit('arrived')
  })
  return { arrived: once(gate, 'arrived'), release: () => gate.emit('released') }
}

test.for([
  { does: 'writes to it', body: { note: 'written late' } },
  { does: 'only reads it', body: {} },
])('a session that is revoked while a request $does stays gone', async ({ body }) => {
  const { app, prisma, desktop, phone, read } = await signIn()
  const { arrived, release } = addSlowRoute(app)
  expect(await read(phone)).toMatchObject({ userId: expect.any(Number) })

  const slow = phone.copy().post('/slow', body)
  await arrived
  const [{ id }] = (await phone.get('/devices')).body.items
  expect(await desktop.delete(`/devices/${id}`)).toMatchObject({ status: 204 })
  release()

  // It was let in before, and its answer is the last one.
  expect(await slow).toMatchObject({ status: 204 })
  expect(await read(phone)).toBeUndefined()
  expect(await prisma.session.count()).toBe(1)
  expect(await phone.get('/me')).toMatchObject({ status: 401 })
})

/** An application that only has this store. */
async function listenWithStore(store: PrismaSessionStore) {
  const app = express().use(express.json())
  app.use(session({ store, secret, resave: false, saveUninitialized: false }))
  const slow = addSlowRoute(app)
  app.post('/begin', (req, res) => {
    req.session.userId = 1
    req.session.save(() => res.status(204).end())
  })
  app.post('/begin-and-end', (req, res) => {
    req.session.userId = 1
    req.session.save(async () => {
      await store.destroy(req.sessionID)
      req.session.userId = 2
      res.status(204).end()
    })
  })
  return { ...slow, device: newDevice(await listen(app), userAgents.phone) }
}

test('a session that is revoked in the very request that began it stays gone', async () => {
  const { prisma } = openDatabase()
  const { device } = await listenWithStore(createSessionStore(prisma))
  expect(await device.post('/begin-and-end')).toMatchObject({ status: 204 })
  expect(await prisma.session.count()).toBe(0)
  expect(await device.post('/begin')).toMatchObject({ status: 204 })
  expect(await prisma.session.count()).toBe(1)
})

test('the store by itself brings it back, which is why the example changes that', async () => {
  const { prisma } = openDatabase()
  const store = new PrismaSessionStore(prisma, { dbRecordIdIsSessionId: true })
  const { device, arrived, release } = await listenWithStore(store)
  await device.post('/begin')

  const slow = device.post('/slow', { note: 'written late' })
  await arrived
  await prisma.session.deleteMany()
  release()

  expect(await slow).toMatchObject({ status: 204 })
  expect(await prisma.session.findMany()).toMatchObject([{ id: sidOf(device) }])
})

test('what a request writes to its session is there for the next one, under a new id as well', async () => {
  const { app, desktop, read } = await signIn()
  const { arrived, release } = addSlowRoute(app)
  const slow = desktop.post('/slow', { note: 'kept' })
  await arrived
  release()
  await slow
  expect(await read(desktop)).toMatchObject({ note: 'kept' })
  const before = sidOf(desktop)

  expect(await desktop.post('/password', { password: 'a new and longer password' })).toMatchObject({ status: 204 })

  expect(sidOf(desktop)).not.toBe(before)
  expect(await read(desktop)).toMatchObject({ note: 'kept', userId: expect.any(Number) })
})

test('a row ends when its session must, however much that is used', async () => {
  const { app, prisma, desktop } = await signIn()
  const { arrived, release } = addSlowRoute(app)
  const rows = () => prisma.session.findMany({ select: { sid: true, expiresAt: true }, orderBy: { expiresAt: 'asc' } })
  const before = await rows()
  const maxAge = defaultPolicy.absoluteTimeoutSeconds * 1000
  expect(before.map(({ expiresAt }) => (expiresAt.getTime() - Date.now()) / maxAge)).toEqual(
    [1, 1].map((ratio) => expect.closeTo(ratio, 2)),
  )

  await desktop.get('/me')
  const slow = desktop.post('/slow', { note: 'written' })
  await arrived
  release()
  await slow

  expect(await rows()).toEqual(before)
})

test('what the store ends by itself is no live session', async () => {
  const { app, prisma, user, desktop, phone } = await signIn()
  app.post('/destroy', (req, res) => req.session.destroy(() => res.status(204).end()))

  expect(await phone.post('/destroy')).toMatchObject({ status: 204 })

  expect(await phone.get('/me')).toMatchObject({ status: 401 })
  expect((await desktop.get('/devices')).body.items).toMatchObject([{ isCurrent: true }])
  expect((await listSessions(prisma, { userId: user.id })).items).toHaveLength(1)
})

test('a session that expires is gone from the store, too', async () => {
  const { prisma, phone, read } = await signIn()
  const before = phone.copy()
  const expiresAt = new Date(Date.now() - 1)
  await prisma.userSession.updateMany({ where: { sessionId: sidOf(phone) }, data: { expiresAt } })
  expect(await read(before)).toBeDefined()

  expect(await phone.get('/me')).toMatchObject({ status: 401 })

  expect(await read(before)).toBeUndefined()
  expect(phone.jar.size).toBe(0)
})

test('signing in gives the browser a new id, and ends what it was signed in with', async () => {
  const { prisma, desktop } = await signIn()
  const planted = desktop.copy()

  expect(await desktop.post('/sign-in', { email, password })).toMatchObject({ status: 204 })

  expect(sidOf(desktop)).not.toBe(sidOf(planted))
  expect(await planted.get('/me')).toMatchObject({ status: 401 })
  expect(await prisma.userSession.findMany({ where: { sessionId: null } })).toMatchObject([{ endReason: 'signed-out' }])
})

test('a password is not changed by a session that is ended meanwhile', async () => {
  const { prisma, desktop, phone, user } = await signIn()
  const [{ id }] = (await phone.get('/devices')).body.items
  const revokeFirst = beforeTransaction(prisma, () => desktop.delete(`/devices/${id}`))
  const app = createApp(revokeFirst, { secret, isSecure: false })
  const late = newDevice(await listen(app), userAgents.phone, {}, phone.jar)

  expect(await late.post('/password', { password: 'a new and longer password' })).toMatchObject({ status: 401 })

  expect(await prisma.user.findUnique({ where: { id: user.id } })).toEqual(user)
  expect(await prisma.session.count()).toBe(1)
  expect(await desktop.get('/me')).toMatchObject({ status: 200 })
})

test('over HTTPS the cookie is for this host alone, and for no script', async () => {
  const { createUser, origin } = await open(true)
  await createUser(email, password)
  const device = newDevice(origin, userAgents.desktop, { 'x-forwarded-proto': 'https' })

  const { headers } = await device.post('/sign-in', { email, password })

  expect([...device.jar.keys()]).toEqual(['__Host-session'])
  const [line = ''] = headers.getSetCookie()
  for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Secure', 'Path=/']) expect(line).toContain(attribute)
  expect(await device.get('/me')).toMatchObject({ status: 200, body: { email } })
  expect(await device.post('/sign-out')).toMatchObject({ status: 204 })
  expect(device.jar.size).toBe(0)
})

testWrongInput(signIn)
