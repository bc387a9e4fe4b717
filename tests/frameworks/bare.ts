import http, { type ServerResponse } from 'node:http'
import http2, { type Http2ServerResponse } from 'node:http2'
import { describeRequest } from 'prisma-user-sessions/request'
import { listen, type Start } from './application.ts'

export const startBare: Start = (place, options, signIn) => {
  const server = http.createServer((request, response) => {
    void answer(response, () => signIn(describeRequest(request, options)))
  })
  return listen(server, place)
}

export const startBareHttp2: Start = (place, options, signIn) => {
  const server = http2.createServer((request, response) => {
    void answer(response, () => signIn(describeRequest(request, options)))
  })
  return listen(server, place)
}

async function answer(response: ServerResponse | Http2ServerResponse, route: () => Promise<object>): Promise<void> {
  try {
    response.end(JSON.stringify(await route()))
  } catch (error) {
    response.statusCode = 500
    response.end(String(error))
  }
}
