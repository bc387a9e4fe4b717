import { promisify } from 'node:util'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import session from 'express-session'
import * as sessions from 'prisma-user-sessions'
import { describeRequest } from 'prisma-user-sessions/request'
import { z } from 'zod'
import type { PrismaClient } from '../../generated/express-session/client.ts'
import { hashPassword, isPassword } from '../password.ts'
import { createSessionStore } from './create-session-store.ts'

declare module 'express-session' {
  interface SessionData {
    userId: number
  }
}

/** What the application must be told. */
export interface Settings {
  /** Signs the cookie. */
  readonly secret: string
  /** Whether browsers come over HTTPS, as they must in production. */
  readonly isSecure: boolean
}

const credentials = z.object({ email: z.string(), password: z.string().max(1000) })
const newCredentials = z.object({ password: z.string().min(12).max(1000) })
const trustedProxies = ['loopback']
const maxAge = sessions.defaultPolicy.absoluteTimeoutSeconds * 1000

const refuseWrongInput: ErrorRequestHandler = (error, _req, res, next) => {
  const isWrongInput = error instanceof z.ZodError || error instanceof sessions.InvalidInputError
  if (isWrongInput) res.status(400).json({ error: 'Something is missing or wrong' })
  else next(error)
}

/** An Express application, ready to listen. */
export function createApp(prisma: PrismaClient, { secret, isSecure }: Settings): Express {
  const name = isSecure ? '__Host-session' : 'session'
  const cookie = { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/' } as const
  const store = createSessionStore(prisma)
  const app = express()
  app.set('trust proxy', trustedProxies)
  app.use(express.json())
  app.use(session({ store, secret, name, cookie: { ...cookie, maxAge }, resave: false, saveUninitialized: false }))

  app.post('/sign-in', async (req, res) => {
    const client = describeRequest(req, { trustedProxies })
    const { email, password } = credentials.parse(req.body)
    const user = await prisma.user.findUnique({ where: { email } })
    const isRight = await isPassword(password, user?.passwordHash)
    if (!user || !isRight) return res.status(401).json({ error: 'Wrong email address or password' })
    // Whoever was signed in with this browser is not any longer.
    await sessions.revokeSession(prisma, { sessionId: req.sessionID })
    // Under an id that nobody can have planted.
    await promisify(req.session.regenerate.bind(req.session))()
    req.session.userId = user.id
    await promisify(req.session.save.bind(req.session))()
    await sessions.trackSession(prisma, { userId: user.id, sessionId: req.sessionID, ...client })
    return res.status(204).end()
  })

  const requireSession: RequestHandler = async (req, res, next) => {
    if (req.session.userId === undefined) return void res.status(401).json({ error: 'Please sign in' })
    const userSession = await sessions.touchActivity(prisma, { sessionId: req.sessionID })
    if (userSession) return next()
    // Expired: what reads nothing but the store must not take it for signed in either.
    await promisify(req.session.destroy.bind(req.session))()
    res.clearCookie(name, cookie).status(401).json({ error: 'Please sign in' })
  }
  app.use(requireSession)

  app.get('/me', async (req, res) => {
    const { email } = await prisma.user.findUniqueOrThrow({ where: { id: req.session.userId! } })
    res.json({ email })
  })

  app.get('/devices', async (req, res) => {
    const userId = req.session.userId!
    res.json(await sessions.listSessions(prisma, { userId }, { current: req.sessionID }))
  })

  app.delete('/devices/:id', async (req, res) => {
    const userId = req.session.userId!
    const wasLive = await sessions.revokeSession(prisma, { userId, id: req.params.id })
    res.status(wasLive ? 204 : 404).end()
  })

  app.post('/sign-out', async (req, res) => {
    await sessions.revokeSession(prisma, { sessionId: req.sessionID })
    await promisify(req.session.destroy.bind(req.session))()
    res.clearCookie(name, cookie).status(204).end()
  })

  app.post('/password', async (req, res) => {
    const { password } = newCredentials.parse(req.body)
    const passwordHash = await hashPassword(password)
    const userId = req.session.userId!
    const sessionId = req.sessionID
    const newSessionId = sessions.generateSessionKey()
    const data = JSON.stringify(req.session)
    await prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: userId }, data: { passwordHash } })
      await sessions.revokeOtherSessions(tx, { userId, sessionId }, { reason: 'password-changed' })
      const expiresAt = new Date(Date.now() + maxAge)
      await tx.session.create({ data: { id: newSessionId, sid: newSessionId, data, expiresAt } })
      // The old id was for a browser that somebody else may have had, too.
      const rotated = await sessions.rotateSessionKey(tx, { sessionId, newSessionId })
      if (!rotated) throw Object.assign(new Error('The session was ended meanwhile'), { status: 401 })
    })
    // As express-session itself takes up what it has read from the store.
    req.sessionID = newSessionId
    req.sessionStore.createSession(req, JSON.parse(data))
    res.status(204).end()
  })

  app.use(refuseWrongInput)
  return app
}
