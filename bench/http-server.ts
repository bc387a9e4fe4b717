import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { ownName, type Figure } from './figure.ts'
import { keyOf } from './fill.ts'
import { type Contender, measure } from './measure.ts'
import type { Place } from './open-table.ts'

export const httpServerCase = 'http, one touch per request'

/** How many connections there are, each of which has one request under way. */
const connections = 64
/** What the server does before it answers, the one that the others are a ratio to first, and the path for that. */
const contenders = [
  ['findUnique + update', '/pair'],
  ['one conditional updateMany', '/conditional'],
  [`${ownName}, write due`, '/write-due'],
  [`${ownName}, nothing due`, '/nothing-due'],
  // What the server and those who ask it can do at most.
  ['no touch', '/nothing'],
] as const

/**
 * How many requests a server of `node:http` answers when each touches the session of somebody else: in a process of its own,
 * asked from this one.
 *
 * Sessions in the database are touched.
 */
export async function measureHttpServer({ database, driver, url, rows, isQuick }: Place): Promise<Figure[]> {
  const pace = isQuick ? { rounds: 6, milliseconds: 500 } : { rounds: 12, milliseconds: 1000 }
  const server = spawn(process.execPath, [
    '--import',
    'tsx',
    fileURLToPath(new URL('http-server-process.ts', import.meta.url)),
    driver,
    url,
  ])
  const sockets: Socket[] = []
  try {
    server.stderr.pipe(process.stderr)
    const port = await portOf(server)
    for (let count = 0; count < connections; count++) sockets.push(await open(port))
    const asked = contenders.map(([name, path]): Contender => ({ name, call: () => ask(sockets, path, anyKey(rows)) }))
    const what = { case: httpServerCase, database, rows, underWay: connections }
    const figures = await measure(what, asked, pace)
    return figures.map((figure) => Object.assign(figure, { unit: 'requests/s' as const }))
  } finally {
    for (const socket of sockets) socket.destroy()
    server.stdin.end()
    if (server.exitCode === null) await once(server, 'close')
  }
}

/** The later half of the rows is of live sessions. */
function anyKey(rows: number): string {
  const half = Math.floor(rows / 2)
  return keyOf(rows - 1 - Math.floor(Math.random() * half))
}

async function portOf(server: ChildProcessWithoutNullStreams): Promise<number> {
  const told: unknown[] = await Promise.race([once(server.stdout, 'data'), once(server, 'close')])
  const { port } = JSON.parse(String(told[0])) as { port?: number }
  if (port === undefined) throw new Error('The server did not start')
  return port
}

async function open(port: number): Promise<Socket> {
  const socket = createConnection(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
  await once(socket, 'connect')
  return socket
}

/** A request on a connection that has none under way. Not by `node:http`, which takes longer to ask than a server to answer. */
async function ask(free: Socket[], path: string, sessionKey: string): Promise<void> {
  const socket = free.pop()!
  const answered = new Promise<string>((resolve, reject) => {
    let text = ''
    const read = (part: string): void => {
      text += part
      // An answer has no body.
      if (text.endsWith('\r\n\r\n')) finish(() => resolve(text))
    }
    const fail = (): void => finish(() => reject(new Error('The server is gone')))
    const finish = (settle: () => void): void => {
      socket.off('data', read).off('close', fail)
      settle()
    }
    socket.on('data', read).on('close', fail)
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${sessionKey}\r\n\r\n`)
  const answer = await answered
  if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`The server answered ${answer.slice(9, 12)} to ${path}`)
  free.push(socket)
}
