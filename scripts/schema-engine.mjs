#!/usr/bin/env node
// Prisma's schema engine for networks that block its download. npm carries the same engine as WebAssembly; this file
// lets it answer the Prisma CLI, which starts the program that PRISMA_SCHEMA_ENGINE_BINARY names.
// Windows starts no script by its first line, and MySQL is not in that build: there, name a native engine in that variable.
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import { driverFor } from './schema-engine-drivers.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datamodels: { type: 'string', multiple: true },
    datasource: { type: 'string' },
    version: { type: 'boolean' },
  },
})
const { url = '' } = JSON.parse(values.datasource ?? '{}')
// Decoded, as libsql does before it opens the file.
const isMissing = () => url.startsWith('file:') && !existsSync(decodeURIComponent(url.replace(/^file:(\/\/)?/, '')))

const log = (level, fields) => console.error(JSON.stringify({ level, target: 'schema_engine::logger', fields }))
const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }))
// The CLI takes every line of standard error for JSON, and pg warns of some values of `sslmode`.
process.removeAllListeners('warning').on('warning', ({ message }) => log('WARN', { message }))

/** `can-connect-to-database` and `create-database`: the exit code is the answer, standard error has the reason. */
async function answerCommand(command) {
  log('INFO', { message: command }) // The CLI skips the first line.
  try {
    const driver = driverFor(url)
    // Connecting would create it, and a mistyped URL would pass for an empty database.
    if (command === 'can-connect-to-database' && isMissing()) {
      throw Object.assign(new Error('The database file does not exist'), { code: 'P1003' })
    }
    if (command === 'create-database') await driver.create?.()
    await (await driver.connect()).dispose()
  } catch (error) {
    log('ERROR', { message: error.message, error_code: /^P\d/.test(error.code) ? error.code : 'P1001' })
    process.exitCode = 1
  }
}

/** All else: JSON-RPC, one message a line, until the input ends. */
async function answerRequests() {
  let answer
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line)
    if (!method) continue // The CLI's receipt for a `print`.
    try {
      // Comparing migrations with a schema needs no database, and should not leave an empty one behind.
      answer ??= await start(driverFor(method === 'diff' && isMissing() ? 'file::memory:' : url))
      const result = (await answer(method, params)) ?? {}
      if (result.stdout) send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } })
      send({ id, result })
    } catch (error) {
      const message = withoutTrace(error.message)
      send({ id, error: { code: -32603, message, data: { is_panic: false, message, error_code: error.code } } })
    }
  }
}

async function load() {
  const wasm = readFileSync(new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm')))
  // Thrown, it ends the panic with its reason.
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message) {
      throw new Error(message)
    },
  }
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings })
  /* oxlint-disable no-underscore-dangle -- wasm-bindgen chose these names */
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  /* oxlint-enable no-underscore-dangle */
  return bindings
}

async function start(driver) {
  await (await driver.connect()).dispose() // Where it fails inside the engine, the reason is lost.
  const datamodels = values.datamodels?.map((path) => [path, readFileSync(path, 'utf8')])
  const adapter = bindMigrationAwareSqlAdapterFactory(driver)
  const { SchemaEngine } = await load()
  const engine = await orPanic(SchemaEngine.new({ datamodels }, () => {}, adapter))
  const run = (method, params) => orPanic(engine[method](params))
  return async (method, params) => {
    if (method === 'getDatabaseVersion') return run('version', params)
    if (method === 'reset' && driver.empty) return driver.empty()
    if (!(method in engine)) throw new Error(`Prisma's schema engine on WebAssembly does not know ${method}`)
    try {
      // It has the schema of the migrations from there, and fails where it has applied some since.
      if (method === 'evaluateDataLoss') await run('devDiagnostic', params)
      return await run(method, params)
    } catch (error) {
      // Of an error that is not the database's own, such as a lost connection, the engine tells the number.
      const reasonOf = (_, id) => adapter.errorRegistry.consumeError(id).error.message
      error.message = error.message.replace(/External error id#(\d+)/, reasonOf)
      throw error
    } finally {
      await driver.dropShadows?.()
    }
  }
}

/** Where the engine panics, its promise never settles, and what it threw is caught by nobody. */
function orPanic(result) {
  return new Promise((resolve, reject) => {
    process.once('uncaughtException', reject)
    result.then(resolve, reject).finally(() => process.off('uncaughtException', reject))
  })
}

function withoutTrace(message) {
  const [reason, trace] = message.split('\n   0: ')
  const migration = /migration_name="(.+)"/.exec(trace)?.[1]
  return migration ? `Migration ${migration} failed: ${reason}` : reason
}

if (values.version) console.log(`schema-engine-wasm ${(await load()).version()}`)
else if (positionals[0] === 'cli') await answerCommand(positionals[1])
else await answerRequests()
