import { AsyncLocalStorage } from 'node:async_hooks'
import { betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import express, { type ErrorRequestHandler, type Express } from 'express'
import * as sessions from 'prisma-user-sessions'
import { describeRequest } from 'prisma-user-sessions/request'
import type { PrismaClient } from '../../generated/better-auth/client.ts'

/** What the application must be told. */
export interface Settings {
  /** Where browsers reach it, for example `https://example.com`. */
  readonly baseURL: string
  /** Signs the cookie. */
  readonly secret: string
}

const trustedProxies = ['loopback']

/** Why better-auth ends a session. Elsewhere it is revoked. */
const endReasons: Record<string, string> = { '/sign-out': 'signed-out', '/change-password': 'password-changed' }

const refuseWrongInput: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof sessions.InvalidInputError) res.status(400).json({ error: 'Something is missing or wrong' })
  else next(error)
}

/** An Express application, ready to listen. */
export function createApp(prisma: PrismaClient, settings: Settings): Express {
  // better-auth's hooks are given a Request, which does not know the address at the other end of the connection.
  const client = new AsyncLocalStorage<ReturnType<typeof describeRequest>>()

  const auth = betterAuth({
    ...settings,
    database: prismaAdapter(prisma, { provider: 'sqlite' }),
    emailAndPassword: { enabled: true, minPasswordLength: 12 },
    // No cookieCache: better-auth would go on taking a session for live that was ended. What is used is for touchActivity to
    // record, so that better-auth's row ends when the session must at the latest.
    session: { expiresIn: sessions.defaultPolicy.absoluteTimeoutSeconds, disableSessionRefresh: true },
    databaseHooks: {
      session: {
        create: {
          after: async ({ id, userId }) => {
            await sessions.trackSession(prisma, { userId, sessionId: id, ...client.getStore() })
          },
        },
        delete: {
          // Before, since afterwards only the history would be left, without a word of when and why.
          before: async ({ id }, context) => {
            const reason = endReasons[context?.path ?? ''] ?? 'revoked'
            await sessions.revokeSession(prisma, { sessionId: id }, { reason })
          },
        },
      },
    },
  })
  type SignedIn = typeof auth.$Infer.Session
  const answerAuth = toNodeHandler(auth)

  const app = express()

  app.use(async (req, res, next) => {
    const description = describeRequest(req, { trustedProxies })
    // By this better-auth counts attempts. Of itself it believes what any client writes there.
    req.headers['x-forwarded-for'] = description.ipAddress ?? ''
    const signedIn = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) })
    if (signedIn) {
      const sessionId = signedIn.session.id
      const userSession = await sessions.touchActivity(prisma, { sessionId })
      if (userSession) res.locals.signedIn = signedIn
      // Expired: better-auth's own routes must not take it for signed in either.
      else await prisma.session.deleteMany({ where: { id: sessionId } })
    }
    client.run(description, next)
  })

  // Sign-in, sign-out and change of password are better-auth's own. It reads the body itself.
  app.all('/api/auth/{*route}', answerAuth)

  app.use((_req, res, next) => {
    if (res.locals.signedIn) next()
    else res.status(401).json({ error: 'Please sign in' })
  })

  app.get('/me', (_req, res) => {
    const { user }: SignedIn = res.locals.signedIn
    res.json({ email: user.email })
  })

  app.get('/devices', async (_req, res) => {
    const { user, session }: SignedIn = res.locals.signedIn
    res.json(await sessions.listSessions(prisma, { userId: user.id }, { current: session.id }))
  })

  app.delete('/devices/:id', async (req, res) => {
    const { user }: SignedIn = res.locals.signedIn
    const wasLive = await sessions.revokeSession(prisma, { userId: user.id, id: req.params.id })
    res.status(wasLive ? 204 : 404).end()
  })

  app.use(refuseWrongInput)
  return app
}
