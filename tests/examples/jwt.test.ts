import { getRequestListener } from '@hono/node-server'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { decode, sign } from 'hono/jwt'
import { defaultPolicy, hashSessionKey, revokeSessions } from 'prisma-user-sessions'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/jwt/app.ts'
import { hashPassword } from '../../examples/password.ts'
import { PrismaClient } from '../../generated/jwt/client.ts'
import { beforeTransaction } from './before-transaction.ts'
import { newDevice, userAgents, type Answer, type Device } from '../device.ts'
import { listen, openExample } from './open-example.ts'
import { tellStory } from './story.ts'
import { testWrongInput } from './test-wrong-input.ts'

const secret = 'what the tokens are signed with in these tests'
const email = 'ada@example.com'
const password = 'correct horse battery staple'
const newPassword = 'a new and longer password'

const listenWith = (prisma: PrismaClient) => listen(getRequestListener(createApp(prisma, { secret }).fetch))

async function open() {
  const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: openExample('jwt'), timeout: 5000 }) })
  onTestFinished(() => prisma.$disconnect())
  const createUser = async (address: string, text: string) =>
    prisma.user.create({ data: { email: address, passwordHash: await hashPassword(text) } })
  return { prisma, createUser, origin: await listenWith(prisma) }
}

/** Presents the token of an answer from now on. */
async function take(device: Device, answer: Promise<Answer>): Promise<Answer> {
  const taken = await answer
  if (taken.body?.token) device.headers.authorization = `Bearer ${taken.body.token}`
  return taken
}

const tokenOf = ({ headers }: Device): string => headers.authorization!.slice('Bearer '.length)

tellStory(open, {
  routes: {
    signIn: (device, address, text) => take(device, device.post('/sign-in', { email: address, password: text })),
    changePassword: (device, text) => take(device, device.post('/password', { password: text })),
  },
  passwordChanged: 'password-changed',
})

async function signIn() {
  const example = await open()
  const user = await example.createUser(email, password)
  const enter = async (userAgent: string) => {
    const device = newDevice(example.origin, userAgent)
    expect(await take(device, device.post('/sign-in', { email, password }))).toMatchObject({ status: 200 })
    return device
  }
  return { ...example, user, desktop: await enter(userAgents.desktop), phone: await enter(userAgents.phone) }
}

test('a token is good for as long as its session may last, and is refused before that once it is revoked', async () => {
  const { prisma, user, desktop } = await signIn()
  const { payload } = decode(tokenOf(desktop))
  const row = await prisma.userSession.findUniqueOrThrow({ where: { sessionId: hashSessionKey(String(payload.jti)) } })
  const createdAt = Math.floor(row.createdAt.getTime() / 1000)
  expect(payload).toMatchObject({ sub: String(user.id), exp: createdAt + defaultPolicy.absoluteTimeoutSeconds })
  expect(await desktop.get('/me')).toMatchObject({ status: 200 })

  await revokeSessions(prisma, { userId: user.id })

  expect(payload.exp).toBeGreaterThan(Date.now() / 1000)
  expect(await desktop.get('/me')).toMatchObject({ status: 401 })
})

test('a change of password does not prolong the session', async () => {
  const { prisma, desktop } = await signIn()
  const before = decode(tokenOf(desktop)).payload
  const earlier = new Date(Date.now() - 10 * 60 * 1000)
  await prisma.userSession.updateMany({ data: { createdAt: earlier } })

  await take(desktop, desktop.post('/password', { password: newPassword }))

  const after = decode(tokenOf(desktop)).payload
  expect(after.jti).not.toBe(before.jti)
  expect(after.exp).toBe(Math.floor(earlier.getTime() / 1000) + defaultPolicy.absoluteTimeoutSeconds)
})

test('a token that is not signed by the application, or is over, is refused though its session is live', async () => {
  const { origin, desktop } = await signIn()
  const { payload } = decode(tokenOf(desktop))
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const present = (token: string) => newDevice(origin, userAgents.phone, { authorization: `Bearer ${token}` })

  const now = Math.floor(Date.now() / 1000)
  const tokens = [
    await sign(payload, 'another secret, just as long as the true one', 'HS256'),
    await sign(payload, secret, 'HS512'),
    `${encode({ alg: 'none', typ: 'JWT' })}.${encode(payload)}.`,
    await sign({ ...payload, exp: now - 1 }, secret, 'HS256'),
    await sign({ ...payload, jti: 1 }, secret, 'HS256'),
    await sign({ ...payload, jti: ' ' }, secret, 'HS256'),
    String(payload.jti),
  ]
  for (const token of tokens) expect(await present(token).get('/me')).toMatchObject({ status: 401 })
  expect(await present(await sign(payload, secret, 'HS256')).get('/me')).toMatchObject({ status: 200 })
})

test('a password is not changed by a session that is ended meanwhile', async () => {
  const { prisma, desktop, phone, user } = await signIn()
  const [{ id }] = (await phone.get('/devices')).body.items
  const revokeFirst = beforeTransaction(prisma, () => desktop.delete(`/devices/${id}`))
  const late = newDevice(await listenWith(revokeFirst), userAgents.phone, phone.headers)

  expect(await late.post('/password', { password: newPassword })).toMatchObject({ status: 401 })

  expect(await prisma.user.findUnique({ where: { id: user.id } })).toEqual(user)
  expect(await prisma.session.count()).toBe(1)
  expect(await desktop.get('/me')).toMatchObject({ status: 200 })
})

testWrongInput(signIn)
