import { locationHeaders } from 'prisma-user-sessions/location'
import { generateSessionKey, trackSession } from '../../src/index.ts'
import { openDatabase } from '../database/open-database.ts'
import { closeAfterTest, type Options, type Place, type Start } from './application.ts'
import { startBare, startBareHttp2 } from './bare.ts'
import { startExpress } from './express.ts'
import { startFastify, startFastifyHttp2 } from './fastify.ts'
import { startHono, startHonoHttp2 } from './hono.ts'
import { startNest } from './nest.ts'

export const frameworks: { name: string; start: Start; isHttp2: boolean }[] = [
  { name: 'node:http', start: startBare, isHttp2: false },
  { name: 'node:http2', start: startBareHttp2, isHttp2: true },
  { name: 'Express', start: startExpress, isHttp2: false },
  { name: 'Fastify', start: startFastify, isHttp2: false },
  { name: 'Fastify on HTTP/2', start: startFastifyHttp2, isHttp2: true },
  { name: 'Hono', start: startHono, isHttp2: false },
  { name: 'Hono on HTTP/2', start: startHonoHttp2, isHttp2: true },
  { name: 'NestJS', start: startNest, isHttp2: false },
]

/**
 * An application on a database of its own, both gone after the test.
 *
 * @returns the port of its server, and how many sign-ins it has recorded
 */
export async function openApplication(start: Start, place: Place, options: Options) {
  const { prisma, user } = await openDatabase()
  const application = await start(place, options, async (described) => {
    const input = { userId: user.id, sessionKey: generateSessionKey(), ...described }
    const { id } = await trackSession(prisma, input, { locate: locationHeaders('cloudflare') })
    return prisma.userSession.findUniqueOrThrow({ where: { id } })
  })
  return { port: closeAfterTest(application), countSignIns: () => prisma.userSession.count() }
}
