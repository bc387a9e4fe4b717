import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import type { Figure } from './figure.ts'

/** What a run measured, where, and with what. */
export interface Results {
  /** `sqlite`, `postgresql`, `mysql`; `import` for what needs no database. */
  readonly name: string
  readonly date: string
  readonly command: string
  readonly isQuick: boolean
  readonly machine: string
  /** How many processes wanted a core in the last 5 minutes, on average: those of the run are 1 to 3. */
  readonly load: number
  /** Of whatever took part. */
  readonly versions: Readonly<Record<string, string>>
  /** How the database is set up. */
  readonly settings: string
  /** How often and how long each contender of a case had its turn. */
  readonly rounds: number
  readonly milliseconds?: number
  readonly figures: readonly Figure[]
}

const packages = [
  '@prisma/client',
  '@prisma/adapter-better-sqlite3',
  '@prisma/adapter-pg',
  '@prisma/adapter-mariadb',
  'better-sqlite3',
  'pg',
  'mariadb',
  'better-auth',
  'lucia',
  '@lucia-auth/adapter-prisma',
  '@quixo3/prisma-session-store',
]

/** Node's version, with the environment that it was told of, and those of the packages that take part. */
export function versionsOfPackages(): Record<string, string> {
  const node = `${process.versions.node}, NODE_ENV ${process.env.NODE_ENV ?? 'is not set'}`
  return Object.fromEntries([['Node.js', node], ...packages.map((name) => [name, versionOf(name)])])
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Its processors and memory. */
export function describeMachine(): string {
  const { length } = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return `${length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${gigabytes} GB of memory, ${process.platform} ${process.arch}`
}

/** How busy it was in the last 5 minutes. */
export function loadOfMachine(): number {
  return Math.round(loadavg()[1]! * 10) / 10
}

/** Keeps a run's results in a folder, in the place of an earlier run's of the same name. */
export function writeResults(folder: URL, results: Results): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${results.name}.json`, folder), `${JSON.stringify(results, undefined, 2)}\n`)
}

/** All that are kept in a folder, in the order in which they are told. */
export function readResults(folder: URL): Results[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []
  const results = files.map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Results)
  const order = ['sqlite', 'postgresql', 'mysql', 'import']
  return results.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}
