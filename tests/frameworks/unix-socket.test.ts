import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { frameworks, openApplication } from './open-application.ts'
import { postSignIn } from './post-sign-in.ts'

const isUnix = process.platform !== 'win32'
if (!isUnix) console.log('SKIPPED: Unix sockets. Windows has pipes.')

const loopback = { trustedProxies: ['loopback'] }

describe.each(frameworks)('$name', ({ start, isHttp2 }) => {
  test.runIf(isUnix).each([
    { rule: 'a peer without an address is trusted with nothing', options: loopback, ipAddress: null, country: null },
    {
      rule: 'a peer that is said to be a trusted proxy says who is behind it',
      options: { ...loopback, peerAddress: '127.0.0.1' },
      ipAddress: '81.2.69.142',
      country: 'CH',
    },
    {
      rule: 'a peer that is said to be somebody else is the client',
      options: { trustedProxies: [], peerAddress: '127.0.0.1' },
      ipAddress: '127.0.0.1',
      country: null,
    },
  ])('on a Unix socket, $rule', async ({ options, ipAddress, country }) => {
    const path = join(inject('directory'), `${randomUUID()}.sock`)
    await openApplication(start, { path }, options)
    const row = await postSignIn({ path }, { 'x-forwarded-for': '81.2.69.142', 'cf-ipcountry': 'CH' }, isHttp2)
    expect(row).toMatchObject({ ipAddress, country })
  })
})
