import { fastify } from 'fastify'
import { describeRequest } from 'prisma-user-sessions/request'
import type { Start } from './application.ts'

export const startFastify: Start = async (place, options, signIn) => {
  const application = fastify()
  application.post('/sign-in', (request) => signIn(describeRequest(request.raw, options)))
  await application.listen(place)
  return application
}

export const startFastifyHttp2: Start = async (place, options, signIn) => {
  const application = fastify({ http2: true })
  application.post('/sign-in', (request) => signIn(describeRequest(request.raw, options)))
  await application.listen(place)
  return application
}
