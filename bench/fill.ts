import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type Driver, execute } from '../scripts/databases.ts'

/** How many sessions the one user with many has. They come on top of the others. */
const manySessions = 10_000
const spareUsers = 100

/** What a table of so many user sessions holds. */
export interface Contents {
  /** Session keys of live sessions, in random order. */
  readonly keys: readonly string[]
  /** Ids of users who have 10 live sessions each: 1 to this. */
  readonly users: number
  /** Who has 10,000; nobody in a small table. */
  readonly userOfMany: number | undefined
  /** Ids of users who have none. */
  readonly spareUsers: readonly number[]
}

/** The session key of a row. As long as `generateSessionKey` makes them. */
export const keyOf = (row: number): string => String(row).padStart(43, '0')

/**
 * Fills a new database's tables.
 *
 * A user has 20 sessions, made over 29 days: 6 that were ended and are history, then 4 that have expired, and 10 that are live.
 * So the rows of one user lie far apart, as they do where many users sign in every day. One user has 10,000 live sessions on
 * top, in tables of 100,000 rows and more.
 */
export async function fill(driver: Driver, url: string, rows: number): Promise<Contents> {
  const users = Math.max(1, Math.floor(rows / 20))
  const hasMany = rows >= 100_000
  const all = hasMany ? rows + manySessions : rows
  const { sha256, moment, numbers, order } = dialects(driver)
  const key = `lpad(CONCAT(i), 43, '0')`
  // Rows from the first of these on are not history, and from the second on live.
  const [expiredFrom, liveFrom] = [rows * 0.3, rows * 0.5]
  const created = `CASE WHEN i < ${rows} THEN i * 2505600 / ${rows} - 2505600 ELSE i - ${all} END`
  const [hour, halfDay, hundredDays, threeHundredDays] = [3600, 43_200, 8_640_000, 25_920_000]
  const ended = `i < ${expiredFrom}`
  const live = `i >= ${liveFrom}`
  await runAll(
    driver,
    url,
    `
    ${removeIndexes(driver)}
    INSERT INTO "User" ("id", "email")
      SELECT i, CONCAT('user', i, '@example.com') FROM ${numbers(1, users + 1 + spareUsers)};
    INSERT INTO "Session" ("id", "createdAt", "expiresAt")
      SELECT ${sha256(key)}, ${moment(created)},
        ${moment(`${created} + CASE WHEN ${live} THEN ${threeHundredDays} ELSE ${halfDay} END`)}
      FROM ${numbers(expiredFrom, all - 1)} ${order};
    INSERT INTO "UserSession" ("id", "userId", "sessionId", "ipAddress", "browserInfo", "deviceInfo", "deviceType", "city",
      "country", "createdAt", "lastActivity", "expiresAt", "endedAt", "endReason")
      SELECT substr(${sha256(`CONCAT('user-session:', ${sha256(key)})`)}, 1, 32),
        CASE WHEN i < ${rows} THEN i % ${users} + 1 ELSE ${users + 1} END,
        CASE WHEN ${ended} THEN NULL ELSE ${sha256(key)} END,
        CONCAT('203.0.', i % 251, '.', i % 241), CONCAT('Chrome ', 120 + i % 13), 'Windows 10', 'desktop',
        CASE WHEN i % 5 = 0 THEN 'Lisbon' ELSE 'Copenhagen' END, CASE WHEN i % 5 = 0 THEN 'PT' ELSE 'DK' END,
        ${moment(created)},
        ${moment(`CASE WHEN ${live} THEN 0 ELSE ${created} + ${hour} END`)},
        ${moment(`CASE WHEN ${live} THEN ${hundredDays} ELSE ${created} + ${halfDay} END`)},
        CASE WHEN ${ended} THEN ${moment(`${created} + ${hour}`)} ELSE NULL END,
        CASE WHEN ${ended} THEN 'signed-out' ELSE NULL END
      FROM ${numbers(0, all - 1)} ${order};
    ${addIndexes(driver)}
    ${settle(driver, ['User', 'Session', 'UserSession'])}`,
  )
  return {
    keys: someOf(liveFrom, rows),
    users,
    userOfMany: hasMany ? users + 1 : undefined,
    spareUsers: Array.from({ length: spareUsers }, (_, index) => users + 2 + index),
  }
}

