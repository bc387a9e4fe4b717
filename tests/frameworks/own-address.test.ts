import { createServer } from 'node:http'
import express from 'express'
import * as fc from 'fast-check'
import { fastify } from 'fastify'
import { describeRequest } from 'prisma-user-sessions/request'
import { expect, test } from 'vitest'
import { normalizeIpAddress } from '../../src/ip-address.ts'
import { closeAfterTest, listen, type Application } from './application.ts'
import { postSignIn } from './post-sign-in.ts'

const host = '127.0.0.1'
const place = { host, port: 0 } as const
const trustedProxies = ['loopback', '10.0.0.0/8', 'fd00::/8']
const compare = (framework: string | undefined, request: Parameters<typeof describeRequest>[0]) => ({
  framework: normalizeIpAddress(framework),
  ours: describeRequest(request, { trustedProxies }).ipAddress,
})

async function startExpress(): Promise<Application> {
  const application = express().set('trust proxy', trustedProxies)
  application.post('/sign-in', (request, response) => void response.json(compare(request.ip, request)))
  return listen(createServer(application), place)
}

async function startFastify(): Promise<Application> {
  const application = fastify({ trustProxy: trustedProxies })
  application.post('/sign-in', (request, reply) => reply.send(compare(request.ip, request.raw)))
  await application.listen(place)
  return application
}

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom('10.0.0.1', '::ffff:10.0.0.2', '127.0.0.1', 'fd00::1', '203.0.113.7', '2001:db8::7'),
)
const line = fc.array(address, { minLength: 1, maxLength: 4 }).map((addresses) => addresses.join(', '))
const lines = fc.array(line, { maxLength: 3 })

test.each([
  { name: 'Express', start: startExpress },
  { name: 'Fastify', start: startFastify },
])("a request's address is what $name finds where it is told of the same proxies", async ({ start }) => {
  const port = closeAfterTest(await start())
  const check = async (sent: string[]): Promise<void> => {
    const { framework, ours } = await postSignIn({ host, port }, { 'x-forwarded-for': sent })
    expect(ours).toEqual(expect.any(String))
    expect(ours).toBe(framework)
  }
  await fc.assert(fc.asyncProperty(lines, check), { numRuns: 300 })
})
