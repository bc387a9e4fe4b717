import { describe, expect, test } from 'vitest'
import { canListen } from './can-listen.ts'
import { everyHeader } from '../every-header.ts'
import { cases, garbage, proxy } from './cases.ts'
import { frameworks, openApplication } from './open-application.ts'
import { postLines, postSignIn } from './post-sign-in.ts'

const hasIpv6 = await canListen('::1')

// own: the client's own address, as its socket tells it.
const sockets = [
  { name: 'IPv4', isHere: true, listensOn: '127.0.0.1', host: '127.0.0.1', own: '127.0.0.1' },
  { name: 'IPv6', isHere: hasIpv6, listensOn: '::1', host: '::1', own: '::1' },
  // The server sees ::ffff:127.0.0.1.
  { name: 'IPv4 on a socket for both', isHere: hasIpv6, listensOn: '::', host: '127.0.0.1', own: '127.0.0.1' },
]
if (!hasIpv6) console.log('SKIPPED: requests by IPv6. This machine has no ::1.')

/** What is recorded of a client who says nothing. */
const unknown = { browserInfo: null, deviceInfo: null, deviceType: null, city: null, country: null }

describe.each(frameworks)('$name', ({ start, isHttp2 }) => {
  describe.each(sockets)('by $name', ({ isHere, listensOn, host, own }) => {
    test.runIf(isHere).each(cases)('$rule', async ({ options, headers, row }) => {
      const { port } = await openApplication(start, { host: listensOn, port: 0 }, options)
      const stored = await postSignIn({ host, port }, headers, isHttp2)
      expect(stored).toMatchObject({ ...unknown, ipAddress: own, ...row })
    })
  })
})

describe.each(frameworks.filter(({ isHttp2 }) => !isHttp2))('$name', ({ start }) => {
  test('any byte in its headers is read, or refused by the server, and never an error', async () => {
    const application = await openApplication(start, { host: '127.0.0.1', port: 0 }, proxy)
    const destination = { host: '127.0.0.1', port: application.port }
    const statuses: number[] = []
    for (let byte = 0; byte < 256; byte++) {
      const lines = everyHeader.map((name) => `${name}: a${String.fromCharCode(byte)}b`)
      statuses.push(await postLines(destination, lines.join('\r\n')))
    }
    const read = garbage.length
    expect(statuses.filter((status) => status === 200)).toHaveLength(read)
    expect(statuses.filter((status) => status === 400)).toHaveLength(256 - read)
    expect(await application.countSignIns()).toBe(read)
  })
})
