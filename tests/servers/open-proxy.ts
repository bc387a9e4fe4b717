import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { PrismaClient } from '../../scripts/databases.ts'

export type Proxy = Awaited<ReturnType<typeof openProxy>>

/** A way to a database's server that can be taken away and given back, closed after the test. */
export async function openProxy(databaseUrl: string) {
  const { protocol, hostname, port: givenPort } = new URL(databaseUrl)
  const serverPort = Number(givenPort || (protocol === 'mysql:' ? 3306 : 5432))
  const pairs = new Set<readonly [Socket, Socket]>()
  let isSilent = false

  const server = createServer((client) => {
    const pair = [client, createConnection(serverPort, hostname)] as const
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => disconnect(pair))
    }
    if (!isSilent) join(pair)
  })

  function disconnect(pair: readonly [Socket, Socket]): void {
    pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }

  async function listen(port: number): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  /** Ends all connections, and refuses new ones. */
  function cut(): void {
    server.close()
    for (const pair of pairs) disconnect(pair)
  }

  await listen(0)
  onTestFinished(cut)
  const { port } = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(databaseUrl), { host: `127.0.0.1:${port}` }).href,
    cut,
    /** Keeps connections, accepts new ones, and lets nothing pass: not even that one of the two ends has hung up. */
    silence(): void {
      isSilent = true
      for (const pair of pairs) part(pair)
    },
    /** All is as before, and what was held back in silence passes now, as a network sends again what it has lost. */
    async restore(): Promise<void> {
      isSilent = false
      for (const pair of pairs) join(pair)
      if (!server.listening) await listen(port)
    },
  }
}

function join([client, upstream]: readonly [Socket, Socket]): void {
  client.pipe(upstream)
  upstream.pipe(client)
}

/** A socket without a reader does not even notice that it was closed. */
function part([client, upstream]: readonly [Socket, Socket]): void {
  client.unpipe(upstream).pause()
  upstream.unpipe(client).pause()
}

/** A client that goes by the proxy. Gone after the test. */
export function connectThrough(proxy: Proxy, connect: (url: string) => PrismaClient): PrismaClient {
  const prisma = connect(proxy.url)
  onTestFinished(() => {
    // Whatever the test has left of its way, nobody waits for a farewell of the server.
    proxy.cut()
    return prisma.$disconnect()
  })
  return prisma
}
