import type { RequestListener } from 'node:http'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { toNodeHandler } from 'better-auth/node'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/better-auth/app.ts'
import { PrismaClient } from '../../generated/better-auth/client.ts'
import { newDevice, userAgents, type Device } from '../device.ts'
import { listen, openExample } from './open-example.ts'
import { tellStory, type Routes } from './story.ts'
import { testAttachment } from './test-attachment.ts'

const secret = 'what the cookies are signed with in these tests'
const email = 'ada@example.com'
const password = 'correct horse battery staple'

const routes: Routes = {
  signIn: (device, address, text) => device.post('/api/auth/sign-in/email', { email: address, password: text }),
  signOut: (device) => device.post('/api/auth/sign-out'),
  changePassword: (device, newPassword, currentPassword) =>
    device.post('/api/auth/change-password', { newPassword, currentPassword, revokeOtherSessions: true }),
}

function openDatabase() {
  const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: openExample('better-auth'), timeout: 5000 }) })
  onTestFinished(() => prisma.$disconnect())
  return prisma
}

/** better-auth must be told where it listens before it does. */
async function listenAs(createListener: (baseURL: string) => RequestListener): Promise<string> {
  let listener: RequestListener = () => {}
  const origin = await listen((request, response) => listener(request, response))
  listener = createListener(origin)
  return origin
}

async function signUp(device: Device, address: string, text: string): Promise<void> {
  const account = { name: 'Ada', email: address, password: text }
  expect(await device.post('/api/auth/sign-up/email', account)).toMatchObject({ status: 200 })
}

async function open() {
  const prisma = openDatabase()
  const origin = await listenAs((baseURL) => createApp(prisma, { baseURL, secret }))
  /** Signing up signs in, with which the story does not begin. */
  const createUser = async (address: string, text: string): Promise<void> => {
    await signUp(newDevice(origin, userAgents.desktop), address, text)
    await prisma.session.deleteMany({ where: { user: { email: address } } })
    await prisma.userSession.deleteMany({ where: { user: { email: address } } })
  }
  return { prisma, origin, createUser }
}

tellStory(open, { routes, passwordChanged: 'password-changed' })

/** A user with two devices. */
async function signIn() {
  const { prisma, origin } = await open()
  const desktop = newDevice(origin, userAgents.desktop)
  await signUp(desktop, email, password)
  const phone = newDevice(origin, userAgents.phone)
  expect(await routes.signIn(phone, email, password)).toMatchObject({ status: 200 })
  /** The history of one of them. */
  const find = (deviceType: 'desktop' | 'mobile') => prisma.userSession.findFirstOrThrow({ where: { deviceType } })
  return { prisma, origin, desktop, phone, find }
}

/** What better-auth by itself thinks of a device. */
async function ownView(device: Device): Promise<unknown> {
  return (await device.get('/api/auth/get-session')).body
}

testAttachment(signIn, { sessionPath: '/api/auth/get-session', end: 'expiresAt' })

test('signing up begins a session', async () => {
  const { desktop } = await signIn()
  const { items } = (await desktop.get('/devices')).body
  expect(items).toContainEqual(expect.objectContaining({ deviceInfo: 'Windows 10', isCurrent: true }))
})

test('better-auth lists the same sessions, and refuses what is ended here', async () => {
  const { prisma, desktop, phone } = await signIn()
  const list = async () => {
    const { body } = await desktop.get('/api/auth/list-sessions')
    return body.map(({ id }: { id: string }) => id).toSorted()
  }
  const live = await prisma.userSession.findMany({ orderBy: { sessionId: 'asc' } })
  expect(await list()).toEqual(live.map(({ sessionId }) => sessionId))
  expect(await ownView(phone.copy())).toMatchObject({ user: { email } })

  const { id } = live.find(({ deviceType }) => deviceType === 'mobile')!
  expect(await desktop.delete(`/devices/${id}`)).toMatchObject({ status: 204 })

  expect(await ownView(phone.copy())).toBeNull()
  expect(await list()).toHaveLength(1)
})

