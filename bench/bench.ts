// Measures the package beside bare Prisma, the raw driver and what else there is: `npm run bench -- --database postgresql --quick`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findServer, startServer } from '../scripts/database-server.ts'
import { createDatabase, dropDatabase } from '../scripts/databases.ts'
import { benchmarksPage } from './benchmarks-page.ts'
import { describeFigure } from './describe-figure.ts'
import type { Figure } from './figure.ts'
import { importCase, importRounds, measureImport } from './import-time.ts'
import { databaseCases, type Job, jobsOn } from './jobs.ts'
import { marksOf } from './marks.ts'
import type { Pace } from './measure.ts'
import { databaseNames, type DatabaseName, driverOf, openTable, type Table } from './open-table.ts'
import { plotsOf } from './plots.ts'
import {
  describeMachine,
  loadOfMachine,
  readResults,
  type Results,
  versionsOfPackages,
  writeResults,
} from './results.ts'

const help = `Usage: npm run bench -- [options]

  --database  sqlite, postgresql or mysql (default: all that are there)
  --quick     smaller tables, fewer rounds: 2 to 3 minutes a database, written to bench/quick
  --case      only cases whose name contains this; nothing is written
  --rows      how many user sessions, for example 1000,100000; nothing is written`

const options = readOptions()
const pace: Pace = options.isQuick ? { rounds: 12, milliseconds: 60 } : { rounds: 24, milliseconds: 90 }
let isFinishing = false
/** What is to be undone, the latest first. */
const undoing: (() => unknown)[] = []

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    console.error('\nInterrupted')
    breakOff(130)
  })
}
// Whoever read it has had enough: `npm run bench | head`.
process.stdout.once('error', () => breakOff(1))
try {
  const figures = await runAll([{ name: importCase, run: () => measureImport(options) }])
  if (figures.length > 0) conclude('import', {}, '', figures, { rounds: importRounds(options.isQuick) })
  const isOfDatabases = databaseCases.some((name) => name.includes(options.case))
  for (const database of isOfDatabases ? options.databases : []) await measureDatabase(database)
  await finish(0)
} catch (error) {
  if (!isFinishing) console.error(error)
  await finish(1)
}

function breakOff(code: number): void {
  // Whatever is under way loses its database now.
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, () => {})
  void finish(code)
}

async function finish(code: number): Promise<void> {
  if (isFinishing) return
  isFinishing = true
  await undoTo(0)
  process.exit(code)
}

/** Takes back what was set up since there was so much to undo. What fails keeps nothing else from it. */
async function undoTo(count: number): Promise<void> {
  while (undoing.length > count) {
    try {
      await undoing.pop()!()
    } catch (error) {
      console.error(error)
    }
  }
}

async function measureDatabase(database: DatabaseName): Promise<void> {
  const undone = undoing.length
  const place = await openPlace(database)
  if (place === undefined) {
    console.log(`${database} is not here`)
    return
  }
  const driver = driverOf(database)
  const tables: Table[] = []
  for (const rows of options.rows) {
    const begin = performance.now()
    const url = await createDatabase(driver, place)
    undoing.push(() => dropDatabase(driver, place, url))
    const table = await openTable(database, url, rows)
    undoing.push(() => table.close())
    tables.push(table)
    console.log(`${table.floor.version}: ${rows} rows in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
  }
  const figures = await runAll(jobsOn(tables, pace, options.isQuick))
  const { version, settings } = tables[0]!.floor
  conclude(database, { database: version }, settings, figures, pace)
  await undoTo(undone)
}

/** Runs what was asked for, and tells each result as soon as it is there. */
async function runAll(jobs: readonly Job[]): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const { name, run } of jobs) {
    if (!name.includes(options.case)) continue
    const measured = await run()
    for (const figure of measured) console.log(describeFigure(figure))
    console.log()
    figures.push(...measured)
  }
  return figures
}

/** Tells how the package did, and keeps the results of a whole run. */
function conclude(
  name: string,
  versions: Record<string, string>,
  settings: string,
  figures: readonly Figure[],
  howMuch: Pick<Results, 'rounds' | 'milliseconds'>,
): void {
  for (const { what, need, measured, isMet } of marksOf(name, figures)) {
    console.log(`${isMet ? 'met   ' : 'MISSED'} ${`${what}: ${need}`.padEnd(120)} ${measured}`)
  }
  console.log()
  if (!options.isWhole) return
  const root = new URL('../', import.meta.url)
  const { isQuick } = options
  const folder = new URL(isQuick ? 'bench/quick/' : 'bench/results/', root)
  const given = process.argv.slice(2)
  writeResults(folder, {
    name,
    date: new Date().toISOString(),
    command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
    isQuick,
    machine: describeMachine(),
    load: loadOfMachine(),
    versions: { ...versions, ...versionsOfPackages() },
    settings,
    ...howMuch,
    figures,
  })
  const all = readResults(folder)
  for (const { file, svg } of all.flatMap(plotsOf)) writeFileSync(new URL(file, folder), svg)
  const page = isQuick ? new URL('BENCHMARKS.md', folder) : new URL('BENCHMARKS.md', root)
  writeFileSync(page, benchmarksPage(all, isQuick ? '' : 'bench/results/'))
  console.log(`Written: ${fileURLToPath(page)}`)
}

/** Where databases can be made: a folder, or a server of its own unless one is named. */
async function openPlace(database: DatabaseName): Promise<string | undefined> {
  if (database === 'sqlite') {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'))
    undoing.push(() => rmSync(directory, { recursive: true, force: true }))
    return directory
  }
  const found = await findServer(database)
  if (found !== 'own') return found
  const server = await startServer(database, database === 'mysql' ? '+00:00' : 'UTC', 'measuring')
  undoing.push(() => server.stop())
  return server.url
}

function readOptions() {
  try {
    return parseOptions()
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`.trim())
    return process.exit(1)
  }
}

function parseOptions() {
  const { values } = parseArgs({
    options: {
      database: { type: 'string' },
      quick: { type: 'boolean', default: false },
      case: { type: 'string', default: '' },
      rows: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) throw new Error('')
  const chosen = databaseNames.filter((name) => values.database === undefined || values.database === name)
  if (chosen.length === 0) throw new Error(`--database must be one of ${databaseNames.join(', ')}`)
  const rows = (values.rows ?? (values.quick ? '1000,100000' : '1000,100000,1000000')).split(',').map(Number)
  if (!rows.every((count) => Number.isInteger(count) && count >= 1000)) {
    throw new Error('--rows must be whole numbers of 1000 or more')
  }
  return {
    databases: chosen,
    isQuick: values.quick,
    case: values.case,
    rows: rows.toSorted((a, b) => a - b),
    isWhole: values.case === '' && values.rows === undefined,
  }
}
