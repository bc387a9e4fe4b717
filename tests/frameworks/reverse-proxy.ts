import http, { type IncomingHttpHeaders } from 'node:http'
import { closeAfterTest, listen } from './application.ts'

/** How proxies say for whom they ask: behind what the client has sent there, as nginx does, or instead of it. */
const says = {
  // Source: nginx, ngx_http_proxy_module, $proxy_add_x_forwarded_for.
  'x-forwarded-for': (client: string, sent: string[]) => [...sent, client].join(', '),
  forwarded: (client: string, sent: string[]) => [...sent, `for=${client}`].join(', '),
  'cf-connecting-ip': (client: string) => client,
}

/** A reverse proxy, reached at an address and connecting from it, closed after the test. It passes on all other headers. */
export async function openReverseProxy(
  address: string,
  upstream: { host: string; port: number },
  header: keyof typeof says = 'x-forwarded-for',
) {
  const server = http.createServer((request, response) => {
    const { method, url: path, socket } = request
    const sent = [request.headers[header] ?? []].flat()
    const headers: IncomingHttpHeaders = { ...request.headers, [header]: says[header](socket.remoteAddress!, sent) }
    const forwarded = http.request({ ...upstream, method, path, headers, localAddress: address, agent: false })
    forwarded.on('response', (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    request.pipe(forwarded)
  })
  const port = closeAfterTest(await listen(server, { host: address, port: 0 }))
  return { host: address, port }
}
