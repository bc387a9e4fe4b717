// A day in the life of signed-in sessions, on a SQLite file of its own. Run it with `npm run demo`.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import {
  anonymizeInactive,
  defaultPolicy,
  generateSessionKey,
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  revokeSession,
  rotateSessionKey,
  touchActivity,
  trackSession,
} from 'prisma-user-sessions'
import { countryName } from 'prisma-user-sessions/location'
import { describeRequest } from 'prisma-user-sessions/request'
import { PrismaClient } from '../generated/prisma/client.ts'

interface SignIn {
  user: string
  ipAddress: string
  userAgent: string
  clientHints?: Record<string, string>
}

const signIns: SignIn[] = JSON.parse(readFileSync(new URL('sign-ins.json', import.meta.url), 'utf8'))
const file = fileURLToPath(new URL('../demo.db', import.meta.url))
const prisma = openNewDatabase()

// The story has a clock of its own: every verb takes the time as an option.
let now = new Date('2026-01-05T09:00:00Z')
const minutes = 60
const hours = 60 * minutes
const days = 24 * hours

const emails = [...new Set(signIns.map(({ user }) => user))]
chapter(0, `${emails.length} people sign in, ${signIns.length} times`)
const userIds = new Map<string, number>()
for (const email of emails) userIds.set(email, (await prisma.user.create({ data: { email } })).id)
const keys = new Map<string, string>()
for (const { user, ipAddress, userAgent, clientHints } of signIns) {
  const sessionKey = generateSessionKey()
  // The request as it comes from a proxy on the same machine.
  const headers = new Headers({ 'X-Forwarded-For': ipAddress, 'User-Agent': userAgent, ...clientHints })
  const client = describeRequest({ headers }, { trustedProxies: ['loopback'], peerAddress: '127.0.0.1' })
  const userSession = await trackSession(prisma, { userId: userIds.get(user)!, sessionKey, ...client }, { now })
  keys.set(userSession.id, sessionKey)
  const { deviceInfo, browserInfo, deviceType } = userSession
  line([user, 20], [deviceInfo, 26], [browserInfo, 22], [deviceType, 8], [placeOf(userSession), 0])
  now = new Date(now.getTime() + 5000)
}

const email = emails[0]!
const userId = userIds.get(email)!
const [current, ...others] = (await listSessions(prisma, { userId }, { now })).items.map(({ id }) => keys.get(id)!)

chapter(10 * minutes, `${email} uses three devices`)
for (const sessionKey of [current!, ...others.slice(-2)]) await request(sessionKey)

chapter(12 * minutes, `${email} opens "Your devices"`)
await touchActivity(prisma, { sessionKey: current! }, { now })
const devices = await showDevices(current!)

const lost = devices.find(({ deviceType, isCurrent }) => deviceType === 'tv' && !isCurrent) ?? devices.at(-1)!
chapter(1 * minutes, `${email} ends the session on ${lost.deviceInfo}`)
await revokeSession(prisma, { userId, id: lost.id }, { now })
console.log('Its next request:')
await request(keys.get(lost.id)!)

chapter(2 * minutes, `${email} changes the password, which rotates the session key`)
const newKey = generateSessionKey()
await rotateSessionKey(prisma, { sessionKey: current!, newSessionKey: newKey }, { now })
console.log('A request with the old key, and one with the new key:')
await request(current!)
await request(newKey)

chapter(1 * minutes, `${email} signs out everywhere else`)
console.log(`${await revokeOtherSessions(prisma, { userId, sessionKey: newKey }, { now })} sessions ended.`)
await showDevices(newKey)

chapter(3 * hours, `nobody has come back; the idle timeout is ${defaultPolicy.idleTimeoutSeconds / minutes} minutes`)
await request(newKey)
const { sessions } = await purgeSessions(prisma, { now })
console.log(`A purge removes the credentials of ${sessions} expired sessions and keeps their history:`)
for (const { endReason, _count } of await prisma.userSession.groupBy({ by: ['endReason'], _count: true })) {
  line([endReason ?? 'expired', 10], [String(_count), 0])
}

chapter(7 * days, 'the addresses of old sessions are shortened to their networks')
const { ipAddress, id } = await prisma.userSession.findFirstOrThrow({ where: { ipAddress: { not: null } } })
console.log(`${await anonymizeInactive(prisma, { olderThanSeconds: days }, { now })} addresses, such as:`)
const anonymized = await prisma.userSession.findUniqueOrThrow({ where: { id } })
line([ipAddress, 16], ['→', 2], [anonymized.ipAddress, 0])
await prisma.$disconnect()
console.log(`\nThe history stays for 30 days. Look at it:\n  npx prisma studio --url "file://${file}"`)

/** What an application does when a request comes in. */
async function request(sessionKey: string): Promise<void> {
  const userSession = await touchActivity(prisma, { sessionKey }, { now })
  if (userSession === null) line([styleText('red', '401 please sign in'), 0])
  else line([styleText('green', '200 OK'), 0], [`on ${userSession.deviceInfo}`, 0])
}

/** What an application shows as "Your devices". */
async function showDevices(sessionKey: string) {
  const { items } = await listSessions(prisma, { userId }, { current: sessionKey, now })
  line(['DEVICE', 26], ['BROWSER', 22], ['PLACE', 26], ['LAST ACTIVITY', 0])
  for (const item of items) {
    const mark = item.isCurrent ? styleText('green', '← this device') : ''
    line(
      [item.deviceInfo, 26],
      [item.browserInfo, 22],
      [placeOf(item), 26],
      [inWords(item.lastActivity), 15],
      [mark, 0],
    )
  }
  return items
}

function chapter(seconds: number, title: string): void {
  now = new Date(now.getTime() + seconds * 1000)
  const units = [['day', days] as const, ['hour', hours] as const, ['minute', minutes] as const]
  const [unit, length] = units.find(([, shortest]) => seconds >= shortest) ?? ['minute', minutes]
  const amount = seconds / length
  const passed = amount === 0 ? '' : `${amount} ${unit}${amount === 1 ? '' : 's'} later: `
  console.log(`\n${styleText('bold', `${now.toISOString().slice(11, 16)}  ${passed}${title}`)}`)
}

function line(...cells: [text: string | null, width: number][]): void {
  console.log(`  ${cells.map(([text, width]) => (text ?? '–').padEnd(width)).join(' ')}`.trimEnd())
}

function placeOf({ city, country }: { city: string | null; country: string | null }): string | null {
  return [city, countryName(country)].filter(Boolean).join(', ') || null
}

function inWords(time: Date): string {
  const passed = Math.round((now.getTime() - time.getTime()) / 60_000)
  return passed === 0 ? 'just now' : new Intl.RelativeTimeFormat('en').format(-passed, 'minutes')
}

function openNewDatabase(): PrismaClient {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(file + suffix, { force: true })
  execFileSync(process.execPath, ['node_modules/prisma/build/index.js', 'migrate', 'deploy'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, DATABASE_URL: `file:${file}`, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new PrismaClient({ adapter: new PrismaLibSql({ url: `file:${file}`, timeout: 5000 }) })
}
