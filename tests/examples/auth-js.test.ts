import { once } from 'node:events'
import { request, type RequestListener } from 'node:http'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/auth-js/app.ts'
import { PrismaClient } from '../../generated/auth-js/client.ts'
import { newDevice, userAgents, type Answer, type Device } from '../device.ts'
import { listen, openExample } from './open-example.ts'
import { tellStory, type Routes } from './story.ts'
import { testAttachment } from './test-attachment.ts'

const email = 'ada@example.com'
/** What was mailed: the newest link to each address. */
const links = new Map<string, string>()

const routes: Routes = {
  async signIn(device, address) {
    expect(await askForLink(device, address)).toMatchObject({ status: 302 })
    const answer = await device.get(links.get(address)!)
    // The story takes every cookie for a credential.
    for (const name of device.jar.keys()) if (name !== 'authjs.session-token') device.jar.delete(name)
    return answer
  },
  signOut: (device) => postForm(device, '/auth/signout'),
  changePassword: (device) => device.post('/sign-out-others'),
}

const askForLink = (device: Device, address: string): Promise<Answer> =>
  postForm(device, '/auth/signin/email', { email: address })

/** As the pages of Auth.js do: with the token that they were given. */
async function postForm(device: Device, path: string, fields: Record<string, string> = {}): Promise<Answer> {
  const { csrfToken } = (await device.get('/auth/csrf')).body
  return device.post(path, new URLSearchParams({ csrfToken, ...fields }))
}

async function open() {
  const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: openExample('auth-js'), timeout: 5000 }) })
  onTestFinished(() => prisma.$disconnect())
  // The application must be told where it listens before it does.
  let listener: RequestListener = () => {}
  const origin = await listen((incoming, response) => listener(incoming, response))
  const sendLink = async (address: string, link: string) => void links.set(address, link)
  listener = createApp(prisma, { origin, secret: 'what the links are made with in these tests', sendLink })
  return { prisma, origin, createUser: (address: string) => prisma.user.create({ data: { email: address } }) }
}

tellStory(open, { routes, hasPassword: false, rotates: false })

/** A user with two devices. */
async function signIn() {
  const { prisma, origin } = await open()
  const enter = async (userAgent: string, address = email) => {
    const device = newDevice(origin, userAgent)
    expect(await routes.signIn(device, address, '')).toMatchObject({ status: 302 })
    return device
  }
  const desktop = await enter(userAgents.desktop)
  const phone = await enter(userAgents.phone)
  /** The history of one of them. */
  const find = (deviceType: 'desktop' | 'mobile') => prisma.userSession.findFirstOrThrow({ where: { deviceType } })
  return { prisma, origin, desktop, phone, enter, find }
}

/** What Auth.js by itself thinks of a device. */
async function ownView(device: Device): Promise<unknown> {
  return (await device.get('/auth/session')).body
}

testAttachment(signIn, { sessionPath: '/auth/session', end: 'expires' })

test('Auth.js refuses what is ended here', async () => {
  const { desktop, phone, find } = await signIn()
  // Which is all that it tells a browser, also after the application has read more of it.
  expect(await phone.copy().get('/me')).toMatchObject({ status: 200 })
  const user = { name: null, email, image: null }
  expect(await ownView(phone.copy())).toEqual({ user, expires: expect.any(String) })
  const { id } = await find('mobile')

  expect(await desktop.delete(`/devices/${id}`)).toMatchObject({ status: 204 })

  expect(await ownView(phone.copy())).toBeNull()
  expect(await ownView(desktop)).toMatchObject({ user: { email } })
})

test.for([
  { when: 'it is read', use: ownView },
  { when: 'it signs out', use: routes.signOut },
])('the row of what has expired here goes when $when', async ({ use }) => {
  const { prisma, phone, find } = await signIn()
  const { id, sessionId } = await find('mobile')
  await prisma.userSession.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } })
  const own = await prisma.session.findUniqueOrThrow({ where: { id: sessionId! } })
  expect(own.expires.getTime()).toBeGreaterThan(Date.now())

  await use(phone.copy())

  // Before anything else reads it.
  expect(await prisma.session.findUnique({ where: { id: sessionId! } })).toBeNull()
  expect(await ownView(phone)).toBeNull()
  expect(await find('mobile')).toMatchObject({ sessionId: null, endedAt: null, endReason: null })
})

test('signing in as another user signs out the one before', async () => {
  const { prisma, phone, find } = await signIn()
  const before = phone.copy()
  const { id } = await find('mobile')
  await prisma.user.create({ data: { email: 'eve@example.com' } })

  await routes.signIn(phone, 'eve@example.com', '')

  expect(await phone.get('/me')).toMatchObject({ body: { email: 'eve@example.com' } })
  expect(await before.get('/me')).toMatchObject({ status: 401 })
  const row = await prisma.userSession.findUnique({ where: { id } })
  expect(row).toMatchObject({ sessionId: null, endReason: 'signed-out' })
})

test('a link leads to the application, whatever the client says that it is called', async () => {
  const { origin } = await open()
  const device = newDevice(origin, userAgents.phone)
  const { csrfToken } = (await device.get('/auth/csrf')).body
  const cookie = Array.from(device.jar, ([name, value]) => `${name}=${value}`).join('; ')
  const headers = { cookie, host: 'evil.example', 'content-type': 'application/x-www-form-urlencoded' }
  const asked = request(`${origin}/auth/signin/email`, { method: 'POST', headers })
  asked.end(new URLSearchParams({ csrfToken, email }).toString())
  const [answer] = await once(asked, 'response')
  answer.resume()

  expect(answer.statusCode).toBe(302)
  const link = links.get(email)!
  expect(new URL(link).origin).toBe(origin)
  const { headers: sent } = await device.get(link)
  expect(new URL(sent.get('location')!).origin).toBe(origin)
  expect(await device.get('/me')).toMatchObject({ status: 200, body: { email } })
})

test('devices that sign in at the same time are not taken for each other', async () => {
  const { enter } = await signIn()
  const versions = [1, 2, 3, 4, 5, 6]

  const devices = await Promise.all(
    versions.map((version) =>
      enter(userAgents.desktop.replace('Chrome/126', `Chrome/${version}`), `user${version}@example.com`),
    ),
  )

  for (const [index, device] of devices.entries()) {
    const { items } = (await device.get('/devices')).body
    expect(items).toMatchObject([{ browserInfo: `Chrome ${versions[index]}` }])
  }
})
