import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { type DatabaseServer, findServer, startServer } from '../../scripts/database-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(root, 'node_modules/prisma/build/index.js')
const engine = join(root, 'scripts/schema-engine.mjs')

const diff = 'migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --exit-code'
const sqliteTables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
const ours = ['Session', 'User', 'UserSession', '_prisma_migrations']

const environment: NodeJS.ProcessEnv = {
  ...process.env,
  // What a developer's shell names is for another database and another engine.
  DATABASE_URL: undefined,
  PRISMA_SCHEMA_ENGINE_BINARY: undefined,
  // Without them the CLI asks the network for news.
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
}

/**
 * This project's schema, migrations and config in a directory of their own, with a space in its name.
 *
 * @param server - where its database is to be: a server of PostgreSQL, on which there is none yet; default: SQLite
 */
function newProject(server?: string) {
  const directory = mkdtempSync(join(inject('directory'), 'a project '))
  for (const name of ['prisma', 'prisma.config.ts', 'package.json']) {
    cpSync(join(root, name), join(directory, name), { recursive: true })
  }
  for (const name of ['node_modules', 'scripts']) symlinkSync(join(root, name), join(directory, name))
  const folder = join(directory, server ? 'prisma/postgresql' : 'prisma')
  const schema = join(folder, 'schema.prisma')
  const migrations = join(folder, 'migrations')
  const migrationNames = readdirSync(migrations).filter((name) => /^\d/.test(name))
  const database = join(directory, 'dev.db')
  const url = server && Object.assign(new URL(server), { pathname: `a-project-${randomUUID()}` }).href

  const prisma = (command: string, variables: NodeJS.ProcessEnv = {}) => {
    const env = { ...environment, DATABASE_URL: url, ...variables }
    const options = { cwd: directory, env, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...command.split(' ')], options)
    return { status, output: stdout + stderr }
  }
  const addColumn = (column: string) => {
    writeFileSync(schema, readFileSync(schema, 'utf8').replace('model User {', `model User {\n  ${column}`))
  }
  const addMigration = (name: string, sql: string) => {
    mkdirSync(join(migrations, name))
    writeFileSync(join(migrations, name, 'migration.sql'), sql)
  }
  const readMigration = (name: string) => {
    const entry = readdirSync(migrations).find((each) => each.endsWith(`_${name}`))
    return readFileSync(join(migrations, entry!, 'migration.sql'), 'utf8')
  }
  const query = (sql: string) => queryAt(url ?? `file:${database}`, sql)
  return { directory, database, url: url!, migrationNames, prisma, addColumn, addMigration, readMigration, query }
}

async function queryAt(url: string, sql: string) {
  const driver = url.startsWith('file:') ? new PrismaLibSql({ url }) : new PrismaPg(url)
  const connection = await driver.connect()
  const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] })
  await connection.dispose()
  return rows.flat()
}

/** This project's engine under another name, after some lines of script. */
function otherEngine(directory: string, script: string) {
  const file = join(directory, 'other-engine.mjs')
  writeFileSync(file, `#!/usr/bin/env node\n${script}\nawait import(${JSON.stringify(engine)})`, { mode: 0o755 })
  return file
}

/** This project's engine, whose heart can be heard for as long as it runs. */
function beatingEngine(directory: string) {
  const beats = join(directory, 'beats')
  const script = `
    import { appendFileSync } from 'node:fs'
    const beat = () => appendFileSync(${JSON.stringify(beats)}, '.')
    beat()
    setInterval(beat, 20).unref()`
  return { file: otherEngine(directory, script), beats: () => (existsSync(beats) ? statSync(beats).size : 0) }
}

// Windows starts no script by its first line.
const isWindows = process.platform === 'win32'
const hasPostgresql = (await findServer('postgresql')) !== undefined

