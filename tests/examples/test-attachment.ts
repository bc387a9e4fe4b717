import { defaultPolicy, purgeSessions, type SessionClient } from 'prisma-user-sessions'
import { expect, test } from 'vitest'
import type { Device } from '../device.ts'

/** A user with two devices. */
export interface SignedIn {
  readonly prisma: SessionClient
  readonly desktop: Device
  readonly phone: Device
  /** The history of one of them. */
  readonly find: (deviceType: 'desktop' | 'mobile') => Promise<{ id: string; sessionId: string | null }>
}

/** What the library of an example calls things. */
export interface LibraryNames {
  /** Where it says itself who is signed in: `null` for nobody. */
  readonly sessionPath: string
  /** The end of its `Session` rows. */
  readonly end: string
}

/** Tests what holds wherever `UserSession` is attached to the `Session` rows of a library that has views of its own. */
export function testAttachment(signIn: () => Promise<SignedIn>, { sessionPath, end }: LibraryNames): void {
  const ownView = async (device: Device): Promise<unknown> => (await device.get(sessionPath)).body

  test('a session whose row is deleted by others is over', async () => {
    const { prisma, desktop, phone, find } = await signIn()
    const { sessionId } = await find('mobile')

    await prisma.session.deleteMany({ where: { id: sessionId } })

    expect(await phone.get('/me')).toMatchObject({ status: 401 })
    expect((await desktop.get('/devices')).body.items).toMatchObject([{ isCurrent: true }])
    expect(await find('mobile')).toMatchObject({ sessionId: null, endReason: null })
  })

  test('a row that ends later lengthens no session', async () => {
    const { prisma, phone, find } = await signIn()
    const { id, sessionId } = await find('mobile')
    const createdAt = new Date(Date.now() - defaultPolicy.absoluteTimeoutSeconds * 1000)
    await prisma.userSession.update({ where: { id }, data: { createdAt } })
    await prisma.session.update({ where: { id: sessionId }, data: { [end]: new Date('9999-01-01') } })

    expect(await ownView(phone.copy())).toBeNull()
    expect(await phone.get('/me')).toMatchObject({ status: 401 })
  })

  test('a session that was never tracked is none', async () => {
    const { prisma, phone } = await signIn()
    await prisma.userSession.deleteMany()

    expect(await ownView(phone.copy())).toBeNull()
    expect(await phone.get('/me')).toMatchObject({ status: 401 })
  })

  test('requests that are under way do not bring back what is ended meanwhile', async () => {
    const { prisma, desktop, phone, find } = await signIn()
    const { id } = await find('mobile')
    const lastActivity = new Date(Date.now() - 2 * 60_000)
    await prisma.userSession.update({ where: { id }, data: { lastActivity } })

    const paths = Array.from({ length: 20 }, (_, index) => (index % 2 ? '/me' : sessionPath))
    const underWay = paths.map((path) => phone.copy().get(path))
    expect(await desktop.delete(`/devices/${id}`)).toMatchObject({ status: 204 })
    await Promise.all(underWay)

    expect(await phone.get('/me')).toMatchObject({ status: 401 })
    expect(await prisma.session.findMany()).toHaveLength(1)
    expect(await find('mobile')).toMatchObject({ sessionId: null, endReason: 'revoked' })
  })

  test('use does not move the end of the row', async () => {
    const { prisma, phone, find } = await signIn()
    const { sessionId } = await find('mobile')
    const soon = { [end]: new Date(Date.now() + 60_000) }
    await prisma.session.update({ where: { id: sessionId }, data: soon })

    expect(await ownView(phone)).not.toBeNull()
    expect(await phone.get('/me')).toMatchObject({ status: 200 })

    expect(await prisma.session.findUnique({ where: { id: sessionId } })).toMatchObject(soon)
  })

  test("an id that can be nobody's is refused", async () => {
    const { desktop } = await signIn()
    expect(await desktop.delete('/devices/%00')).toMatchObject({ status: 400 })
  })

  test('the purge removes what has expired, and leaves what is live', async () => {
    const { prisma, desktop, find } = await signIn()
    const { id } = await find('mobile')
    await prisma.userSession.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } })

    expect(await purgeSessions(prisma)).toEqual({ sessions: 1, userSessions: 0 })

    expect(await desktop.get('/me')).toMatchObject({ status: 200 })
  })
}
