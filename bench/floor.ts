import Database from 'better-sqlite3'
import { createPool } from 'mariadb'
import { Pool } from 'pg'
import type { Driver } from '../scripts/databases.ts'

/** When a session was last used and when it expires from then on. */
export interface Times {
  readonly now: Date
  readonly expiresAt: Date
}

/**
 * The drivers that Prisma's adapters stand on, asked without Prisma: what a touch cannot cost less than. They look rows up and
 * write them as `touchActivity` does, by statements that were prepared, and check nothing.
 */
export interface Floor {
  readonly version: string
  /** What decides how soon a commit is on the disk, and what is kept in memory. */
  readonly settings: string
  /** One row after the other. */
  readonly find: (sessionId: string) => Promise<unknown>
  readonly touch: (sessionId: string, times: Times) => Promise<unknown>
  /** All rows by one statement. */
  readonly findAll: (sessionIds: readonly string[]) => Promise<unknown>
  readonly touchAll: (sessionIds: readonly string[], times: Times) => Promise<unknown>
  /** One row after the other in one transaction, where there is no server to go to and come back from. */
  readonly findEach?: (sessionIds: readonly string[]) => Promise<unknown>
  readonly touchEach?: (sessionIds: readonly string[], times: Times) => Promise<unknown>
  close(): Promise<void>
}

/** Opens connections of its own: as many as Prisma's adapter has. */
export async function openFloor(driver: Driver, url: string): Promise<Floor> {
  if (driver === 'postgresql') return openPostgresql(url)
  if (driver === 'mysql') return openMariadb(url)
  return openSqlite(url)
}

const select = `SELECT * FROM "UserSession" WHERE "sessionId"`
const set = `UPDATE "UserSession" SET "lastActivity" =`

