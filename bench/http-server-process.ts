// A server that asks for the session of each request, in one of several ways: `http-server-process.ts <driver> <url>`. Says on
// which port it listens, and ends when its standard input does.
import { createServer } from 'node:http'
import type { Driver } from '../scripts/databases.ts'
import { built } from './built.ts'
import { connect } from './connect.ts'
import { eagerPolicy, idleEnd, lazyPolicy } from './policy.ts'

const [driver, url = ''] = process.argv.slice(2)
const prisma = connect(driver as Driver, url)
const { hashSessionKey, touchActivity } = built

/** Whether a session is live, by the path of the request. */
const ways: Record<string, (sessionKey: string) => Promise<boolean>> = {
  '/nothing': async () => true,
  '/pair': async (sessionKey) => {
    const userSession = await prisma.userSession.findUnique({ where: { sessionId: hashSessionKey(sessionKey) } })
    const now = new Date()
    if (userSession === null || userSession.endedAt !== null || userSession.expiresAt <= now) return false
    const data = { lastActivity: now, expiresAt: idleEnd(now) }
    await prisma.userSession.update({ where: { id: userSession.id }, data })
    return true
  },
  '/conditional': async (sessionKey) => {
    const now = new Date()
    const where = { sessionId: hashSessionKey(sessionKey), endedAt: null, expiresAt: { gt: now } }
    const { count } = await prisma.userSession.updateMany({
      where,
      data: { lastActivity: now, expiresAt: idleEnd(now) },
    })
    return count === 1
  },
  '/nothing-due': async (sessionKey) => (await touchActivity(prisma, { sessionKey }, { policy: lazyPolicy })) !== null,
  '/write-due': async (sessionKey) => (await touchActivity(prisma, { sessionKey }, { policy: eagerPolicy })) !== null,
}

const server = createServer(async (request, response) => {
  try {
    const isLive = await ways[request.url!]!(String(request.headers.authorization))
    response.writeHead(isLive ? 200 : 401).end()
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())))
process.stdin.resume().on('close', async () => {
  server.close().closeAllConnections()
  await prisma.$disconnect()
})
