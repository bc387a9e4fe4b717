import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import http2, { type Http2ServerRequest } from 'node:http2'
import { connect, type Server, type Socket } from 'node:net'
import { describeRequest } from 'prisma-user-sessions/request'
import { expect, test } from 'vitest'
import { closeAfterTest, listen } from './application.ts'

test.each([
  { protocol: 'HTTP/1.1', createServer: (): Server => http.createServer(), isHttp2: false },
  { protocol: 'HTTP/2', createServer: (): Server => http2.createServer(), isHttp2: true },
])('a client by $protocol who goes meanwhile is described as far as it is known', async ({ createServer, isHttp2 }) => {
  const server = createServer()
  const port = closeAfterTest(await listen(server, { host: '127.0.0.1', port: 0 }))
  const arriving = once(server, 'request') as Promise<[IncomingMessage | Http2ServerRequest]>
  const connecting = once(server, 'connection') as Promise<[Socket]>

  const socket = connect(port, '127.0.0.1')
  const createConnection = () => socket
  const headers = { 'user-agent': 'curl/8.5.0', 'x-forwarded-for': '203.0.113.7' }
  if (isHttp2) {
    const session = http2.connect('http://localhost', { createConnection })
    session.request({ ':path': '/', ...headers }).on('error', () => {})
  } else {
    http.get({ headers, createConnection }).on('error', () => {})
  }
  const [[request], [peer]] = await Promise.all([arriving, connecting])
  // Node remembers a peer's address once it was asked for. Here nobody asks before the client is gone.
  const descriptions: object[] = []
  const describe = () => descriptions.push(describeRequest(request, { trustedProxies: ['loopback'] }))
  for (const emitter of [request, request.socket, peer]) emitter.on('close', describe)
  const closed = once(peer, 'close')
  socket.destroy()
  await closed
  await new Promise(setImmediate)
  describe()

  expect(peer.remoteAddress).toBeUndefined()
  expect(descriptions.length).toBeGreaterThan(1)
  // Whom the header names is not known without a peer to trust.
  const known = expect.objectContaining({ ipAddress: null, userAgent: 'curl/8.5.0' })
  expect(descriptions).toEqual(descriptions.map(() => known))
})