test.for([
  { path: 'revoke-session', endsOwn: false },
  { path: 'revoke-other-sessions', endsOwn: false },
  { path: 'revoke-sessions', endsOwn: true },
])("what better-auth's own $path ends is no live session, and the history says so", async ({ path, endsOwn }) => {
  const { prisma, desktop, phone, find } = await signIn()
  const { sessionId } = await find('mobile')
  const { token } = await prisma.session.findUniqueOrThrow({ where: { id: sessionId! } })

  expect(await desktop.post(`/api/auth/${path}`, { token })).toMatchObject({ status: 200 })

  expect(await phone.get('/me')).toMatchObject({ status: 401 })
  const ended = { sessionId: null, endReason: 'revoked', endedAt: expect.any(Date) }
  expect(await find('mobile')).toMatchObject(ended)
  expect(await find('desktop')).toMatchObject(endsOwn ? ended : { endReason: null, endedAt: null })
  expect(await desktop.get('/devices')).toMatchObject(endsOwn ? { status: 401 } : { body: { items: [{}] } })
})

test('better-auth refuses what has expired here, and its row goes', async () => {
  const { prisma, phone, find } = await signIn()
  const { id, sessionId } = await find('mobile')
  await prisma.userSession.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } })
  const own = await prisma.session.findUniqueOrThrow({ where: { id: sessionId! } })
  expect(own.expiresAt.getTime()).toBeGreaterThan(Date.now())

  const change = await routes.changePassword(phone.copy(), 'a new and longer password', password)

  expect(change).toMatchObject({ status: 401 })
  expect(await prisma.session.findUnique({ where: { id: sessionId! } })).toBeNull()
  expect(await ownView(phone.copy())).toBeNull()
  expect(await find('mobile')).toMatchObject({ sessionId: null, endedAt: null, endReason: null })
})

test('devices that sign in at the same time are not taken for each other', async () => {
  const { origin, prisma, desktop } = await signIn()
  await prisma.userSession.deleteMany()
  const agents = Array.from({ length: 6 }, (_, index) =>
    userAgents.desktop.replace('Chrome/126', `Chrome/${index + 1}`),
  )

  const answers = await Promise.all(agents.map((agent) => routes.signIn(newDevice(origin, agent), email, password)))

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const tracked = await prisma.userSession.findMany({ include: { session: true } })
  expect(tracked).toHaveLength(agents.length)
  for (const { browserInfo, session } of tracked) {
    const [, version] = /Chrome\/(\d)/.exec(session!.userAgent!)!
    expect(browserInfo).toBe(`Chrome ${version}`)
  }
  expect(await desktop.get('/me')).toMatchObject({ status: 401 })
})

test('better-auth takes the address that is found here, not the one that a client invents', async () => {
  const { prisma, origin } = await open()
  // What nginx passes on of a client that wrote the first of them.
  const phone = newDevice(origin, userAgents.phone, { 'x-forwarded-for': '192.0.2.1, 198.51.100.7' })
  await signUp(phone, email, password)
  const session = await prisma.session.findFirstOrThrow({ include: { userSession: true } })
  expect(session).toMatchObject({ ipAddress: '198.51.100.7', userSession: { ipAddress: '198.51.100.7' } })
})

test('with its cookie cache, better-auth takes a session that was ended for live, which is why the example has none', async () => {
  const prisma = openDatabase()
  const origin = await listenAs((baseURL) => {
    const database = prismaAdapter(prisma, { provider: 'sqlite' })
    const session = { cookieCache: { enabled: true } }
    return toNodeHandler(betterAuth({ baseURL, secret, database, session, emailAndPassword: { enabled: true } }))
  })
  const device = newDevice(origin, userAgents.phone)
  await signUp(device, email, password)

  await prisma.session.deleteMany()

  expect(await ownView(device)).toMatchObject({ user: { email } })
})
