import http2 from 'node:http2'
import { createAdaptorServer } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { describeRequest } from 'prisma-user-sessions/request'
import { listen, type Options, type SignIn, type Start } from './application.ts'

export const startHono: Start = (place, options, signIn) => {
  const { fetch } = createApplication(options, signIn)
  return listen(createAdaptorServer({ fetch }), place)
}

export const startHonoHttp2: Start = (place, options, signIn) => {
  const { fetch } = createApplication(options, signIn)
  return listen(createAdaptorServer({ fetch, createServer: http2.createServer }), place)
}

function createApplication(options: Options, signIn: SignIn): Hono {
  const application = new Hono()
  application.post('/sign-in', async (context) => {
    // A `Request` does not know its peer.
    const peerAddress = getConnInfo(context).remote.address
    return context.json(await signIn(describeRequest(context.req.raw, { peerAddress, ...options })))
  })
  return application
}
