// Database servers for tests, the demo of a failure and the stress program: real ones, on loopback, that leave nothing behind.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server that was started for this process alone. */
export interface DatabaseServer {
  /** Where its administrative database is. */
  readonly url: string
  /** Ends it as a power cut would, and starts it again on the same data and port. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Where Debian has what only administrators start. */
export const searchPath = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`

/** Whether MariaDB's server is installed on this machine. PostgreSQL's comes with an npm package. */
export function hasMariadb(): boolean {
  const { status } = spawnSync('mariadbd', ['--no-defaults', '--version'], { env: { PATH: searchPath } })
  return status === 0
}

/**
 * Starts a server on a free port of loopback, with an empty data directory.
 *
 * It is kept by a process of its own, which ends it and removes its data when this process is gone, however that ended.
 *
 * @param timeZone - what the server takes for local time: a name for PostgreSQL, an offset such as `+05:45` for MariaDB
 */
export async function startServer(kind: 'postgresql' | 'mysql', timeZone: string): Promise<DatabaseServer> {
  const program = fileURLToPath(new URL('database-server-process.ts', import.meta.url))
  // Not in this process's group: what the terminal's Ctrl-C ends first would be the server.
  const options = { stdio: ['pipe', 'pipe', 'inherit'], detached: true } as const
  const keeper = spawn(process.execPath, ['--import', 'tsx', program, kind, timeZone], options)
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
