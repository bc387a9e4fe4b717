import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'

// Source: OWASP Password Storage Cheat Sheet, scrypt: the setting that needs 16 MiB.
const cost: ScryptOptions = { N: 2 ** 14, r: 8, p: 5 }
const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** What to store of a password: a salt and a hash, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password.normalize(), salt, 32, cost)
  return `${salt.toString('base64url')}.${hash.toString('base64url')}`
}

/**
 * Whether it is the password that was stored.
 *
 * @param stored - what {@link hashPassword} made. `undefined`, for a user who does not exist, takes as long and is never
 * right, so that the time of an answer does not tell who has an account
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [salt = '', hash = ''] = (stored ?? '').split('.')
  const expected = Buffer.from(hash, 'base64url')
  const actual = await derive(password.normalize(), Buffer.from(salt, 'base64url'), 32, cost)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}
