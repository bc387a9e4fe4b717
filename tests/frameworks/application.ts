import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { describeRequest } from 'prisma-user-sessions/request'
import { onTestFinished } from 'vitest'

export type Options = Parameters<typeof describeRequest>[1]

/** Where a server listens: on any free port of a host, or on a Unix socket. */
export type Place = { host: string; port: 0 } | { path: string }

/** What a route does with its request described: signs a user in with it, and answers the row. */
export type SignIn = (described: ReturnType<typeof describeRequest>) => Promise<object>

/** An application of some framework that listens. */
export interface Application {
  readonly server: Server
  readonly close: () => unknown
}

/** Starts an application with one route, `POST /sign-in`. */
export type Start = (place: Place, options: Options, signIn: SignIn) => Promise<Application>

/** For frameworks that leave it to `node:http` and `node:http2`. */
export async function listen(server: Server, place: Place): Promise<Application> {
  server.listen(place)
  await once(server, 'listening')
  return { server, close: () => server.close() }
}

/** Has an application closed after the test, whoever is still connected, and says its port. */
export function closeAfterTest({ server, close }: Application): number {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  onTestFinished(async () => {
    const closed = once(server, 'close')
    const closing = close()
    for (const socket of sockets) socket.destroy()
    await Promise.all([closing, closed])
  })
  return (server.address() as AddressInfo).port
}
