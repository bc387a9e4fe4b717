import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'
import { purgeSessions } from '../../src/index.ts'
import { openDatabase } from './open-database.ts'

const program = fileURLToPath(new URL('time-zone-process.ts', import.meta.url))

const times = [
  // New York's clocks skip this hour, in local time, and have the other one twice.
  '2026-03-08T02:30:00.000Z',
  '2026-03-08T07:30:00.123Z',
  '2026-11-01T05:30:00.000Z',
  '2026-11-01T06:30:00.000Z',
  '1970-01-01T00:00:00.000Z',
  '9999-12-31T20:00:00.000Z',
  '2026-06-30T23:59:59.999Z',
]
const zones = { 'America/New_York': 19, 'Asia/Kathmandu': 5, 'Pacific/Kiritimati': 13 }
const serverZones = {
  libsql: [''],
  'better-sqlite3': [''],
  postgresql: ['America/New_York', 'Asia/Tokyo'],
  mysql: ['-05:00', '+09:00'],
}

/** The same database, on connections that have another local time. */
function inZone(url: string, zone: string): string {
  if (zone === '') return url
  const isMysql = url.startsWith('mysql:')
  const setting = isMysql
    ? { sessionVariables: JSON.stringify({ time_zone: zone }) }
    : { options: `-c TimeZone=${zone}` }
  return `${url}?${new URLSearchParams(setting).toString().replaceAll('+', '%20')}`
}

const afterwards = (time: string, seconds: number) =>
  new Date(Math.min(Date.parse(time) + seconds * 1000, Date.UTC(10_000, 0) - 1))

const byCreation = (a: { createdAt: string }, b: { createdAt: string }) => a.createdAt.localeCompare(b.createdAt)

it.each(
  serverZones[inject('driver')].flatMap((server) =>
    Object.entries(zones).map(([zone, hour]) => ({ zone, hour, server })),
  ),
)('dates are the same for a process in $zone and a server in "$server"', async ({ zone, hour, server }) => {
  const { driver, prisma, url, user } = await openDatabase()
  const args = ['--import', 'tsx', program, driver, inZone(url, server), String(user.id), ...times]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, TZ: zone },
    timeout: 60_000,
  })
  const { rows, localHour, serverZone } = JSON.parse(stdout)
  expect([localHour, serverZone]).toEqual([hour, server])

  const expected = times.toSorted().map((time) => ({
    createdAt: new Date(time),
    lastActivity: afterwards(time, 90),
    expiresAt: afterwards(time, 1890),
    session: { createdAt: new Date(time), expiresAt: afterwards(time, 43_200) },
  }))
  const include = { session: true }
  expect(await prisma.userSession.findMany({ include, orderBy: { createdAt: 'asc' } })).toMatchObject(expected)
  const answered = expected.map(({ createdAt, lastActivity, expiresAt }) => ({ createdAt, lastActivity, expiresAt }))
  expect(rows.toSorted(byCreation)).toMatchObject(JSON.parse(JSON.stringify(answered)))
  // In UTC, for whoever reads the tables without Prisma.
  const [column, table] = {
    libsql: [`"createdAt" || ''`, '"UserSession"'],
    'better-sqlite3': [`"createdAt" || ''`, '"UserSession"'],
    postgresql: ['"createdAt"::text', '"UserSession"'],
    mysql: ['CAST(createdAt AS CHAR)', 'UserSession'],
  }[driver]
  const raw: { at: string }[] = await prisma.$queryRawUnsafe(`SELECT ${column} AS at FROM ${table}`)
  const seconds = (at: string) => at.slice(0, 19).replace('T', ' ')
  expect(raw.map(({ at }) => seconds(at)).toSorted()).toEqual(times.map(seconds).toSorted())

  const now = new Date('2026-11-01T07:01:30.000Z')
  expect(await purgeSessions(prisma, { now })).toMatchObject({ sessions: 6 })
  expect(await prisma.session.count()).toBe(1)
})
