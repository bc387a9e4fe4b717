import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import { jwt, sign, type JwtVariables } from 'hono/jwt'
import { validator } from 'hono/validator'
import * as sessions from 'prisma-user-sessions'
import { describeRequest } from 'prisma-user-sessions/request'
import { z } from 'zod'
import type { PrismaClient } from '../../generated/jwt/client.ts'
import { hashPassword, isPassword } from '../password.ts'

/** What the application must be told. */
export interface Settings {
  /** Signs the tokens. */
  readonly secret: string
}

type UserSession = sessions.UserSessionOf<PrismaClient>
interface SignedIn {
  Variables: JwtVariables<{ jti: string }> & { userSession: UserSession }
}

const alg = 'HS256'
const isSessionKey = (jti: unknown): boolean => typeof jti === 'string' && /^[\w-]{43}$/.test(jti)
const credentials = z.object({ email: z.string(), password: z.string().max(1000) })
const newCredentials = z.object({ password: z.string().min(12).max(1000) })

/** A Hono application, to be served by Node.js. */
export function createApp(prisma: PrismaClient, { secret }: Settings): Hono {
  /** A token whose `jti` is the session key, good for as long as the session may last at most. */
  function issueToken(sessionKey: string, { userId, createdAt }: UserSession): Promise<string> {
    const exp = Math.floor(createdAt.getTime() / 1000) + sessions.defaultPolicy.absoluteTimeoutSeconds
    return sign({ jti: sessionKey, sub: String(userId), exp }, secret, alg)
  }

  const app = new Hono()

  app.post(
    '/sign-in',
    validator('json', (value) => credentials.parse(value)),
    async (c) => {
      const peerAddress = getConnInfo(c).remote.address
      const client = describeRequest(c.req.raw, { trustedProxies: ['loopback'], peerAddress })
      const { email, password } = c.req.valid('json')
      const user = await prisma.user.findUnique({ where: { email } })
      const isRight = await isPassword(password, user?.passwordHash)
      if (!user || !isRight) return c.json({ error: 'Wrong email address or password' }, 401)
      const sessionKey = sessions.generateSessionKey()
      const userSession = await sessions.trackSession(prisma, { userId: user.id, sessionKey, ...client })
      return c.json({ token: await issueToken(sessionKey, userSession) })
    },
  )

  const requireSession = createMiddleware<SignedIn>(async (c, next) => {
    // The signature and the end were right. Whether it was revoked before its end, only the database knows.
    const { jti } = c.var.jwtPayload
    // What else is signed with the same secret may have another one, or none.
    const userSession = isSessionKey(jti) ? await sessions.touchActivity(prisma, { sessionKey: jti }) : null
    if (!userSession) return c.json({ error: 'Please sign in' }, 401)
    c.set('userSession', userSession)
    return next()
  })
  const own = new Hono<SignedIn>().use(jwt({ secret, alg }), requireSession)

  own.get('/me', async (c) => {
    const where = { id: c.var.userSession.userId }
    return c.json(await prisma.user.findUniqueOrThrow({ where, select: { email: true } }))
  })

  own.get('/devices', async (c) => {
    const { jwtPayload, userSession } = c.var
    const { userId } = userSession
    return c.json(await sessions.listSessions(prisma, { userId }, { current: jwtPayload.jti }))
  })

  own.delete('/devices/:id', async (c) => {
    const { userId } = c.var.userSession
    const wasLive = await sessions.revokeSession(prisma, { userId, id: c.req.param('id') })
    return c.body(null, wasLive ? 204 : 404)
  })

  own.post('/sign-out', async (c) => {
    await sessions.revokeSession(prisma, { sessionKey: c.var.jwtPayload.jti })
    return c.body(null, 204)
  })

  own.post(
    '/password',
    validator('json', (value) => newCredentials.parse(value)),
    async (c) => {
      const { userId } = c.var.userSession
      const { jti: sessionKey } = c.var.jwtPayload
      const passwordHash = await hashPassword(c.req.valid('json').password)
      const newSessionKey = sessions.generateSessionKey()
      const userSession = await prisma.$transaction(async (tx) => {
        await tx.user.update({ where: { id: userId }, data: { passwordHash } })
        await sessions.revokeOtherSessions(tx, { userId, sessionKey }, { reason: 'password-changed' })
        // Somebody else may have had the old token, too.
        const rotated = await sessions.rotateSessionKey(tx, { sessionKey, newSessionKey })
        if (!rotated) throw new HTTPException(401, { message: 'The session was ended meanwhile' })
        return rotated
      })
      return c.json({ token: await issueToken(newSessionKey, userSession) })
    },
  )

  app.route('/', own)
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    const isWrongInput = error instanceof z.ZodError || error instanceof sessions.InvalidInputError
    if (isWrongInput) return c.json({ error: 'Something is missing or wrong' }, 400)
    throw error
  })
  return app
}