/** The tables of those whom the package is measured against, each with as many sessions. The rows' keys give their ids. */
export async function fillRivals(driver: Driver, url: string, rows: number): Promise<void> {
  const users = Math.max(1, Math.floor(rows / 20))
  const { sha256, moment, numbers, order } = dialects(driver)
  const hash = sha256(`lpad(CONCAT(i), 43, '0')`)
  const user = `CONCAT('user', i % ${users} + 1)`
  const cookie = `{"cookie":{"originalMaxAge":8640000000,"expires":"2036-01-01T00:00:00.000Z","httpOnly":true,"path":"/"},"userId":`
  const agent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
  const tables = readFileSync(new URL('rivals.sql', import.meta.url), 'utf8')
  const from = `FROM ${numbers(0, rows - 1)} ${order}`
  // Live, and of the age at which each is read without being due to be written again.
  const [now, week, month] = [moment('0'), moment('604800'), moment('2592000')]
  await runAll(
    driver,
    url,
    `
    ${tables.replaceAll('DATETIME(3)', driver === 'postgresql' ? 'TIMESTAMP(3)' : driver === 'mysql' ? '$&' : 'DATETIME')}
    ${driver === 'mysql' ? 'SET foreign_key_checks = 0;\nSET unique_checks = 0;' : ''}
    INSERT INTO "AuthUser" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
      SELECT CONCAT('user', i), 'Somebody', CONCAT('user', i, '@example.com'), true, ${now}, ${now} FROM ${numbers(1, users)};
    INSERT INTO "LuciaUser" ("id") SELECT CONCAT('user', i) FROM ${numbers(1, users)};
    INSERT INTO "HandSession" ("id", "userId", "ipAddress", "userAgent", "createdAt", "lastActivity", "expiresAt")
      SELECT ${hash}, i % ${users} + 1, CONCAT('203.0.', i % 251, '.', i % 241), '${agent}', ${now}, ${now}, ${month} ${from};
    INSERT INTO "AuthSession" ("id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
      SELECT substr(${hash}, 33, 32), ${week}, substr(${hash}, 1, 32), ${now}, ${now}, CONCAT('203.0.', i % 251, '.', i % 241),
        '${agent}', ${user} ${from};
    INSERT INTO "LuciaSession" ("id", "userId", "expiresAt") SELECT substr(${hash}, 1, 40), ${user}, ${month} ${from};
    INSERT INTO "StoreSession" ("id", "sid", "data", "expiresAt")
      SELECT substr(${hash}, 40, 24), substr(${hash}, 1, 32), CONCAT('${cookie}', i % ${users} + 1, '}'), ${month} ${from};
    ${settle(driver, ['AuthUser', 'LuciaUser', 'HandSession', 'AuthSession', 'LuciaSession', 'StoreSession'])}`,
  )
}

/** Up to 50,000 keys of the rows from one up to another, in random order. */
function someOf(from: number, to: number): string[] {
  const count = Math.min(50_000, to - from)
  const step = (to - from) / count
  const keys = Array.from({ length: count }, (_, index) => keyOf(from + Math.floor(index * step)))
  const placed = keys.map((key) => ({ key, place: Math.random() })).toSorted((a, b) => a.place - b.place)
  return placed.map(({ key }) => key)
}

/** What the databases call differently. */
function dialects(driver: Driver) {
  const now = new Date().toISOString().replace('T', ' ').replace('Z', '')
  if (driver === 'postgresql') {
    return {
      sha256: (text: string) => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`,
      moment: (seconds: string) => `(TIMESTAMP '${now}' + (${seconds}) * INTERVAL '1 second')`,
      numbers: (from: number, to: number) => `generate_series(${from}::bigint, ${to}::bigint) AS numbers(i)`,
      order: '',
    }
  }
  if (driver === 'mysql') {
    return {
      sha256: (text: string) => `sha2(${text}, 256)`,
      moment: (seconds: string) => `(TIMESTAMP '${now}' + INTERVAL (${seconds}) SECOND)`,
      numbers: (from: number, to: number) => `(SELECT CAST(seq AS SIGNED) AS i FROM seq_${from}_to_${to}) AS numbers`,
      // Rows are kept in the order of their primary keys there, and in any other it takes minutes.
      order: 'ORDER BY 1',
    }
  }
  return {
    sha256: (text: string) => `sha256(${text})`,
    moment: (seconds: string) => `moment(${seconds})`,
    numbers: (from: number, to: number) =>
      `(WITH RECURSIVE numbers(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM numbers WHERE i < ${to}) SELECT i FROM numbers)`,
    order: '',
  }
}

async function runAll(driver: Driver, url: string, script: string): Promise<void> {
  if (driver !== 'better-sqlite3' && driver !== 'libsql') return execute(driver, url, script)
  const database = new Database(url.slice('file:'.length))
  const begin = Date.now()
  database.function('sha256', (text: string) => createHash('sha256').update(text).digest('hex'))
  database.function('lpad', (text: string, length: number, filling: string) => text.padStart(length, filling))
  // As Prisma's adapter writes it.
  database.function('moment', (seconds: number) =>
    new Date(begin + Math.floor(seconds) * 1000).toISOString().replace('Z', '+00:00'),
  )
  database.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN; ${script}; COMMIT;`)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

/** They are made faster over rows that are there. */
function removeIndexes(driver: Driver): string {
  if (driver === 'mysql') return 'SET foreign_key_checks = 0;\nSET unique_checks = 0;'
  const replica = driver === 'postgresql' ? `SET session_replication_role = 'replica';` : ''
  return `${replica}
    DROP INDEX "UserSession_sessionId_key";
    DROP INDEX "UserSession_userId_createdAt_idx";`
}

function addIndexes(driver: Driver): string {
  if (driver === 'mysql') return ''
  return `
    CREATE UNIQUE INDEX "UserSession_sessionId_key" ON "UserSession"("sessionId");
    CREATE INDEX "UserSession_userId_createdAt_idx" ON "UserSession"("userId", "createdAt");`
}

/** What the databases do by themselves after a while, done before anything is measured. */
function settle(driver: Driver, tables: readonly string[]): string {
  if (driver === 'mysql') return tables.map((table) => `ANALYZE TABLE "${table}";`).join('\n')
  if (driver === 'postgresql') return tables.map(used).join('\n')
  return 'ANALYZE;'
}

/**
 * A table whose rows were written again since they were made, a tenth at a time: versions that were left behind have made room
 * in every page. In one that was just filled there is none, and each first touch moves a row to another page.
 */
function used(table: string): string {
  const tenths = Array.from({ length: 10 }, (_, tenth) => {
    const rows = `WHERE abs(hashtext("id"::text) % 10) = ${tenth}`
    return `UPDATE "${table}" SET "id" = "id" ${rows};\nVACUUM "${table}";`
  })
  return [...tenths, `ANALYZE "${table}";`].join('\n')
}
