import { describe, expect, test } from 'vitest'
import { canListen } from './can-listen.ts'
import { frameworks, openApplication } from './open-application.ts'
import { postSignIn, type Headers } from './post-sign-in.ts'
import { openReverseProxy } from './reverse-proxy.ts'

// Each at an address of its own. Some systems have one loopback address only.
const host = '127.0.0.1'
const client = '127.0.0.2'
const outerProxy = '127.0.0.3'
const innerProxy = '127.0.0.4'
const hasAddresses = (await Promise.all([client, outerProxy, innerProxy].map(canListen))).every(Boolean)
if (!hasAddresses) console.log(`SKIPPED: reverse proxies. This machine has no ${client}.`)

/** What an attacker claims to be: somebody else, the proxies, or the application's own machine. */
const forged = {
  'x-forwarded-for': ['203.0.113.7', `${outerProxy}, ${innerProxy}`, host],
  forwarded: [`for=203.0.113.7;by=${innerProxy}`, `for=${outerProxy}`],
  'x-real-ip': '203.0.113.7',
  'cf-connecting-ip': '203.0.113.7',
}
const everywhere = (text: string) => ({ 'x-forwarded-for': text, forwarded: text, 'cf-connecting-ip': text })
const clients: { who: string; headers: Headers }[] = [
  { who: 'says nothing', headers: {} },
  { who: 'claims to be somebody else', headers: forged },
  { who: 'claims it at length', headers: everywhere('for=203.0.113.7, '.repeat(300)) },
  // What comes behind is in quotes, to some readers.
  { who: 'opens a quotation', headers: everywhere('for=203.0.113.7;host="') },
  { who: 'opens one in a quotation', headers: everywhere('for="203.0.113.7\\"') },
]

describe.each(frameworks.filter(({ isHttp2 }) => !isHttp2))('$name', ({ start }) => {
  const openBehind = async (...trustedProxies: string[]) => {
    const { port } = await openApplication(start, { host, port: 0 }, { trustedProxies })
    return { host, port }
  }

  describe.runIf(hasAddresses)('behind a proxy', () => {
    describe.each(['x-forwarded-for', 'forwarded', 'cf-connecting-ip'] as const)('that writes %s', (addressHeader) => {
      test.each(clients)("records a client's own address who $who", async ({ headers }) => {
        const options = { trustedProxies: [outerProxy], addressHeader }
        const { port } = await openApplication(start, { host, port: 0 }, options)
        const proxy = await openReverseProxy(outerProxy, { host, port }, addressHeader)
        const row = await postSignIn({ ...proxy, localAddress: client }, headers)
        expect(row).toMatchObject({ ipAddress: client })
      })
    })

    test('records the own address of a client who found a way around it', async () => {
      const application = await openBehind(outerProxy)
      const row = await postSignIn({ ...application, localAddress: client }, forged)
      expect(row).toMatchObject({ ipAddress: client })
    })
  })

  test.runIf(hasAddresses).each([
    { rule: 'the client behind both, who are trusted', trusted: [outerProxy, innerProxy], ipAddress: client },
    { rule: 'the outer one, where only the inner is trusted', trusted: [innerProxy], ipAddress: outerProxy },
    { rule: 'the inner one, where only the outer is trusted', trusted: [outerProxy], ipAddress: innerProxy },
  ])('behind two proxies, records $rule', async ({ trusted, ipAddress }) => {
    const inner = await openReverseProxy(innerProxy, await openBehind(...trusted))
    const outer = await openReverseProxy(outerProxy, inner)
    const row = await postSignIn({ ...outer, localAddress: client }, forged)
    expect(row).toMatchObject({ ipAddress })
  })
})