describe.skipIf(isWindows)('the schema engine from npm', () => {
  test('migrate diff exits 0 where the migrations are the schema, and makes no database for that', () => {
    const { prisma, database } = newProject()
    expect(prisma(diff)).toEqual({ status: 0, output: expect.stringContaining('No difference detected') })
    expect(existsSync(database)).toBe(false)
  })

  test('migrate diff exits 2 and names the column that no migration makes', () => {
    const { prisma, addColumn } = newProject()
    addColumn('shoeSize Int?')
    expect(prisma(diff)).toEqual({ status: 2, output: expect.stringContaining('Added column `shoeSize`') })
  })

  test('migrate status exits 1 and changes nothing until migrate deploy has applied the migrations', async () => {
    const { prisma, database, query } = newProject()
    expect(prisma('migrate status')).toEqual({ status: 1, output: expect.stringContaining('P1003') })
    expect(existsSync(database)).toBe(false)

    writeFileSync(database, '')
    const unapplied = expect.stringMatching(/not yet been applied:\n\d+_init\n/)
    expect(prisma('migrate status')).toEqual({ status: 1, output: unapplied })
    expect(await query(sqliteTables)).toEqual([])

    expect(prisma('migrate deploy')).toEqual({ status: 0, output: expect.stringContaining('_init') })
    expect(prisma('migrate status')).toEqual({ status: 0, output: expect.stringContaining('up to date') })
    expect(await query(sqliteTables)).toEqual(ours)
  })

  test('migrate deploy refuses a database that has tables and no history', async () => {
    const { prisma, query } = newProject()
    await query('CREATE TABLE stranger (id)')
    expect(prisma('migrate deploy')).toEqual({ status: 1, output: expect.stringContaining('P3005') })
    expect(await query(sqliteTables)).toEqual(['stranger'])
  })

  test('migrate dev writes a changed schema as a migration and applies it, rows kept', async () => {
    const { prisma, addColumn, readMigration, query } = newProject()
    expect(prisma('migrate deploy').status).toBe(0)
    await query(`INSERT INTO User (email) VALUES ('mail@example.com')`)
    // SQLite cannot add such a column: the migration is a script that writes the table anew.
    addColumn('shoeSize Int @default(42) @unique')
    expect(prisma('migrate dev --name shoes')).toEqual({ status: 0, output: expect.stringContaining('now in sync') })
    expect(readMigration('shoes')).toContain('"shoeSize" INTEGER NOT NULL DEFAULT 42')
    expect(await query('SELECT email, shoeSize FROM User')).toEqual(['mail@example.com', 42])
    expect(prisma(diff).status).toBe(0)
  })

  test('migrate dev brings a database that is not there yet up to a changed schema', async () => {
    const { prisma, addColumn, query } = newProject()
    addColumn('shoeSize Int @default(42)')
    expect(prisma('migrate dev --name shoes')).toEqual({ status: 0, output: expect.stringContaining('now in sync') })
    expect(await query(sqliteTables)).toEqual(ours)
    expect(prisma(diff).status).toBe(0)
  })

  test('migrate reset removes everything from the database and applies the migrations again', async ({ skip }) => {
    const { prisma, query } = newProject()
    expect(prisma('migrate deploy').status).toBe(0)
    await query(`INSERT INTO User (email) VALUES ('mail@example.com')`)
    await query('CREATE TABLE stranger (id)')
    await query('CREATE VIEW stranger_view AS SELECT * FROM stranger')
    const { status, output } = prisma('migrate reset --force')
    skip(output.includes('AI agent'), 'Prisma wants a person to agree before an agent resets a database')
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('Database reset successful') })
    expect(await query(sqliteTables)).toEqual(ours)
    expect(await query(`SELECT name FROM sqlite_master WHERE type = 'view'`)).toEqual([])
    expect(await query('SELECT * FROM User')).toEqual([])
    expect(await query('PRAGMA integrity_check')).toEqual(['ok'])
    expect(prisma('migrate status').status).toBe(0)
  })

  test('an engine that the environment names already is used instead', () => {
    const { prisma, directory } = newProject()
    const { file, beats } = beatingEngine(directory)
    expect(prisma('migrate deploy', { PRISMA_SCHEMA_ENGINE_BINARY: file }).status).toBe(0)
    expect(beats()).toBeGreaterThan(0)
  })

  test('a failing migration is named with its reason and nothing else, and leaves no process behind', async () => {
    const { prisma, directory, addMigration } = newProject()
    const { file, beats } = beatingEngine(directory)
    addMigration('20990101000000_typo', 'CREATE TABLE fine (id INTEGER); CREATE TABEL wrong (id INTEGER);')
    const { status, output } = prisma('migrate deploy', { PRISMA_SCHEMA_ENGINE_BINARY: file })
    expect(status).toBe(1)
    expect(output).toMatch(/Error: Migration 20990101000000_typo failed: SQLITE_ERROR: near "TABEL": syntax error\s*$/)
    expect(beats()).toBeGreaterThan(0)
    const hasStopped = async () => {
      const before = beats()
      await sleep(300)
      return beats() === before
    }
    await expect.poll(hasStopped, { timeout: 5000 }).toBe(true)
    expect(prisma('migrate deploy').output).toContain('The `20990101000000_typo` migration started at')
  })

  test.each([
    ['mysql://me:secret@localhost/db', 'migrations in prisma/mysql/migrations are written by hand'],
    ['mariadb://me:secret@localhost/db', 'migrations in prisma/mysql/migrations are written by hand'],
    ['sqlserver://me:secret@localhost/db', 'for SQLite (file:…) and PostgreSQL (postgresql://…), not for "sqlserver"'],
    ['host=localhost password=secret', 'for SQLite (file:…) and PostgreSQL (postgresql://…), not for ""'],
  ])('%s is refused with a reason that does not repeat the password', (DATABASE_URL, reason) => {
    const { prisma } = newProject()
    for (const command of ['migrate status', diff]) {
      const { status, output } = prisma(command, { DATABASE_URL })
      expect(status).toBe(1)
      expect(output).toContain(reason)
      expect(output).not.toContain('secret')
    }
  })

  test('a schema named on the command line is used, whatever database the environment names', () => {
    const { prisma, directory } = newProject()
    const command = 'generate --schema prisma/mysql/schema.prisma'
    expect(prisma(command, { DATABASE_URL: 'postgresql://localhost/db' }).status).toBe(0)
    expect(readdirSync(join(directory, 'generated'))).toEqual(['mysql'])
  })

  test('a panic of the engine is an error with its reason', () => {
    const { status, output } = newProject().prisma('migrate deploy', { FORCE_PANIC_SCHEMA_ENGINE: '1' })
    expect(status).toBe(1)
    expect(output).toContain('This is the debugPanic artificial panic')
  })

  test('a database that cannot be opened is an error that says so', () => {
    const { status, output } = newProject().prisma('migrate deploy', { DATABASE_URL: 'file:./missing/dev.db' })
    expect(status).toBe(1)
    expect(output).toMatch(/P1001: .*Unable to open/)
  })

  test('prisma version names the engine that the CLI was made for', () => {
    const { output } = newProject().prisma('version')
    const hash = /Default Engines Hash +: ([0-9a-f]{40})/.exec(output)?.[1]
    expect(output).toMatch(new RegExp(`Schema Engine +: schema-engine-wasm ${hash} `))
  })

  test('requests are answered in turn, also after one that fails, until the input ends', async () => {
    const url = `file:${newProject().database}`
    const child = spawn(engine, ['--datasource', JSON.stringify({ url })])
    onTestFinished(() => void child.kill('SIGKILL'))
    const output = text(child.stdout)
    const params = { datasource: { tag: 'ConnectionString', url } }
    const methods = ['getDatabaseVersion', 'orderPizza', 'ensureConnectionValidity', 'diff']
    for (const [id, method] of methods.entries()) {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    }
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
    const answers = (await output).trim().split('\n')
    expect(answers.map((line) => JSON.parse(line))).toEqual([
      { jsonrpc: '2.0', id: 0, result: expect.stringMatching(/^3\.\d+/) },
      { jsonrpc: '2.0', id: 1, error: expect.objectContaining({ message: expect.stringContaining('orderPizza') }) },
      { jsonrpc: '2.0', id: 2, result: {} },
      // Parameters of another method make the engine throw where no promise of it is told.
      { jsonrpc: '2.0', id: 3, error: expect.objectContaining({ message: expect.stringContaining('missing field') }) },
    ])
  })

  test('studio shows the database that migrate deploy made', async ({ skip }) => {
    const { prisma, directory, migrationNames } = newProject()
    expect(prisma('migrate deploy').status).toBe(0)
    const studio = spawn(process.execPath, [cli, 'studio', '--browser', 'none'], { cwd: directory, env: environment })
    onTestFinished(() => void studio.kill('SIGKILL'))
    let output = ''
    for (const stream of [studio.stdout, studio.stderr]) stream.on('data', (chunk) => (output += chunk))
    await expect.poll(() => output, { timeout: 20_000 }).toMatch(/localhost:\d+|Error|!/)
    const hasNoDriver = /Cannot find package|bindings file|NODE_MODULE_VERSION/.test(output)
    skip(hasNoDriver, 'Before Node 22.5, studio needs a better-sqlite3 that is built')

    expect(output).toMatch(/localhost:\d+/)
    const port = /localhost:(\d+)/.exec(output)![1]
    const sql = 'SELECT count(*) AS applied FROM _prisma_migrations'
    const body = JSON.stringify({ procedure: 'query', query: { sql, parameters: [] } })
    const response = await fetch(`http://127.0.0.1:${port}/bff`, { method: 'POST', body })
    expect(await response.json()).toEqual([null, [{ applied: migrationNames.length }]])
  })
})

