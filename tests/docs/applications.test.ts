import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { connect, createDatabase, dropDatabase } from '../../scripts/databases.ts'
import { frameworkPages, type FrameworkPage } from './framework-pages.ts'
import { newApplication } from './new-application.ts'
import { newDevice, userAgents } from '../device.ts'

const ada = { email: 'ada@example.com', password: 'the first' }
const bob = { email: 'bob@example.com', password: 'the first' }

const startable = frameworkPages.filter(({ main }) => main !== undefined)

describe.each(startable)('$page', (page) => {
  test('signs in, lists, ends, changes the password and signs out', async () => {
    const { origin, prisma } = await start(page)
    const laptop = newDevice(origin, userAgents.desktop, { 'x-forwarded-for': '203.0.113.7' })
    const phone = newDevice(origin, userAgents.phone, { 'x-forwarded-for': '198.51.100.8' })
    const stranger = newDevice(origin, userAgents.desktop, { 'x-forwarded-for': '192.0.2.9' })

    // Nobody is signed in, not with a wrong password and not with a cookie that is nobody's.
    expect(await laptop.post('/sign-in', { ...ada, password: 'wrong' })).toMatchObject({ status: 401, cookies: [] })
    expect(await laptop.get('/devices')).toMatchObject({ status: 401 })
    laptop.jar.set('__Host-session', 'A'.repeat(43))
    const refused = await laptop.get('/devices')
    expect(refused).toMatchObject({ status: 401, cookies: [{ name: '__Host-session', isOver: true }] })

    // Two devices sign in, and see both.
    const signedIn = await laptop.post('/sign-in', ada)
    expect(signedIn).toMatchObject({ isOk: true, cookies: [{ name: '__Host-session' }] })
    expect(signedIn.cookies[0]!.attributes).toMatchObject({ path: '/', 'max-age': '43200', samesite: 'lax' })
    expect(Object.keys(signedIn.cookies[0]!.attributes)).toEqual(expect.arrayContaining(['httponly', 'secure']))
    expect(signedIn.cookies[0]!.attributes).not.toHaveProperty('domain')
    expect(await phone.post('/sign-in', ada)).toMatchObject({ isOk: true })
    expect(await stranger.post('/sign-in', bob)).toMatchObject({ isOk: true })
    const onLaptop = { browserInfo: 'Chrome 126', deviceInfo: 'Windows 10', ipAddress: '203.0.113.7' }
    const onPhone = { browserInfo: 'Safari 17', deviceInfo: 'iPhone iOS 17.5', ipAddress: '198.51.100.8' }
    const { body } = await laptop.get('/devices')
    expect(body).toMatchObject({
      items: [
        { ...onPhone, isCurrent: false },
        { ...onLaptop, isCurrent: true },
      ],
      nextCursor: null,
    })
    expect(JSON.stringify(body)).not.toContain(laptop.jar.get('__Host-session'))
    const [{ id: phoneId }, { id: laptopId }] = body.items

    // Only its owner ends a session, and it is over at once.
    expect(await stranger.delete(`/devices/${phoneId}`)).toMatchObject({ status: 404 })
    expect(await laptop.delete('/devices/%00')).toMatchObject({ status: 400 })
    expect(await laptop.delete(`/devices/${phoneId}`)).toMatchObject({ isOk: true })
    expect(await laptop.delete(`/devices/${phoneId}`)).toMatchObject({ status: 404 })
    expect(await phone.get('/devices')).toMatchObject({ status: 401, cookies: [{ isOver: true }] })

    // A new password ends the others, and gives this one a new key.
    expect(await phone.post('/sign-in', ada)).toMatchObject({ isOk: true })
    const oldKey = laptop.jar.get('__Host-session')!
    expect(await laptop.post('/password', { password: 'the second' })).toMatchObject({ isOk: true })
    expect(laptop.jar.get('__Host-session')).not.toBe(oldKey)
    expect(await laptop.get('/devices')).toMatchObject({ body: { items: [{ id: laptopId, isCurrent: true }] } })
    expect(await phone.get('/devices')).toMatchObject({ status: 401 })
    expect(await phone.post('/sign-in', ada)).toMatchObject({ status: 401 })
    expect(await stranger.get('/devices')).toMatchObject({ body: { items: [{ isCurrent: true }] } })

    // What is signed out stays so, also for a cookie that somebody kept.
    const lastKey = laptop.jar.get('__Host-session')!
    expect(await laptop.post('/sign-out')).toMatchObject({ isOk: true, cookies: [{ isOver: true }] })
    expect([...laptop.jar]).toEqual([])
    for (const key of [oldKey, lastKey]) {
      laptop.jar.set('__Host-session', key)
      expect(await laptop.get('/devices')).toMatchObject({ status: 401 })
    }
    const ownHistory = { where: { user: { email: ada.email } }, orderBy: { endReason: 'asc' } } as const
    const reasons = (await prisma.userSession.findMany(ownHistory)).map(({ endReason }) => endReason)
    expect(reasons).toEqual(['revoked', 'revoked', 'rotated', 'signed-out'])
  })
})

/** Starts a page's application in a process of its own, with a new database and two users in that. */
async function start({ files, settings, main }: FrameworkPage) {
  const { directory, compile } = newApplication(files, settings)
  expect(await compile()).toBe('')
  const url = await createDatabase('libsql', inject('directory'))
  onTestFinished(() => dropDatabase('libsql', inject('directory'), url))
  const prisma = connect('libsql', url)
  onTestFinished(() => prisma.$disconnect())
  await prisma.user.createMany({ data: [{ email: ada.email }, { email: bob.email }] })

  const env = { ...process.env, DATABASE_URL: url, PORT: '0' }
  const application = spawn(process.execPath, [main!], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(application, 'exit')
  onTestFinished(async () => {
    application.kill('SIGKILL')
    await ended
  })
  let output = ''
  application.stderr.on('data', (data) => (output += data))
  // Each says where it listens.
  for await (const line of createInterface(application.stdout)) {
    const [, port] = /(?:port: |localhost:|\]:|127\.0\.0\.1:)(\d+)/.exec(line) ?? []
    if (port) return { origin: `http://localhost:${port}`, prisma }
    output += `${line}\n`
  }
  throw new Error(`It does not listen: ${output}`)
}
