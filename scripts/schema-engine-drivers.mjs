// What Prisma's schema engine reaches databases with: the drivers of Prisma's client, made to do what migrations need.
import { randomUUID } from 'node:crypto'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'

/** The driver for a database's URL. Refuses what the engine does not know. */
export function driverFor(databaseUrl) {
  // Not up to the first colon, wherever that is: what is no URL may begin with a password.
  const scheme = /^\w+(?=:)/.exec(databaseUrl)?.[0] ?? ''
  if (scheme === 'file') return new SqliteDriver({ url: databaseUrl })
  if (scheme === 'postgresql' || scheme === 'postgres') return new PostgresqlDriver(databaseUrl)
  if (scheme === 'mysql' || scheme === 'mariadb') {
    throw refusal(
      "MySQL is not in Prisma's schema engine on WebAssembly: its migrations in prisma/mysql/migrations are written by hand. " +
        'To apply or compare them with the CLI, name a native schema engine in PRISMA_SCHEMA_ENGINE_BINARY',
    )
  }
  throw refusal(
    `scripts/schema-engine.mjs answers for SQLite (file:…) and PostgreSQL (postgresql://…), not for "${scheme}"`,
  )
}

function refusal(message) {
  return Object.assign(new Error(message), { code: 'P1013' })
}

class SqliteDriver extends PrismaLibSql {
  async connect() {
    return forSqlite(await super.connect())
  }

  async connectToShadowDb() {
    return forSqlite(await super.connectToShadowDb())
  }

  /** The engine's own reset deletes rows and leaves the tables, so that no migration would apply again. */
  async empty() {
    const connection = await this.connect()
    await connection.executeScript(
      'PRAGMA writable_schema = 1; DELETE FROM sqlite_master; PRAGMA writable_schema = 0; VACUUM',
    )
    await connection.dispose()
  }
}

function forSqlite(connection) {
  const { executeRaw, queryRaw } = connection
  return Object.assign(connection, {
    // The engine passes whole scripts here, of which libsql would run the first statement and drop the others.
    executeRaw: async (query) =>
      query.args.length > 0 ? executeRaw.call(connection, query) : (await connection.executeScript(query.sql), 0),
    // The engine reads the history of a database that has none yet, and would take the missing table for a failure.
    queryRaw: (query) =>
      queryRaw.call(connection, query).catch((error) => {
        const hasNoHistory =
          query.sql.startsWith('SELECT') && error.message.endsWith('no such table: _prisma_migrations')
        if (!hasNoHistory) throw error
        return { columnNames: [], columnTypes: [], rows: [] }
      }),
  })
}

class PostgresqlDriver extends PrismaPg {
  #url
  #shadows = []

  constructor(databaseUrl) {
    if (!URL.canParse(databaseUrl)) {
      throw refusal(
        "The database's URL cannot be read: what is special in its user and password must be percent-encoded",
      )
    }
    const { searchParams } = new URL(databaseUrl)
    const schema = searchParams.get('schema') ?? 'public'
    const config = {
      connectionString: databaseUrl,
      // The engine's lock and what a migration sets belong to one connection, for as long as the engine runs.
      max: 1,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
      // As the native engine does: five seconds, and a name without a schema is of this one.
      connectionTimeoutMillis: Number(searchParams.get('connect_timeout') ?? 5) * 1000,
      onConnect: (client) => client.query(`SET search_path = ${quoted(schema)}`),
    }
    super(config, { schema })
    this.#url = databaseUrl
  }

  async connect() {
    const connection = await super.connect()
    try {
      // It connects when it is first asked, and keeps most of the reason to itself where the adapter asks.
      await connection.underlyingDriver().query('SELECT 1')
    } catch (error) {
      await connection.dispose()
      throw whyNotConnected(error)
    }
    return forPostgresql(connection)
  }

  /** The adapter's own would be the database that the URL names. */
  async connectToShadowDb() {
    const name = `prisma_migrate_shadow_db_${randomUUID()}`
    await this.#execute(`CREATE DATABASE ${quoted(name)}`)
    this.#shadows.push(name)
    return this.#beside(name).connect()
  }

  /** Not left to the engine, which forgets them when it panics. */
  async dropShadows() {
    for (const name of this.#shadows.splice(0)) await this.#execute(`DROP DATABASE ${quoted(name)} (FORCE)`)
  }

  async create() {
    // Decoded, as pg does before it connects.
    const name = decodeURI(new URL(this.#url).pathname.slice(1))
    await this.#beside('postgres').#execute(`CREATE DATABASE ${quoted(name)}`)
  }

  #beside(database) {
    return new PostgresqlDriver(Object.assign(new URL(this.#url), { pathname: database }).href)
  }

  async #execute(sql) {
    const connection = await this.connect()
    await connection.executeScript(sql).finally(() => connection.dispose())
  }
}

function forPostgresql(connection) {
  const { queryRaw } = connection
  const [char, text] = [18, 25]
  return Object.assign(connection, {
    // The adapter would cut it at every semicolon, those in strings and bodies of functions too.
    executeScript: async (sql) => {
      await connection.executeRaw({ sql, args: [], argTypes: [] })
    },
    // The adapter does not know "char", the one-letter type that PostgreSQL's catalogue is full of.
    queryRaw: async (query) => {
      const { fields, rows } = await connection.performIO(query)
      const known = fields.map((field) => (field.dataTypeID === char ? { ...field, dataTypeID: text } : field))
      const result = await queryRaw.call({ performIO: async () => ({ fields: known, rows }) }, query)
      const columnTypes = result.columnTypes.map((type, index) =>
        fields[index].dataTypeID === char ? ColumnTypeEnum.Character : type,
      )
      return { ...result, columnTypes }
    },
  })
}

/** With Prisma's code for it, which decides whether the CLI offers to create the database. */
function whyNotConnected(error) {
  const codes = { 28000: 'P1000', '28P01': 'P1000', '3D000': 'P1003' }
  // A host with several addresses fails with one error for each, and without a message of its own.
  const message = error.message || error.errors.map((each) => each.message).join(', ')
  return Object.assign(new Error(message), { code: codes[error.code] ?? 'P1001' })
}

function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`
}
