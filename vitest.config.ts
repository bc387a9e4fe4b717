import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'

const drivers = ['libsql', 'better-sqlite3'] as const
const available = drivers.filter((driver) => driver === 'libsql' || hasBetterSqlite3())
const missing = drivers.filter((driver) => !available.includes(driver))

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
      ...available.map((driver) => project(driver, ['tests/database/**/*.test.ts'], { provide: { driver } })),
      project('types', ['tests/types/**/*.test.ts'], { testTimeout: 300_000 }),
      project('package', ['tests/package/**/*.test.ts'], { testTimeout: 300_000 }),
    ],
  },
})

function project(name: string, include: string[], options = {}): TestProjectConfiguration {
  return { extends: true, test: { name, include, ...options } }
}

/** What did not run is said last, where it is seen. */
function nameMissing(): void {
  for (const driver of missing) console.log(`\nSKIPPED: the database tests on ${driver}, which is not built here.`)
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