function openSqlite(url: string): Floor {
  const database = new Database(url.slice('file:'.length))
  const selectOne = database.prepare(`${select} = ?`)
  const updateOne = database.prepare(
    `${set} ?, "expiresAt" = ? WHERE "sessionId" = ? AND "lastActivity" < ? AND "endedAt" IS NULL`,
  )
  const prepared = new Map<string, Database.Statement>()
  const prepare = (sql: string): Database.Statement => {
    const statement = prepared.get(sql) ?? database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  const find = (sessionId: string) => needed(selectOne.get(sessionId))
  const touch = (sessionId: string, { now, expiresAt }: Times) => {
    find(sessionId)
    needed(updateOne.run(zoned(now), zoned(expiresAt), sessionId, zoned(now)).changes)
  }
  const findAll = (ids: readonly string[]) =>
    needed(prepare(`${select} IN (${marks(ids)})`).all(ids).length === ids.length)
  const touchAll = (ids: readonly string[], { now, expiresAt }: Times) => {
    findAll(ids)
    const update = prepare(
      `${set} ?, "expiresAt" = ? WHERE "sessionId" IN (${marks(ids)}) AND "lastActivity" < ? AND "endedAt" IS NULL`,
    )
    needed(update.run(zoned(now), zoned(expiresAt), ids, zoned(now)).changes === ids.length)
  }
  const inTransaction = (each: () => void) => database.transaction(each)()
  return {
    version: `SQLite ${String(database.prepare('SELECT sqlite_version()').pluck().get())}`,
    settings: ['journal_mode', 'synchronous', 'cache_size']
      .map((name) => `${name} ${String(database.pragma(name, { simple: true }))}`)
      .join(', '),
    find: async (id) => find(id),
    touch: async (id, times) => touch(id, times),
    findAll: async (ids) => findAll(ids),
    touchAll: async (ids, times) => touchAll(ids, times),
    findEach: async (ids) => inTransaction(() => ids.forEach((id) => find(id))),
    touchEach: async (ids, times) => inTransaction(() => ids.forEach((id) => touch(id, times))),
    close: async () => void database.close(),
  }
}

async function openPostgresql(url: string): Promise<Floor> {
  const pool = new Pool({ connectionString: url })
  const run = (name: string, sql: string, values: unknown[]) => pool.query({ name, text: sql, values })
  const find = async (id: string) => needed((await run('find', `${select} = $1`, [id])).rows.length)
  const findAll = async (ids: readonly string[]) =>
    needed((await run('find-all', `${select} = ANY($1)`, [ids])).rows.length === ids.length)
  const condition = `AND "lastActivity" < $1::timestamp AND "endedAt" IS NULL`
  const names = ['fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size']
  const setting = async (name: string): Promise<string> => (await pool.query(`SHOW ${name}`)).rows[0][name]
  const settings = await Promise.all(names.map(async (name) => `${name} ${await setting(name)}`))
  return {
    version: `PostgreSQL ${(await setting('server_version')).split(' ')[0]}`,
    settings: settings.join(', '),
    find,
    findAll,
    async touch(id, { now, expiresAt }) {
      await find(id)
      const sql = `${set} $1::timestamp, "expiresAt" = $2::timestamp WHERE "sessionId" = $3 ${condition}`
      needed((await run('touch', sql, [plain(now), plain(expiresAt), id])).rowCount)
    },
    async touchAll(ids, { now, expiresAt }) {
      await findAll(ids)
      const sql = `${set} $1::timestamp, "expiresAt" = $2::timestamp WHERE "sessionId" = ANY($3) ${condition}`
      needed((await run('touch-all', sql, [plain(now), plain(expiresAt), ids])).rowCount === ids.length)
    },
    close: () => pool.end(),
  }
}

async function openMariadb(url: string): Promise<Floor> {
  const { hostname: host, port, username: user, password, pathname } = new URL(url)
  const pool = createPool({
    host,
    port: Number(port || 3306),
    user,
    password,
    database: pathname.slice(1),
    connectionLimit: 10,
    timezone: 'Z',
  })
  const find = async (id: string) => needed((await pool.execute(quoted(`${select} = ?`), [id])).length)
  const findAll = async (ids: readonly string[]) => {
    const rows = await pool.execute(quoted(`${select} IN (${marks(ids)})`), [...ids])
    needed(rows.length === ids.length)
  }
  const condition = 'AND "lastActivity" < ? AND "endedAt" IS NULL'
  const names = ['innodb_flush_log_at_trx_commit', 'innodb_buffer_pool_size', 'innodb_log_file_size']
  const setting = async (name: string): Promise<string> =>
    String((await pool.query(`SELECT @@${name} AS value`))[0].value)
  const settings = await Promise.all(names.map(async (name) => `${name} ${await setting(name)}`))
  return {
    version: `MariaDB ${(await setting('version')).split('-')[0]}`,
    settings: settings.join(', '),
    find,
    findAll,
    async touch(id, { now, expiresAt }) {
      await find(id)
      const sql = quoted(`${set} ?, "expiresAt" = ? WHERE "sessionId" = ? ${condition}`)
      needed((await pool.execute(sql, [plain(now), plain(expiresAt), id, plain(now)])).affectedRows)
    },
    async touchAll(ids, { now, expiresAt }) {
      await findAll(ids)
      const sql = quoted(`${set} ?, "expiresAt" = ? WHERE "sessionId" IN (${marks(ids)}) ${condition}`)
      const { affectedRows } = await pool.execute(sql, [plain(now), plain(expiresAt), ...ids, plain(now)])
      needed(affectedRows === ids.length)
    },
    close: () => pool.end(),
  }
}

// As Prisma's adapters write dates: on SQLite with the zone.
const zoned = (date: Date): string => date.toISOString().replace('Z', '+00:00')
const plain = (date: Date): string => date.toISOString().replace('T', ' ').replace('Z', '')
const quoted = (sql: string): string => sql.replaceAll('"', '`')

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join()
}

/** What finds or writes fewer rows than it was to measures something else. */
export function needed(found: unknown): void {
  if (!found) throw new Error('A call of the benchmark did not do what it was to')
}
