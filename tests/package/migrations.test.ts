import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { describe, expect, inject, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(root, 'node_modules/prisma/build/index.js')
const engine = join(root, 'scripts/schema-engine.mjs')

const diff = 'migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --exit-code'
const tables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
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

/** This project's schema, migrations and config in a directory of their own, with a space in its name. */
function newProject() {
  const directory = mkdtempSync(join(inject('directory'), 'a project '))
  for (const name of ['prisma', 'prisma.config.ts', 'package.json']) {
    cpSync(join(root, name), join(directory, name), { recursive: true })
  }
  for (const name of ['node_modules', 'scripts']) symlinkSync(join(root, name), join(directory, name))
  const schema = join(directory, 'prisma/schema.prisma')
  const migrations = join(directory, 'prisma/migrations')
  const database = join(directory, 'dev.db')

  const prisma = (command: string, variables: NodeJS.ProcessEnv = {}) => {
    const env = { ...environment, ...variables }
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
    const folder = readdirSync(migrations).find((entry) => entry.endsWith(`_${name}`))
    return readFileSync(join(migrations, folder!, 'migration.sql'), 'utf8')
  }
  const query = async (sql: string) => {
    const connection = await new PrismaLibSql({ url: `file:${database}` }).connect()
    const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] })
    await connection.dispose()
    return rows.flat()
  }
  return { directory, database, prisma, addColumn, addMigration, readMigration, query }
}

/** This project's engine under another name, whose heart can be heard for as long as it runs. */
function otherEngine(directory: string) {
  const file = join(directory, 'other-engine.mjs')
  const beats = join(directory, 'beats')
  const script = `#!/usr/bin/env node
    import { appendFileSync } from 'node:fs'
    const beat = () => appendFileSync(${JSON.stringify(beats)}, '.')
    beat()
    setInterval(beat, 20).unref()
    await import(${JSON.stringify(engine)})`
  writeFileSync(file, script, { mode: 0o755 })
  return { file, beats: () => (existsSync(beats) ? statSync(beats).size : 0) }
}

// Windows starts no script by its first line.
describe.skipIf(process.platform === 'win32')('the schema engine from npm', () => {
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
    expect(await query(tables)).toEqual([])

    expect(prisma('migrate deploy')).toEqual({ status: 0, output: expect.stringContaining('_init') })
    expect(prisma('migrate status')).toEqual({ status: 0, output: expect.stringContaining('up to date') })
    expect(await query(tables)).toEqual(ours)
  })

  test('migrate deploy refuses a database that has tables and no history', async () => {
    const { prisma, query } = newProject()
    await query('CREATE TABLE stranger (id)')
    expect(prisma('migrate deploy')).toEqual({ status: 1, output: expect.stringContaining('P3005') })
    expect(await query(tables)).toEqual(['stranger'])
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

  test('migrate reset removes everything from the database and applies the migrations again', async ({ skip }) => {
    const { prisma, query } = newProject()
    expect(prisma('migrate deploy').status).toBe(0)
    await query(`INSERT INTO User (email) VALUES ('mail@example.com')`)
    await query('CREATE TABLE stranger (id)')
    await query('CREATE VIEW stranger_view AS SELECT * FROM stranger')
    const { status, output } = prisma('migrate reset --force')
    skip(output.includes('AI agent'), 'Prisma wants a person to agree before an agent resets a database')
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('Database reset successful') })
    expect(await query(tables)).toEqual(ours)
    expect(await query(`SELECT name FROM sqlite_master WHERE type = 'view'`)).toEqual([])
    expect(await query('SELECT * FROM User')).toEqual([])
    expect(await query('PRAGMA integrity_check')).toEqual(['ok'])
    expect(prisma('migrate status').status).toBe(0)
  })

  test('an engine that the environment names already is used instead', () => {
    const { prisma, directory } = newProject()
    const { file, beats } = otherEngine(directory)
    expect(prisma('migrate deploy', { PRISMA_SCHEMA_ENGINE_BINARY: file }).status).toBe(0)
    expect(beats()).toBeGreaterThan(0)
  })

  test('a failing migration is named with its reason and nothing else, and leaves no process behind', async () => {
    const { prisma, directory, addMigration } = newProject()
    const { file, beats } = otherEngine(directory)
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

  test('another database is refused by its kind, and not with its password', () => {
    const { prisma } = newProject()
    for (const command of ['migrate status', diff]) {
      const { status, output } = prisma(command, { DATABASE_URL: 'postgresql://me:secret@localhost/db' })
      expect(status).toBe(1)
      expect(output).toContain('answers for SQLite (file:…) only, not for "postgresql"')
      expect(output).not.toContain('secret')
    }
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
    for (const [id, method] of ['getDatabaseVersion', 'orderPizza', 'ensureConnectionValidity'].entries()) {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    }
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
    const answers = (await output).trim().split('\n')
    expect(answers.map((line) => JSON.parse(line))).toEqual([
      { jsonrpc: '2.0', id: 0, result: expect.stringMatching(/^3\.\d+/) },
      { jsonrpc: '2.0', id: 1, error: expect.objectContaining({ message: expect.stringContaining('orderPizza') }) },
      { jsonrpc: '2.0', id: 2, result: {} },
    ])
  })
  test('studio shows the database that migrate deploy made', async ({ skip }) => {
    const { prisma, directory } = newProject()
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
    expect(await response.json()).toEqual([null, [{ applied: 1 }]])
  })
})
