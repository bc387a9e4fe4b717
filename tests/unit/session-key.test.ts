import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generateSessionKey, hashSessionKey, InvalidInputError } from '../../src/index.ts'
import { deriveUserSessionId } from '../../src/session-key.ts'

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

describe('generateSessionKey()', () => {
  it('gives 43 base64url characters of 32 bytes, each time others', () => {
    const keys = Array.from({ length: 10_000 }, generateSessionKey)
    expect(keys.filter((key) => !/^[\w-]{43}$/.test(key) || Buffer.from(key, 'base64url').length !== 32)).toEqual([])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('leaves no bit the same in all keys', () => {
    const ones = Array.from({ length: 256 }, () => 0)
    for (let count = 0; count < 1000; count++) {
      const bytes = Buffer.from(generateSessionKey(), 'base64url')
      for (let bit = 0; bit < 256; bit++) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1
    }
    // 500 of 1,000 are expected; 300 is twelve standard deviations away.
    expect(ones.filter((count) => count < 300 || count > 700)).toEqual([])
  })

  it('gives keys that hashSessionKey takes', () => {
    const key = generateSessionKey()
    expect(hashSessionKey(key)).toBe(sha256(key))
  })
})

describe('hashSessionKey()', () => {
  it('is SHA-256 in 64 lowercase hex characters', () => {
    // Source: FIPS 180-4, the example of one block.
    expect(hashSessionKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it.each(['x', ' padded ', 'ключ', '🙂', 'a\nb', 'k'.repeat(4096), 'É', 'É', generateSessionKey()])(
    'is that of the UTF-8 text: %.20s',
    (key) => {
      expect(hashSessionKey(key)).toBe(sha256(key))
      expect(hashSessionKey(key)).toMatch(/^[0-9a-f]{64}$/)
    },
  )

  it('tells case, accents and spaces at the end apart', () => {
    const keys = ['key', 'KEY', 'kéy', 'key ', ' key', 'ke\u0301y']
    expect(new Set(keys.map(hashSessionKey)).size).toBe(keys.length)
  })

  const texts = ['', ' ', '\t\n', '\u00a0', 'k'.repeat(4097), '\ud800', 'a\udc00b', '\0', 'a\0']
  const others = [undefined, null, 5, Number.NaN, 1n, true, {}, ['key'], { not: '' }, Buffer.from('key'), () => 'key']
  it.each([...texts, ...others, Symbol('key')])('refuses %.20o', (key) => {
    const hash = () => hashSessionKey(key as never)
    expect(hash).toThrow(InvalidInputError)
    expect(hash).toThrow(expect.objectContaining({ field: 'sessionKey', code: 'ERR_INVALID_INPUT' }))
  })

  it('says what type came, never the value', () => {
    expect(() => hashSessionKey('secret\0')).toThrow(
      'Cannot hash session key: sessionKey must be a non-blank, well-formed string of at most 4096 characters: received string',
    )
  })
})

describe('deriveUserSessionId()', () => {
  it('gives 32 hex characters, the same for the same session id and others for another', () => {
    const sessionIds = Array.from({ length: 1000 }, () => hashSessionKey(generateSessionKey()))
    const ids = sessionIds.map(deriveUserSessionId)
    expect(ids.filter((id) => !/^[0-9a-f]{32}$/.test(id))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
    expect(sessionIds.map(deriveUserSessionId)).toEqual(ids)
  })

  it('gives no part of the session id, and not its plain hash', () => {
    const sessionId = hashSessionKey('key')
    const id = deriveUserSessionId(sessionId)
    const pieces = Array.from({ length: id.length - 7 }, (_, index) => id.slice(index, index + 8))
    expect(pieces.filter((piece) => sessionId.includes(piece) || sha256(sessionId).includes(piece))).toEqual([])
  })

  it('stays what it is, since rows are found by it', () => {
    expect(deriveUserSessionId(hashSessionKey('key'))).toBe(sha256(`user-session:${sha256('key')}`).slice(0, 32))
  })
})
