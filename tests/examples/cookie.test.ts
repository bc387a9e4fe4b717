import { PrismaLibSql } from '@prisma/adapter-libsql'
import { defaultPolicy, hashSessionKey } from 'prisma-user-sessions'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/cookie/app.ts'
import { hashPassword } from '../../examples/password.ts'
import { PrismaClient } from '../../generated/cookie/client.ts'
import { beforeTransaction } from './before-transaction.ts'
import { newDevice, userAgents } from '../device.ts'
import { listen, openExample } from './open-example.ts'
import { tellStory } from './story.ts'
import { testWrongInput } from './test-wrong-input.ts'

const email = 'ada@example.com'
const password = 'correct horse battery staple'
const newPassword = 'a new and longer password'

async function listenWith(prisma: PrismaClient, isSecure: boolean): Promise<string> {
  const app = createApp(prisma, { isSecure })
  onTestFinished(() => app.close())
  await app.ready()
  return listen((request, response) => app.routing(request, response))
}

async function open(isSecure = true) {
  const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: openExample('cookie'), timeout: 5000 }) })
  onTestFinished(() => prisma.$disconnect())
  const createUser = async (address: string, text: string) =>
    prisma.user.create({ data: { email: address, passwordHash: await hashPassword(text) } })
  return { prisma, createUser, origin: await listenWith(prisma, isSecure) }
}

tellStory(open, { passwordChanged: 'password-changed' })

async function signIn(isSecure = true) {
  const example = await open(isSecure)
  const user = await example.createUser(email, password)
  const enter = async (userAgent: string) => {
    const device = newDevice(example.origin, userAgent)
    expect(await device.post('/sign-in', { email, password })).toMatchObject({ status: 204 })
    return device
  }
  const desktop = await enter(userAgents.desktop)
  const phone = await enter(userAgents.phone)
  return { ...example, user, desktop, phone }
}

test('over HTTPS the cookie is for this host alone, and for no script', async () => {
  const { desktop } = await signIn()
  expect([...desktop.jar.keys()]).toEqual(['__Host-session'])
  const { headers } = await desktop.post('/sign-in', { email, password })
  const [line = ''] = headers.getSetCookie()
  const attributes = ['HttpOnly', 'SameSite=Lax', 'Secure', 'Path=/', `Max-Age=${defaultPolicy.absoluteTimeoutSeconds}`]
  expect(line.split('; ').slice(1).toSorted()).toEqual(attributes.toSorted())
})

test('without HTTPS, on the machine of a developer, it is the same but for that', async () => {
  const { desktop } = await signIn(false)
  expect([...desktop.jar.keys()]).toEqual(['session'])
  expect(await desktop.get('/me')).toMatchObject({ status: 200, body: { email } })
  const { headers } = await desktop.post('/sign-out')
  expect(headers.getSetCookie().join()).not.toContain('Secure')
  expect(desktop.jar.size).toBe(0)
})

test('the database knows the hash of the key, and not the key', async () => {
  const { prisma, desktop, phone } = await signIn()
  const keys = [...desktop.jar.values(), ...phone.jar.values()]
  const tables = JSON.stringify([await prisma.session.findMany(), await prisma.userSession.findMany()])
  expect(keys).toHaveLength(2)
  for (const key of keys) {
    expect(tables).not.toContain(key)
    expect(tables).toContain(hashSessionKey(key))
  }
})

test('a change of password gives the session a new key, and leaves it the session that it was', async () => {
  const { prisma, desktop } = await signIn()
  const [before] = [...desktop.jar.values()]
  const [, own] = (await desktop.get('/devices')).body.items

  expect(await desktop.post('/password', { password: newPassword })).toMatchObject({ status: 204 })

  const [key] = [...desktop.jar.values()]
  expect(key).not.toBe(before)
  expect((await desktop.get('/devices')).body.items).toEqual([own])
  expect(await prisma.session.findMany()).toMatchObject([{ id: hashSessionKey(key!) }])
  expect(await prisma.userSession.findMany({ where: { endReason: 'rotated' } })).toHaveLength(1)
})

test('signing in gives the browser a new key, and ends what it was signed in with', async () => {
  const { prisma, desktop } = await signIn()
  const planted = desktop.copy()

  expect(await desktop.post('/sign-in', { email, password })).toMatchObject({ status: 204 })

  expect([...desktop.jar.values()]).not.toEqual([...planted.jar.values()])
  expect(await planted.get('/me')).toMatchObject({ status: 401 })
  expect(await prisma.userSession.findMany({ where: { sessionId: null } })).toMatchObject([{ endReason: 'signed-out' }])
})

test('a cookie that no sign-in has set is nobody, and does not keep anybody from signing in', async () => {
  const { origin, createUser } = await open()
  await createUser(email, password)
  for (const value of ['%20', '%00', '%ff', '=', 'a'.repeat(5000), 'x'.repeat(43)]) {
    const device = newDevice(origin, userAgents.phone, {}, new Map([['__Host-session', value]]))
    expect(await device.copy().post('/sign-in', { email, password })).toMatchObject({ status: 204 })
    expect(await device.get('/me')).toMatchObject({ status: 401 })
    expect(device.jar.size).toBe(0)
  }
})

test('a password is not changed by a session that is ended meanwhile', async () => {
  const { prisma, desktop, phone, user } = await signIn()
  const [{ id }] = (await phone.get('/devices')).body.items
  const revokeFirst = beforeTransaction(prisma, () => desktop.delete(`/devices/${id}`))
  const late = newDevice(await listenWith(revokeFirst, true), userAgents.phone, {}, phone.jar)

  expect(await late.post('/password', { password: newPassword })).toMatchObject({ status: 401 })

  expect(await prisma.user.findUnique({ where: { id: user.id } })).toEqual(user)
  expect(await prisma.session.count()).toBe(1)
  expect(await desktop.get('/me')).toMatchObject({ status: 200 })
})

testWrongInput(signIn)
