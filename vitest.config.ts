import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { findServer, type ServerKind } from './scripts/database-server.ts'
import type { Driver } from './scripts/databases.ts'

/**
 * What `tests/database/` runs on. No zone of a process or a server is UTC, and none is another's: a date that anybody
 * writes or reads in local time is another one elsewhere.
 */
const drivers: { driver: Driver; database: string; zone: string; isHere: boolean; cure: string }[] = [
  { driver: 'libsql', database: 'sqlite', zone: 'America/St_Johns', isHere: true, cure: '' },
  {
    driver: 'better-sqlite3',
    database: 'better-sqlite3',
    zone: 'Pacific/Kiritimati',
    isHere: hasBetterSqlite3(),
    cure: 'It is not built here.',
  },
  {
    driver: 'postgresql',
    database: 'postgresql',
    zone: 'Asia/Kathmandu',
    isHere: (await findServer('postgresql')) !== undefined,
    cure: 'npm has no server for this platform: name one in POSTGRES_URL.',
  },
  {
    driver: 'mysql',
    database: 'mysql',
    zone: 'America/Los_Angeles',
    isHere: (await findServer('mysql')) !== undefined,
    cure: 'Install MariaDB, or name a server in MYSQL_URL.',
  },
]
const serverZones: Record<ServerKind, string> = { postgresql: 'America/New_York', mysql: '+12:45' }

const present = drivers.filter(({ isHere }) => isHere)
const missing = drivers.filter(({ isHere }) => !isHere)
for (const name of process.env.REQUIRE_DATABASES?.split(',') ?? []) {
  const known = drivers.find(({ database }) => database === name)
  if (!known)
    throw new Error(`REQUIRE_DATABASES names ${name}: known are ${drivers.map((driver) => driver.database).join(', ')}`)
  if (!known.isHere) throw new Error(`REQUIRE_DATABASES names ${name}, which is not here. ${known.cure}`)
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^prisma-user-sessions$/, replacement: fileURLToPath(new URL('./src/index.ts', import.meta.url)) },
      { find: /^prisma-user-sessions\/(.+)$/, replacement: fileURLToPath(new URL('./src/$1.ts', import.meta.url)) },
    ],
  },
  test: {
    // Many tests start processes of their own, on machines that may have two cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', { onTestRunEnd: nameMissing }],
    globalSetup: 'tests/temporary-directory.ts',
    projects: [
      project('unit', ['tests/architecture.test.ts', 'tests/unit/**/*.test.ts']),
      project('cli', ['tests/cli/**/*.test.ts']),
      ...present.map(databaseProject),
      project('differential', ['tests/differential.test.ts'], onServers(present)),
      project('frameworks', ['tests/frameworks/**/*.test.ts'], onServers(drivers.slice(0, 1))),
      project('examples', ['tests/examples/**/*.test.ts']),
      project('docs', ['tests/docs/**/*.test.ts'], { testTimeout: 300_000 }),
      project('types', ['tests/types/**/*.test.ts'], { testTimeout: 300_000 }),
      project('package', ['tests/package/**/*.test.ts'], {
        ...onServers(present.filter(({ driver }) => driver === 'libsql' || driver === 'postgresql')),
        testTimeout: 300_000,
      }),
    ],
  },
})

function project(name: string, include: string[], options = {}): TestProjectConfiguration {
  return { extends: true, test: { name, include, ...options } }
}

function databaseProject(here: (typeof drivers)[number]): TestProjectConfiguration {
  const own = here.driver in serverZones ? `servers,${here.driver}` : 'sqlite'
  return project(here.driver, [`tests/{database,${own}}/**/*.test.ts`], onServers([here]))
}

/** A process in the zone of the last of these databases, and the servers of those that have one. */
function onServers(databases: typeof drivers): object {
  const names = databases.map(({ driver }) => driver)
  const zones = Object.entries(serverZones).filter(([kind]) => names.includes(kind as ServerKind))
  return {
    globalSetup: 'tests/database-servers.ts',
    provide: { driver: names.at(-1), drivers: names, serverZones: Object.fromEntries(zones) },
    env: { TZ: process.env.TZ ?? databases.at(-1)!.zone },
  }
}

/** What did not run is said last, where it is seen. */
function nameMissing(): void {
  for (const { driver, cure } of missing) console.log(`\nSKIPPED: the database tests on ${driver}. ${cure}`)
}

/** It is native code that may be missing: its package brings none, and compiling it needs a compiler. */
function hasBetterSqlite3(): boolean {
  try {
    const Database = createRequire(import.meta.url)('better-sqlite3')
    new Database(':memory:').close()
    return true
  } catch {
    return false
  }
}
