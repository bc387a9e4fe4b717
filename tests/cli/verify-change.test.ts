import { expect, test } from 'vitest'
import { readSchema } from '../../cli/prisma-schema.ts'
import { verifyChange } from '../../cli/verify-change.ts'
import { userSchema } from './new-application.ts'

const read = (text: string) => readSchema([{ path: 'schema.prisma', text }])
const before = userSchema()

test.each([
  ['a field more', before.replace('  email', '  a Int\n  email'), ['User.a']],
  ['a model more', `${before}model Other {\n  id Int @id\n  a Int @unique\n}\n`, []],
])('%s, as it was meant, is no other change', (_name, after, fields) => {
  expect(() => verifyChange(read(before), read(after), fields)).not.toThrow()
})

test.each([
  ['a field more than was meant', before.replace('  email', '  a Int\n  email')],
  ['a field less', before.replace(/^ *email.*\n/m, '')],
  ['another type', before.replace('email String', 'email Int')],
  ['an index more', before.replace(/\}\n$/, '  @@index([email])\n}\n')],
  ['an enum more', `${before}enum Other {\n  a\n}\n`],
  ['another docstring', before.replace('model', '/// Text.\nmodel')],
  ['another provider', userSchema('mysql')],
])('%s is another change', (_name, after) => {
  expect(() => verifyChange(read(before), read(after), [])).toThrow('would alter other')
})
