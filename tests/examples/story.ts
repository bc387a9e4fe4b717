import type { SessionClient } from 'prisma-user-sessions'
import { expect, test } from 'vitest'
import { newDevice, userAgents, type Answer, type Device } from '../device.ts'

/** An example that listens, on a database of its own. Both are gone after the test. */
export interface OpenedExample {
  readonly origin: string
  readonly prisma: SessionClient
  /** A user who can sign in. */
  readonly createUser: (email: string, password: string) => Promise<unknown>
}

/** How a device does what is not at the same place in every example. Each answer is expected to be below 400. */
export interface Routes {
  readonly signIn: (device: Device, email: string, password: string) => Promise<Answer>
  readonly signOut: (device: Device) => Promise<Answer>
  /** Ends all other sessions of the user and, where the library permits, gives this device a new credential. */
  readonly changePassword: (device: Device, password: string, oldPassword: string) => Promise<Answer>
}

/** What is not the same in every example. */
export interface Differences {
  readonly routes?: Partial<Routes>
  /** Whether the credential from before a change of password is dead. Default: it is. */
  readonly rotates?: boolean
  /** Whether sign-in goes by a password, which a change makes another. Default: it does. */
  readonly hasPassword?: boolean
  /** `endReason` of the other sessions after a change of password. Default: `revoked`. */
  readonly passwordChanged?: string
}

const email = 'ada@example.com'
const password = 'correct horse battery staple'
const newPassword = 'a new and longer password'
const twoMinutes = 2 * 60 * 1000