describe.skipIf(isWindows || !hasPostgresql)('the schema engine from npm on PostgreSQL', () => {
  const migrationsToSchema = diff.replaceAll('prisma/', 'prisma/postgresql/')
  const databaseToSchema =
    'migrate diff --from-config-datasource --to-schema prisma/postgresql/schema.prisma --exit-code'
  const noDifference = { status: 0, output: expect.stringContaining('No difference detected') }
  const postgresqlTables = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`
  const lowercase = `
      CREATE FUNCTION lowercase() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.email := lower(NEW.email); -- and done;
        RETURN NEW;
      END;
      $$;
      CREATE TRIGGER lowercase BEFORE INSERT ON "User" FOR EACH ROW EXECUTE FUNCTION lowercase();
      INSERT INTO "User" (email, name) VALUES ('Mail@Example.com', 'semi; colon');`

  let server: DatabaseServer
  beforeAll(async () => {
    server = await startServer('postgresql', 'America/New_York')
    await queryAt(server.url, `CREATE ROLE guest LOGIN PASSWORD 'secret'`)
  })
  afterAll(() => server.stop())

  const shadows = () => queryAt(server.url, `SELECT datname FROM pg_database WHERE datname LIKE '%shadow%'`)

  test('migrate diff exits 0 where the migrations are the schema, and 2 where a column is in no migration', async () => {
    const { prisma, addColumn } = newProject(server.url)
    expect(prisma(migrationsToSchema, { DATABASE_URL: server.url })).toEqual(noDifference)
    addColumn('shoeSize Int?')
    const { status, output } = prisma(migrationsToSchema, { DATABASE_URL: server.url })
    expect({ status, output }).toEqual({ status: 2, output: expect.stringContaining('Added column `shoeSize`') })
    expect(await queryAt(server.url, postgresqlTables)).toEqual([])
    expect(await shadows()).toEqual([])
  })

  test('migrate deploy creates the database that the schema describes, and migrate status tells', async () => {
    const { prisma, query, url } = newProject(server.url)
    const missing = expect.stringMatching(/P1003: database "a-project-.+" does not exist/)
    expect(prisma('migrate status')).toEqual({ status: 1, output: missing })
    await queryAt(server.url, `CREATE DATABASE "${new URL(url).pathname.slice(1)}"`)
    const unapplied = expect.stringMatching(/not yet been applied:\n\d+_init\n/)
    expect(prisma('migrate status')).toEqual({ status: 1, output: unapplied })
    expect(await query(postgresqlTables)).toEqual([])

    expect(prisma('migrate deploy')).toEqual({ status: 0, output: expect.stringContaining('_init') })
    expect(prisma('migrate status')).toEqual({ status: 0, output: expect.stringContaining('up to date') })
    expect(prisma(databaseToSchema, { DATABASE_URL: url.replace('postgresql:', 'postgres:') })).toEqual(noDifference)
    expect(await query(postgresqlTables)).toEqual(ours)
  })

  test('migrate deploy goes to the schema that the URL names', async () => {
    const { prisma, query, url } = newProject(server.url)
    const DATABASE_URL = `${url}?schema=${encodeURIComponent('My schema')}&application_name=deploy`
    expect(prisma('migrate deploy', { DATABASE_URL }).status).toBe(0)
    expect(prisma(databaseToSchema, { DATABASE_URL })).toEqual(noDifference)
    expect(prisma(migrationsToSchema, { DATABASE_URL })).toEqual(noDifference)
    const elsewhere = postgresqlTables.replace('public', 'My schema')
    expect([await query(elsewhere), await query(postgresqlTables)]).toEqual([ours, []])
  })

  test('migrate dev creates the database, writes a changed schema as a migration and applies it, rows kept', async () => {
    const { prisma, addColumn, readMigration, query } = newProject(server.url)
    expect(prisma('migrate dev')).toEqual({ status: 0, output: expect.stringContaining('created at') })
    await query(`INSERT INTO "User" (email) VALUES ('mail@example.com')`)
    addColumn('shoeSize Int @default(42)')
    expect(prisma('migrate dev --name shoes')).toEqual({ status: 0, output: expect.stringContaining('now in sync') })
    expect(readMigration('shoes')).toContain('"shoeSize" INTEGER NOT NULL DEFAULT 42')
    expect(await query('SELECT email, "shoeSize" FROM "User"')).toEqual(['mail@example.com', 42])
    expect(prisma(migrationsToSchema)).toEqual(noDifference)
    expect(prisma(databaseToSchema)).toEqual(noDifference)
    expect(await shadows()).toEqual([])
  })

  test('bodies of functions and strings with semicolons are applied whole, to the shadow database too', async () => {
    const { prisma, addMigration, query } = newProject(server.url)
    addMigration('20990101000000_lowercase', lowercase)
    expect(prisma('migrate deploy').status).toBe(0)
    expect(await query('SELECT email, name FROM "User"')).toEqual(['mail@example.com', 'semi; colon'])
    expect(prisma(migrationsToSchema)).toEqual(noDifference)
    expect(prisma('migrate dev')).toEqual({ status: 0, output: expect.stringContaining('Already in sync') })
  })

  test('migrate reset removes everything from the database and applies the migrations again', async ({ skip }) => {
    const { prisma, query } = newProject(server.url)
    expect(prisma('migrate deploy').status).toBe(0)
    await query(`INSERT INTO "User" (email) VALUES ('mail@example.com')`)
    await query('CREATE TABLE stranger (id INTEGER)')
    await query('CREATE VIEW stranger_view AS SELECT * FROM stranger')
    const { status, output } = prisma('migrate reset --force')
    skip(output.includes('AI agent'), 'Prisma wants a person to agree before an agent resets a database')
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('Database reset successful') })
    expect(await query(postgresqlTables)).toEqual(ours)
    expect(await query(`SELECT viewname FROM pg_views WHERE schemaname = 'public'`)).toEqual([])
    expect(await query('SELECT * FROM "User"')).toEqual([])
    expect(prisma('migrate status').status).toBe(0)
  })

  test('db push makes the tables without a history, and migrate resolve starts one', async () => {
    const { prisma, query, migrationNames } = newProject(server.url)
    expect(prisma('db push').status).toBe(0)
    expect(await query(postgresqlTables)).toEqual(ours.filter((name) => name !== '_prisma_migrations'))
    expect(prisma(databaseToSchema)).toEqual(noDifference)
    expect(prisma('migrate deploy')).toEqual({ status: 1, output: expect.stringContaining('P3005') })
    for (const name of migrationNames) expect(prisma(`migrate resolve --applied ${name}`).status).toBe(0)
    expect(prisma('migrate deploy')).toEqual({ status: 0, output: expect.stringContaining('No pending') })
    expect(prisma('migrate status').status).toBe(0)
  })

  test('a failing migration is named with its reason and nothing else, and leaves nothing behind', async () => {
    const { prisma, addMigration, query } = newProject(server.url)
    addMigration('20990101000000_typo', 'CREATE TABLE fine (id INTEGER); CREATE TABEL wrong (id INTEGER);')
    const reason = 'external connector error\nError querying the database: ERROR: syntax error at or near "TABEL"\n'
    const { status, output } = prisma('migrate deploy')
    expect(status).toBe(1)
    expect(output.trimEnd().endsWith(`Error: Migration 20990101000000_typo failed: ${reason.trimEnd()}`)).toBe(true)
    expect(await query(postgresqlTables)).toEqual(ours)
    for (const command of ['migrate dev', migrationsToSchema]) {
      const shadow = prisma(command)
      expect(shadow).toEqual({ status: 1, output: expect.stringContaining('Migration `20990101000000_typo` failed') })
      expect(shadow.output).toContain(reason)
    }
    expect(await shadows()).toEqual([])
  })

  test('a panic of the engine leaves no shadow database behind', async () => {
    const { prisma, directory } = newProject(server.url)
    // A type that it did not expect is what it panics at.
    const script = `
        import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
        ColumnTypeEnum.Character = ColumnTypeEnum.Text`
    const PRISMA_SCHEMA_ENGINE_BINARY = otherEngine(directory, script)
    const { status, output } = prisma('migrate dev', { PRISMA_SCHEMA_ENGINE_BINARY })
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('panicked at') })
    expect(await shadows()).toEqual([])
  })

  test('what the driver itself gives up at is the reason too', () => {
    const { prisma, addMigration, url } = newProject(server.url)
    addMigration('20990101000000_slow', 'SELECT pg_sleep(20)')
    const { status, output } = prisma('migrate deploy', { DATABASE_URL: `${url}?query_timeout=5000` })
    expect(status).toBe(1)
    expect(output).toMatch(/20990101000000_slow failed: external connector error\nQuery read timeout\s*$/)
  })

  test.each([
    ['a wrong password', 'guest:secret-2@HOST/postgres', 'P1000', 'password authentication failed for user "guest"'],
    ['an unknown database', 'guest:secret@HOST/nowhere', 'P1003', 'database "nowhere" does not exist'],
    ['a server that is not there', 'guest:secret@127.0.0.1:1/postgres', 'P1001', 'connect ECONNREFUSED 127.0.0.1:1'],
    ['a server without TLS', 'guest:secret@HOST/postgres?sslmode=require', 'P1001', 'The server does not support SSL'],
    ['a URL that cannot be read', 'guest:se#secret@HOST/postgres', 'P1013', "The database's URL cannot be read"],
  ])('%s is an error that says so, without the password', (_, place, code, reason) => {
    const { prisma } = newProject()
    const DATABASE_URL = `postgresql://${place.replace('HOST', new URL(server.url).host)}`
    for (const command of ['migrate status', migrationsToSchema]) {
      const { status, output } = prisma(command, { DATABASE_URL })
      expect(status).toBe(1)
      expect(output).toMatch(new RegExp(`Error: ${code}:?\\s+${reason}`))
      expect(output).not.toContain('secret')
    }
  })

  test('a server that does not answer is given up on', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void listener.close())
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const DATABASE_URL = `postgresql://guest:secret@127.0.0.1:${port}/postgres?connect_timeout=1`
    const { status, output } = newProject().prisma('migrate status', { DATABASE_URL })
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('P1001: Connection terminated') })
    expect(output).not.toContain('secret')
  })

  test('whoever may not create databases is told so', async () => {
    const { prisma, url } = newProject(server.url)
    const guest = { username: 'guest', password: 'secret' }
    for (const [command, place] of [
      ['migrate deploy', url],
      [migrationsToSchema, server.url],
    ] as const) {
      const DATABASE_URL = Object.assign(new URL(place), guest).href
      const { status, output } = prisma(command, { DATABASE_URL })
      expect({ status, output }).toEqual({
        status: 1,
        output: expect.stringContaining('permission denied to create database'),
      })
      expect(output).not.toContain('secret')
    }
    expect(await shadows()).toEqual([])
  })
})
