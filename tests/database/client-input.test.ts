import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicy, generateSessionKey, trackSession, type IpAddressForm } from '../../src/index.ts'
import { addressHeaders } from '../../src/find-client-address.ts'
import { firstOf, locationHeaders } from '../../src/location.ts'
import { describeRequest } from '../../src/request.ts'
import { everyHeader } from '../every-header.ts'
import { openDatabase } from './open-database.ts'

/** Columns that hold what a client says of itself, and all that may ever stand in them. */
const columns = {
  ipAddress: /^[\da-f.:]{2,39}$/,
  browserInfo: /^[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,63}$/,
  deviceInfo: /^[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,63}$/,
  deviceType: /^(?:desktop|mobile|tablet|tv|bot)$/,
  city: /^[^\p{C}<>&"`=+@]{1,100}$/u,
  country: /^[A-Z]{2}$/,
} as const

const pieces = fc.constantFrom(
  ...[
    '203.0.113.7',
    '::ffff:8.8.8.8',
    '[2001:db8::1]:443',
    'for=',
    '"',
    ',',
    ';',
    '\\',
    '127.0.0.1',
    '0x7f.1',
    '%',
  ].concat(
    ['<img src=x onerror=alert(1)>', '__proto__', 'constructor', '\u001b[31m', "=cmd|'/c calc'!A1", '\0', '\ud800'],
    ['\u202egpj.exe', 'Mozilla/5.0 (', 'Windows NT 10.0', '; ', ') ', 'Chrome/126.0.0.0', 'Android 14; '],
    [
      '"Chromium";v="126"',
      '?1',
      '"Windows"',
      '"15.0.0"',
      'MyApp/3.2.1',
      'iPhone',
      'DE',
      'K%C3%B6ln',
      '+1',
      '@SUM(1)',
      '-',
    ],
    ['x'.repeat(16_384)],
  ),
)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
)
const headers = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...everyHeader), text), { selector: ([name]) => name })
  .map((entries) => new Map(entries))
const forms: IpAddressForm[] = ['full', 'truncated', 'hashed', 'none']

describe('what a client sends', () => {
  it('signs it in, stored as a name of its column or as null and read back as it was, the same each time', async () => {
    const { prisma, user } = await openDatabase()
    const locate = firstOf(locationHeaders('cloudflare'), async () => null)
    const signIn = fc.record({
      headers,
      addressHeader: fc.constantFrom(...addressHeaders),
      peerAddress: fc.constantFrom('127.0.0.1', '203.0.113.9', undefined),
      form: fc.constantFrom(...forms),
    })
    const property = fc.asyncProperty(signIn, async ({ headers: sent, addressHeader, peerAddress, form }) => {
      const request = { headers: { get: (name: string) => sent.get(name.toLowerCase()) ?? null } }
      const policy = createPolicy({ ipAddress: form, ipAddressKey: 'thirty-two characters of the test' })
      const track = async () => {
        const described = describeRequest(request, { trustedProxies: ['loopback'], addressHeader, peerAddress })
        const input = { userId: user.id, sessionKey: generateSessionKey(), ...described }
        return trackSession(prisma, input, { policy, locate })
      }
      const row = await track()
      const wrong = Object.entries(columns).filter(([name, pattern]) => {
        const value: unknown = Reflect.get(row, name)
        return (
          value !== null &&
          !(typeof value === 'string' && value.isWellFormed() && value.length <= 191 && pattern.test(value))
        )
      })
      expect(wrong.map(([name]) => [name, Reflect.get(row, name)])).toEqual([])
      expect(await prisma.userSession.findUnique({ where: { id: row.id } })).toEqual(row)
      const again = await track()
      for (const name of Object.keys(columns)) expect(Reflect.get(again, name)).toBe(Reflect.get(row, name))
    })
    await fc.assert(property, { numRuns: 100 })
  })
})
