import type { TestProject } from 'vitest/node'
import { findServer, startServer, type ServerKind } from '../scripts/database-server.ts'
import type { Driver } from '../scripts/databases.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What the tests of `tests/database/` run on. */
    driver: Driver
    /** Which servers the tests of a project need, and what each takes for local time. */
    serverZones: Partial<Record<ServerKind, string>>
    /** The administrative database of each. */
    servers: Partial<Record<Driver, string>>
  }
}

/** The servers that a project's tests need, for as long as they run. */
export default async function databaseServers(project: TestProject): Promise<() => Promise<unknown>> {
  const zones = Object.entries(project.config.provide.serverZones ?? {}) as [ServerKind, string][]
  const servers = await Promise.all(
    zones.map(async ([kind, zone]) => {
      const given = await findServer(kind)
      const server = given === 'own' ? await startServer(kind, zone) : { url: given!, async stop() {} }
      return { kind, server }
    }),
  )
  project.provide('servers', Object.fromEntries(servers.map(({ kind, server }) => [kind, server.url])))
  return () => Promise.all(servers.map(({ server }) => server.stop()))
}
