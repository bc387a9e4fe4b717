import { createHmac } from 'node:crypto'
import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anonymizeIpAddress, type IpAddressForm } from '../../src/anonymize-ip-address.ts'
import { normalizeIpAddress } from '../../src/ip-address.ts'

const key = 'a secret of thirty-two characters'
const forms: IpAddressForm[] = ['full', 'truncated', 'hashed', 'none']
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => normalizeIpAddress(text)!)

describe('anonymizeIpAddress()', () => {
  test.each([
    ['203.0.113.7', '203.0.113.0'],
    ['8.8.8.8', '8.8.8.0'],
    ['255.255.255.255', '255.255.255.0'],
    ['10.20.30.0', '10.20.30.0'],
    ['2001:db8:85a3:8d3:1319:8a2e:370:7348', '2001:db8:85a3::'],
    ['2001:db8:85a3::8a2e:370:7334', '2001:db8:85a3::'],
    ['2001:db8::1', '2001:db8::'],
    ['2001::1', '2001::'],
    ['2001:0:0:1::1', '2001::'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8::'],
    ['1:0:2:3:4:5:6:7', '1:0:2::'],
    ['::1', '::'],
    ['::1:2:3:4:5:6', '0:0:1::'],
    ['fe80::1', 'fe80::'],
    ['64:ff9b::808:808', '64:ff9b::'],
    // 6to4 of 203.0.113.7, of which 203.0.113.0 is left.
    ['2002:cb00:7107::1', '2002:cb00:7100::'],
    ['2002:cb00:7::1', '2002:cb00::'],
  ])('truncates %s to %s', (ipAddress, network) => {
    expect(anonymizeIpAddress(ipAddress, 'truncated')).toBe(network)
  })

  test('gives one network for all of its addresses, and no other of its bits away', () => {
    fc.assert(
      fc.property(address, (ipAddress) => {
        const network = anonymizeIpAddress(ipAddress, 'truncated')!
        const family = ipAddress.includes(':') ? 'ipv6' : 'ipv4'
        const list = new BlockList()
        list.addSubnet(network, family === 'ipv6' ? (ipAddress.startsWith('2002:') ? 40 : 48) : 24, family)
        expect(list.check(ipAddress, family)).toBe(true)
        expect(normalizeIpAddress(network)).toBe(network)
        expect(network).toMatch(family === 'ipv6' ? /^(::|([\da-f]{1,4}:){1,3}:)$/ : /^(\d+\.){3}0$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('hashes with the key, to 32 hex characters of the HMAC-SHA-256', () => {
    const digest = createHmac('sha256', key).update('203.0.113.7').digest('hex')
    expect(anonymizeIpAddress('203.0.113.7', 'hashed', key)).toBe(digest.slice(0, 32))
    expect(anonymizeIpAddress('203.0.113.7', 'hashed', `${key}!`)).not.toBe(digest.slice(0, 32))
    expect(anonymizeIpAddress('203.0.113.8', 'hashed', key)).not.toBe(digest.slice(0, 32))
  })

  test('keeps all of it, or nothing', () => {
    for (const ipAddress of ['203.0.113.7', '2001:db8::1']) {
      expect(anonymizeIpAddress(ipAddress, 'full')).toBe(ipAddress)
      expect(anonymizeIpAddress(ipAddress, 'none')).toBe(null)
    }
  })

  test('has nothing to keep of no address', () => {
    for (const form of forms) expect(anonymizeIpAddress(null, form, key)).toBe(null)
    for (const text of ['', 'localhost', '203.0.113.7/24', 'f'.repeat(31), 'F'.repeat(32)]) {
      expect([text, anonymizeIpAddress(text, 'truncated')]).toEqual([text, null])
      expect([text, anonymizeIpAddress(text, 'hashed', key)]).toEqual([text, null])
    }
  })

  test('leaves what it made of an address as it is, and keeps less of it when asked to', () => {
    fc.assert(
      fc.property(address, fc.constantFrom(...forms), fc.constantFrom(...forms), (ipAddress, first, then) => {
        const once = anonymizeIpAddress(ipAddress, first, key)
        expect(anonymizeIpAddress(once, first, key)).toBe(once)
        const twice = anonymizeIpAddress(once, then, key)
        expect(then === 'none' && twice !== null).toBe(false)
        expect(first === 'hashed' && then !== 'none' && twice !== once).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})
