import { expect, test } from 'vitest'
import { hashPassword, isPassword } from '../../examples/password.ts'

test('a password is right, another is not, and what is stored of it is never the same twice', async () => {
  const stored = await hashPassword('correct horse battery staple')
  expect(await isPassword('correct horse battery staple', stored)).toBe(true)
  expect(await isPassword('correct horse battery stable', stored)).toBe(false)
  expect(await isPassword('', stored)).toBe(false)
  expect(await hashPassword('correct horse battery staple')).not.toBe(stored)
})

test('a password is the same on each keyboard', async () => {
  expect(await isPassword('e\u0301te\u0301', await hashPassword('\u00e9t\u00e9'))).toBe(true)
})

test('nothing is right where nothing is stored, and to say so takes as long', async () => {
  const stored = await hashPassword('a long password')
  const time = async (given: string | undefined): Promise<number> => {
    const begin = performance.now()
    expect(await isPassword('another long password', given)).toBe(false)
    return performance.now() - begin
  }
  const times = await Promise.all([undefined, stored, '', '.'].map(time))
  for (const each of times) expect(each).toBeGreaterThan(times[1]! / 4)
})
