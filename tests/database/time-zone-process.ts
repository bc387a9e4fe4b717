// One process of an application in a time zone of its own: `time-zone-process.ts <driver> <url> <user id> <time …>`. Signs in
// at each time and uses that session 90 s later. Prints what it was answered, what hour it takes the last time for, and the
// local time of its connections.
import { generateSessionKey, touchActivity, trackSession } from '../../src/index.ts'
import { connect, type Driver } from '../../scripts/databases.ts'

const [driver, url, userId, ...times] = process.argv.slice(2)
const prisma = connect(driver as Driver, url!)
const rows: unknown[] = []
for (const time of times) {
  const now = new Date(time)
  const sessionKey = generateSessionKey()
  await trackSession(prisma, { userId: Number(userId), sessionKey }, { now })
  rows.push(await touchActivity(prisma, { sessionKey }, { now: new Date(now.getTime() + 90_000) }))
}
const settings: Record<string, string> = { postgresql: `current_setting('TimeZone')`, mysql: '@@time_zone' }
const [server] = await prisma.$queryRawUnsafe<{ zone: string }[]>(`SELECT ${settings[driver!] ?? `''`} AS zone`)
await prisma.$disconnect()
console.log(JSON.stringify({ rows, localHour: new Date(times.at(-1)!).getHours(), serverZone: server!.zone }))
