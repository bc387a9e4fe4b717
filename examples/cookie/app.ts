import cookies from '@fastify/cookie'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import * as sessions from 'prisma-user-sessions'
import { describeRequest } from 'prisma-user-sessions/request'
import type { PrismaClient } from '../../generated/cookie/client.ts'
import { hashPassword, isPassword } from '../password.ts'

/** What the application must be told. */
export interface Settings {
  /** Whether browsers come over HTTPS, as they must in production. */
  readonly isSecure: boolean
}

interface SignedIn {
  readonly sessionKey: string
  readonly userSession: sessions.UserSessionOf<PrismaClient>
}

const credentials = {
  type: 'object',
  required: ['email', 'password'],
  properties: { email: { type: 'string' }, password: { type: 'string', maxLength: 1000 } },
}
const newCredentials = {
  type: 'object',
  required: ['password'],
  properties: { password: { type: 'string', minLength: 12, maxLength: 1000 } },
}
const publicId = { type: 'object', properties: { id: { type: 'string', pattern: '^[0-9a-f]{32}$' } } }

/** A Fastify application, ready to listen. */
export function createApp(prisma: PrismaClient, { isSecure }: Settings): FastifyInstance {
  // Browsers take a cookie of this name from this host alone, and from none of its subdomains.
  const name = isSecure ? '__Host-session' : 'session'
  const cookie = { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/' } as const
  const maxAge = sessions.defaultPolicy.absoluteTimeoutSeconds

  const app = fastify()
  app.register(cookies)
  app.decorateRequest('signedIn')

  /** The session key, if it looks like one: anybody can send anything. */
  function keyOf(request: FastifyRequest): string | undefined {
    const key = request.cookies[name]
    return key && /^[\w-]{43}$/.test(key) ? key : undefined
  }

  async function requireSession(request: FastifyRequest, reply: FastifyReply) {
    const sessionKey = keyOf(request)
    const userSession = sessionKey ? await sessions.touchActivity(prisma, { sessionKey }) : null
    if (sessionKey && userSession) return request.setDecorator<SignedIn>('signedIn', { sessionKey, userSession })
    return reply.clearCookie(name, cookie).code(401).send({ error: 'Please sign in' })
  }

  app.post<{ Body: { email: string; password: string } }>(
    '/sign-in',
    { schema: { body: credentials } },
    async (request, reply) => {
      const client = describeRequest(request.raw, { trustedProxies: ['loopback'] })
      const { email, password } = request.body
      const user = await prisma.user.findUnique({ where: { email } })
      const isRight = await isPassword(password, user?.passwordHash)
      if (!user || !isRight) return reply.code(401).send({ error: 'Wrong email address or password' })
      // Whoever was signed in with this browser is not any longer.
      const oldKey = keyOf(request)
      if (oldKey) await sessions.revokeSession(prisma, { sessionKey: oldKey })
      // Never a key that came with the request, which somebody else may have planted.
      const sessionKey = sessions.generateSessionKey()
      await sessions.trackSession(prisma, { userId: user.id, sessionKey, ...client })
      return reply
        .setCookie(name, sessionKey, { ...cookie, maxAge })
        .code(204)
        .send()
    },
  )

  // What is registered in here is for those who are signed in.
  app.register(async (own) => {
    own.addHook('onRequest', requireSession)

    own.get('/me', async (request) => {
      const { userId } = request.getDecorator<SignedIn>('signedIn').userSession
      return prisma.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })
    })

    own.get('/devices', async (request) => {
      const { sessionKey, userSession } = request.getDecorator<SignedIn>('signedIn')
      return sessions.listSessions(prisma, { userId: userSession.userId }, { current: sessionKey })
    })

    own.delete<{ Params: { id: string } }>('/devices/:id', { schema: { params: publicId } }, async (request, reply) => {
      const { userId } = request.getDecorator<SignedIn>('signedIn').userSession
      const wasLive = await sessions.revokeSession(prisma, { userId, id: request.params.id })
      return reply.code(wasLive ? 204 : 404).send()
    })

    own.post('/sign-out', async (request, reply) => {
      const { sessionKey } = request.getDecorator<SignedIn>('signedIn')
      await sessions.revokeSession(prisma, { sessionKey })
      return reply.clearCookie(name, cookie).code(204).send()
    })

    own.post<{ Body: { password: string } }>(
      '/password',
      { schema: { body: newCredentials } },
      async (request, reply) => {
        const { sessionKey, userSession } = request.getDecorator<SignedIn>('signedIn')
        const { userId } = userSession
        const passwordHash = await hashPassword(request.body.password)
        const newSessionKey = sessions.generateSessionKey()
        await prisma.$transaction(async (tx) => {
          await tx.user.update({ where: { id: userId }, data: { passwordHash } })
          await sessions.revokeOtherSessions(tx, { userId, sessionKey }, { reason: 'password-changed' })
          // Somebody else may have had the old key, too.
          const rotated = await sessions.rotateSessionKey(tx, { sessionKey, newSessionKey })
          if (!rotated) throw Object.assign(new Error('The session was ended meanwhile'), { statusCode: 401 })
        })
        return reply
          .setCookie(name, newSessionKey, { ...cookie, maxAge })
          .code(204)
          .send()
      },
    )
  })

  return app
}
