import { AsyncLocalStorage } from 'node:async_hooks'
import { ExpressAuth, getSession, type ExpressAuthConfig } from '@auth/express'
import { PrismaAdapter } from '@auth/prisma-adapter'
import express, { type ErrorRequestHandler, type Express } from 'express'
import * as sessions from 'prisma-user-sessions'
import { describeRequest } from 'prisma-user-sessions/request'
import type { PrismaClient } from '../../generated/auth-js/client.ts'

/** What the application must be told. */
export interface Settings {
  /** Where browsers reach it, for example `https://example.com`. */
  readonly origin: string
  /** Protects links and forms. */
  readonly secret: string
  /** Mails the link that signs in. */
  readonly sendLink: (email: string, link: string) => Promise<void>
}

/** Whose a request is. */
interface SignedIn {
  readonly sessionId: string
  readonly user: { readonly id: string; readonly email: string }
}

const trustedProxies = ['loopback']
const maxAge = sessions.defaultPolicy.absoluteTimeoutSeconds

const refuseWrongInput: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof sessions.InvalidInputError) res.status(400).json({ error: 'Something is missing or wrong' })
  else next(error)
}

/** An Express application, ready to listen. */
export function createApp(prisma: PrismaClient, { origin, secret, sendLink }: Settings): Express {
  // Auth.js tells its adapter nothing of the request.
  const client = new AsyncLocalStorage<ReturnType<typeof describeRequest>>()

  // Auth.js writes, reads and deletes Session rows here and nowhere else.
  const adapter: ExpressAuthConfig['adapter'] = {
    ...PrismaAdapter(prisma),

    async createSession(data) {
      const session = await prisma.session.create({ data })
      await sessions.trackSession(prisma, { userId: session.userId, sessionId: session.id, ...client.getStore() })
      return session
    },

    async getSessionAndUser(sessionToken) {
      const found = await prisma.session.findUnique({ where: { sessionToken }, include: { user: true } })
      if (!found) return null
      const { user, ...session } = found
      // Ended or expired: for Auth.js there is no such session then, whatever its own row says.
      if (await sessions.touchActivity(prisma, { sessionId: session.id })) return { session, user }
      await prisma.session.deleteMany({ where: { sessionToken } })
      return null
    },

    async deleteSession(sessionToken) {
      const session = await prisma.session.findUnique({ where: { sessionToken } })
      if (!session) return null
      await sessions.revokeSession(prisma, { sessionId: session.id })
      // One that had expired is not ended, but its row must go all the same.
      await prisma.session.deleteMany({ where: { sessionToken } })
      return session
    },
  }

  const config: ExpressAuthConfig = {
    secret,
    // Of what a Host decides, only the link would matter: see there.
    trustHost: true,
    adapter,
    // A row ends when its session must at the latest. That it is used is for touchActivity to record.
    session: { strategy: 'database', maxAge, updateAge: maxAge },
    providers: [
      {
        id: 'email',
        type: 'email',
        name: 'Email',
        maxAge: 10 * 60,
        async sendVerificationRequest({ identifier, url }) {
          // By itself the link leads to the Host of the request, which its client can write as it likes.
          const { pathname, search } = new URL(url)
          await sendLink(identifier, new URL(pathname + search, origin).href)
        },
      },
    ],
  }

  const app = express()
  app.set('trust proxy', trustedProxies)
  // Sign-in and sign-out are Auth.js's own.
  app.use('/auth', (req, _res, next) => client.run(describeRequest(req, { trustedProxies }), next), ExpressAuth(config))

  // What Auth.js reads for this application itself is more than what it tells the browser at /auth/session.
  const ownConfig: ExpressAuthConfig = {
    ...config,
    callbacks: {
      session: ({ session, user }) => {
        const { id: sessionId } = session as typeof session & { id: string }
        return { expires: session.expires, user: { id: user.id, email: user.email }, sessionId }
      },
    },
  }
  app.use(async (req, res, next) => {
    res.locals.signedIn = await getSession(req, ownConfig)
    if (res.locals.signedIn) next()
    else res.status(401).json({ error: 'Please sign in' })
  })

  app.get('/me', (_req, res) => {
    const { user }: SignedIn = res.locals.signedIn
    res.json({ email: user.email })
  })

  app.get('/devices', async (_req, res) => {
    const { user, sessionId }: SignedIn = res.locals.signedIn
    res.json(await sessions.listSessions(prisma, { userId: user.id }, { current: sessionId }))
  })

  app.delete('/devices/:id', async (req, res) => {
    const { user }: SignedIn = res.locals.signedIn
    const wasLive = await sessions.revokeSession(prisma, { userId: user.id, id: req.params.id })
    res.status(wasLive ? 204 : 404).end()
  })

  // There is no password to change. This is what somebody wants who has lost a device.
  app.post('/sign-out-others', async (_req, res) => {
    const { user, sessionId }: SignedIn = res.locals.signedIn
    await sessions.revokeOtherSessions(prisma, { userId: user.id, sessionId })
    res.status(204).end()
  })

  app.use(refuseWrongInput)
  return app
}
