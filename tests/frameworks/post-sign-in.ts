import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** Where a client's request goes, and from which of its own addresses. */
export type Destination = { host: string; port: number; localAddress?: string } | { path: string }
/** A list is as many lines. */
export type Headers = Record<string, string | string[]>
interface Answer {
  status: number
  body: string
}

const path = '/sign-in'

/** What a client is told that signs in: the row that was stored. */
export async function postSignIn(
  destination: Destination,
  headers: Headers,
  isHttp2 = false,
): Promise<Record<string, unknown>> {
  const { status, body } = await (isHttp2 ? postHttp2 : postHttp1)(destination, headers)
  if (status !== 200) throw new Error(`Answered ${status}: ${body}`)
  return JSON.parse(body)
}

async function postHttp1(destination: Destination, headers: Headers): Promise<Answer> {
  const createConnection = () => connect(destination)
  const request = http.request({ method: 'POST', path, headers, createConnection })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { status: response.statusCode!, body: await text(response) }
}

async function postHttp2(destination: Destination, headers: Headers): Promise<Answer> {
  const session = http2.connect('http://localhost', { createConnection: () => connect(destination) })
  // Its stream fails with the same error.
  session.on('error', () => {})
  try {
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers }, { endStream: true })
    const [{ ':status': status }] = (await once(stream, 'response')) as [{ ':status': number }]
    return { status, body: await text(stream) }
  } finally {
    session.destroy()
  }
}

/** The status that answers a request with these lines in its head, which no client would send. */
export async function postLines(destination: Destination, lines: string): Promise<number> {
  const socket = connect(destination)
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n`)
  socket.write(`${lines}\r\n\r\n`, 'latin1')
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(await text(socket)) ?? []
  return Number(status)
}