/** Tells, in tests, what every example does: two devices, a devices page, and each way in which a session ends. */
export function tellStory(open: () => Promise<OpenedExample>, differences: Differences = {}): void {
  const { rotates = true, hasPassword = true, passwordChanged = 'revoked' } = differences
  const routes: Routes = {
    signIn: (device, address, secret) => device.post('/sign-in', { email: address, password: secret }),
    signOut: (device) => device.post('/sign-out'),
    changePassword: (device, secret) => device.post('/password', { password: secret }),
    ...differences.routes,
  }

  async function begin() {
    const example = await open()
    await example.createUser(email, password)
    const enter = async (device: Device, address = email, secret = password): Promise<Device> => {
      expect((await routes.signIn(device, address, secret)).status).toBeLessThan(400)
      return device
    }
    const device = (userAgent: string): Device => newDevice(example.origin, userAgent)
    const desktop = await enter(device(userAgents.desktop))
    // Sign-ins are listed by their time, in milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5))
    const phone = await enter(device(userAgents.phone))
    const rows = async (): Promise<any[]> => example.prisma.userSession.findMany({ orderBy: { createdAt: 'asc' } })
    return { ...example, enter, device, desktop, phone, rows }
  }

  test('two devices sign in, and each sees both', async () => {
    const { desktop, phone, prisma, rows } = await begin()
    const asDesktop = { browserInfo: 'Chrome 126', deviceInfo: 'Windows 10', deviceType: 'desktop' }
    const asPhone = { browserInfo: 'Safari 17', deviceInfo: 'iPhone iOS 17.5', deviceType: 'mobile' }

    expect((await desktop.get('/devices')).body.items).toMatchObject([
      { ...asPhone, isCurrent: false },
      { ...asDesktop, isCurrent: true },
    ])
    expect((await phone.get('/devices')).body.items).toMatchObject([
      { ...asPhone, isCurrent: true, ipAddress: '127.0.0.1' },
      { ...asDesktop, isCurrent: false, ipAddress: '127.0.0.1' },
    ])
    expect(await phone.get('/me')).toMatchObject({ status: 200, body: { email } })
    const sessions = await prisma.session.findMany()
    expect(new Set((await rows()).map(({ sessionId }) => sessionId))).toEqual(new Set(sessions.map(({ id }) => id)))
  })

  test('the devices page tells nobody the credential of a session', async () => {
    const { desktop, phone, prisma } = await begin()
    const page = JSON.stringify((await desktop.get('/devices')).body)
    const ids = (await prisma.session.findMany()).map(({ id }) => id)
    const sent = [desktop, phone].flatMap(({ jar, headers }) => [...jar.values(), headers.authorization ?? []].flat())
    expect([...ids, ...sent]).toHaveLength(4)
    for (const secret of [...ids, ...sent]) expect(page).not.toContain(secret)
  })

  test('one device ends the other, which is refused from its next request until it signs in again', async () => {
    const { desktop, phone, enter, prisma, rows } = await begin()
    const stolen = phone.copy()
    const [{ id }] = (await phone.get('/devices')).body.items

    expect(await desktop.delete(`/devices/${id}`)).toMatchObject({ status: 204 })

    for (const path of ['/me', '/devices']) expect(await stolen.copy().get(path)).toMatchObject({ status: 401 })
    expect(await stolen.delete(`/devices/${id}`)).toMatchObject({ status: 401 })
    expect(await phone.get('/me')).toMatchObject({ status: 401 })
    expect((await desktop.get('/devices')).body.items).toHaveLength(1)
    expect(await desktop.delete(`/devices/${id}`)).toMatchObject({ status: 404 })
    const [kept, ended] = await rows()
    expect(ended).toMatchObject({ id, sessionId: null, endedAt: expect.any(Date), endReason: 'revoked' })
    expect(kept).toMatchObject({ endedAt: null, endReason: null })
    expect(await prisma.session.findMany({ where: { userSession: null } })).toEqual([])

    await enter(phone)
    expect((await desktop.get('/devices')).body.items).toHaveLength(2)
    expect(await rows()).toHaveLength(3)
    expect(await stolen.get('/me')).toMatchObject({ status: 401 })
  })

  test('another user neither sees nor ends them', async () => {
    const { desktop, phone, createUser, device, enter, rows } = await begin()
    await createUser('eve@example.com', password)
    const other = await enter(device(userAgents.desktop), 'eve@example.com')

    expect((await other.get('/devices')).body.items).toMatchObject([{ isCurrent: true }])
    for (const { id } of (await desktop.get('/devices')).body.items) {
      expect(await other.delete(`/devices/${id}`)).toMatchObject({ status: 404 })
    }
    for (const each of [desktop, phone]) expect(await each.get('/me')).toMatchObject({ status: 200, body: { email } })
    expect((await rows()).map(({ endedAt }) => endedAt)).toEqual([null, null, null])
  })

  test('who is not signed in is refused', async () => {
    const { device, desktop } = await begin()
    const stranger = device(userAgents.phone)
    const [{ id }] = (await desktop.get('/devices')).body.items

    expect(await stranger.get('/me')).toMatchObject({ status: 401 })
    expect(await stranger.get('/devices')).toMatchObject({ status: 401 })
    expect(await stranger.delete(`/devices/${id}`)).toMatchObject({ status: 401 })
    expect(await desktop.get('/me')).toMatchObject({ status: 200 })
  })

  test.runIf(hasPassword)('a wrong password, and an address that nobody has, begin no session', async () => {
    const { device, rows } = await begin()
    const stranger = device(userAgents.phone)

    expect((await routes.signIn(stranger, email, newPassword)).status).toBeGreaterThanOrEqual(400)
    expect((await routes.signIn(stranger, 'nobody@example.com', password)).status).toBeGreaterThanOrEqual(400)
    expect(await stranger.get('/me')).toMatchObject({ status: 401 })
    expect(await rows()).toHaveLength(2)
  })

  test('a change of password ends the others and not itself', async () => {
    const { desktop, phone, device, enter, prisma, rows } = await begin()
    const before = desktop.copy()
    const [, own] = (await desktop.get('/devices')).body.items

    expect((await routes.changePassword(desktop, newPassword, password)).status).toBeLessThan(400)

    expect(await phone.get('/me')).toMatchObject({ status: 401 })
    expect(await desktop.get('/me')).toMatchObject({ status: 200, body: { email } })
    expect((await desktop.get('/devices')).body.items).toMatchObject([{ isCurrent: true }])
    expect(await before.get('/me')).toMatchObject({ status: rotates ? 401 : 200 })
    const history = await rows()
    expect(history.find(({ deviceInfo }) => deviceInfo === 'iPhone iOS 17.5')).toMatchObject({
      sessionId: null,
      endReason: passwordChanged,
    })
    expect(history.filter(({ sessionId }) => sessionId !== null)).toMatchObject([{ endedAt: null }])
    expect(own.isCurrent).toBe(true)
    expect(await prisma.session.findMany({ where: { userSession: null } })).toEqual([])

    await enter(phone, email, hasPassword ? newPassword : password)
    expect((await desktop.get('/devices')).body.items).toHaveLength(2)
    const late = device(userAgents.phone)
    if (hasPassword) await routes.signIn(late, email, password)
    expect(await late.get('/me')).toMatchObject({ status: 401 })
  })

  test('signing out ends the session, for a copy of its cookie as well', async () => {
    const { desktop, phone, rows } = await begin()
    const stolen = desktop.copy()

    expect((await routes.signOut(desktop)).status).toBeLessThan(400)

    expect(await desktop.get('/me')).toMatchObject({ status: 401 })
    expect(await stolen.get('/me')).toMatchObject({ status: 401 })
    expect((await phone.get('/devices')).body.items).toMatchObject([{ isCurrent: true }])
    expect((await rows())[0]).toMatchObject({ sessionId: null, endReason: 'signed-out' })
  })

  test('each request is recorded as activity, and none after the idle timeout is answered', async () => {
    const { desktop, phone, prisma, rows } = await begin()
    const [before] = await rows()
    const lastActivity = new Date(before.lastActivity.getTime() - twoMinutes)
    await prisma.userSession.updateMany({ where: { id: before.id }, data: { lastActivity } })
    expect(await desktop.get('/me')).toMatchObject({ status: 200 })
    const [after] = await rows()
    expect(after.lastActivity.getTime()).toBeGreaterThan(lastActivity.getTime())

    const past = { lastActivity: new Date(Date.now() - 60 * twoMinutes), expiresAt: new Date(Date.now() - 1) }
    await prisma.userSession.updateMany({ where: { id: before.id }, data: past })
    expect(await desktop.get('/me')).toMatchObject({ status: 401 })
    expect(await desktop.get('/devices')).toMatchObject({ status: 401 })
    expect((await phone.get('/devices')).body.items).toMatchObject([{ isCurrent: true }])
  })
}
