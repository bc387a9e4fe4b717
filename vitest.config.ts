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

const missing = drivers.filter(({ isHere }) => !isHere)
for (const name of process.env.REQUIRE_DATABASES?.split(',') ?? []) {
  const known = drivers.find(({ database }) => database === name)
  if (!known) throw new Error(`REQUIRE_DATABASES names ${name}: known are ${drivers.map((driver) => driver.database)}`)
  if (!known.isHere) throw new Error(`REQUIRE_DATABASES names ${name}, which is not here. ${known.cure}`)
}

export default defineConfig({
  resolve: { alias: { 'prisma-user-sessions': fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    // Many tests start processes of their own, on machines that may have two cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', { onTestRunEnd: nameMissing }],
    globalSetup: 'tests/temporary-directory.ts',
    projects: [
      project('unit', ['tests/*.test.ts', 'tests/unit/**/*.test.ts']),
      ...drivers.filter(({ isHere }) => isHere).map(databaseProject),
      project('types', ['tests/types/**/*.test.ts'], { testTimeout: 300_000 }),
      project('package', ['tests/package/**/*.test.ts'], { testTimeout: 300_000 }),
    ],
  },
})

function project(name: string, include: string[], options = {}): TestProjectConfiguration {
  return { extends: true, test: { name, include, ...options } }
}

function databaseProject({ driver, zone }: { driver: Driver; zone: string }): TestProjectConfiguration {
  const isServer = driver === 'postgresql' || driver === 'mysql'
  const own = isServer ? 'servers' : 'sqlite'
  return project(driver, [`tests/{database,${own}}/**/*.test.ts`], {
    globalSetup: 'tests/database-servers.ts',
    provide: { driver, serverZones: isServer ? { [driver]: serverZones[driver] } : {} },
    env: { TZ: process.env.TZ ?? zone },
  })
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
