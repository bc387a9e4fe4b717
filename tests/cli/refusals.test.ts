import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { newApplication, userSchema } from './new-application.ts'

const twoIds = 'a Int\n  b Int\n  @@id([a, b])'
const otherUserSession = `${userSchema()}
model UserSession {
  id Int @id
}
`
const takenField = userSchema().replace('email String', 'userSessions String')

test.each<[string, Record<string, string>, RegExp]>([
  ['no schema', { 'package.json': '{}' }, /no schema\.prisma.*--schema/],
  ['two schemas', { 'schema.prisma': userSchema(), 'prisma/schema.prisma': userSchema() }, /two schemas.*--schema/],
  [
    'schemas for two databases',
    { 'prisma/a.prisma': userSchema(), 'prisma/b/c.prisma': userSchema() },
    /a\.prisma, prisma\/b\/c\.prisma/,
  ],
  [
    'a package.json that is none',
    { 'package.json': '{', 'schema.prisma': userSchema() },
    /package\.json is not valid JSON/,
  ],
  ['a schema that package.json names in vain', { 'package.json': '{"prisma":{"schema":"db"}}' }, /There is no db\./],
  [
    'a broken schema',
    { 'schema.prisma': 'model User {\n  id Nothing @id\n  a Nothing\n}\n' },
    /Type "Nothing" is neither[^]*schema\.prisma:2[^]*1 more/,
  ],
  ['no datasource', { 'schema.prisma': 'model User {\n  id Int @id\n}\n' }, /no datasource/],
  ['an unsupported provider', { 'schema.prisma': userSchema('sqlserver') }, /sqlserver.*sqlite, postgresql and mysql/],
  [
    'no user model',
    { 'schema.prisma': userSchema().replace('User', 'Account') },
    /no model User.*--user-model.*Account/,
  ],
  ['a user model without an id', { 'schema.prisma': userSchema('sqlite', 'id Int @unique') }, /User has no id.*@id/],
  ['an id of several columns', { 'schema.prisma': userSchema('sqlite', twoIds) }, /several columns/],
  [
    'an id of another type',
    { 'schema.prisma': userSchema('sqlite', 'id DateTime @id') },
    /DateTime.*Int, BigInt or String/,
  ],
  [
    'an enum in place of the user model',
    { 'schema.prisma': `${userSchema().replace('User', 'Account')}enum User {\n  a\n}\n` },
    /another enum User/,
  ],
  ['another UserSession', { 'schema.prisma': otherUserSession }, /UserSession already.*"id String @id".*Rename it/],
  ['another field userSessions', { 'schema.prisma': takenField }, /User has a field userSessions already.*Rename it/],
  [
    'another thing named Session',
    { 'schema.prisma': `${userSchema()}enum Session {\n  a\n}\n` },
    /another enum Session/,
  ],
  [
    'a Session without an id',
    { 'schema.prisma': `${userSchema()}model Session {\n  sessionToken String @unique\n}\n` },
    /no field with @id.*id String @id/,
  ],
  [
    'a Session with another id',
    { 'schema.prisma': `${userSchema()}model Session {\n  id Int @id\n}\n` },
    /its id is id Int/,
  ],
  [
    'a table that is taken',
    { 'schema.prisma': `${userSchema()}model Other {\n  id Int @id\n  @@map("UserSession")\n}\n` },
    /UserSession/,
  ],
  [
    'a model that differs from Session by a capital',
    { 'schema.prisma': `${userSchema('postgresql')}model session {\n  id String @id\n}\n` },
    /model session stands in the way of a new model Session.*to Session/,
  ],
  [
    'a table that differs from Session by a capital',
    { 'schema.prisma': `${userSchema()}model Login {\n  id String @id\n  @@map("session")\n}\n` },
    /model Login stands in the way/,
  ],
  [
    'a file that is taken',
    { 'prisma/a.prisma': userSchema(), 'prisma/user-session.prisma': '' },
    /user-session\.prisma already/,
  ],
])('%s is refused, with what to do, and nothing is written', (_name, files, message) => {
  const application = newApplication(files)
  const { status, stdout, stderr } = application.run('init', '--yes')
  expect({ status, stdout, files: application.readAll() }).toEqual({ status: 1, stdout: '', files })
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n {4}at /)
  expect(stderr.split('\n').length).toBeLessThan(20)
})

test('a schema that is not UTF-8 is refused', () => {
  const latin1 = Buffer.from(`${userSchema()}// caf\u00e9\n`, 'latin1')
  const application = newApplication({ 'schema.prisma': latin1 })
  expect(application.run('init', '--yes')).toMatchObject({ status: 1, stderr: expect.stringContaining('UTF-8') })
})

test('a byte order mark is refused, as Prisma refuses it', () => {
  const files = { 'schema.prisma': `\ufeff${userSchema()}` }
  const application = newApplication(files)
  const { status, stderr } = application.run('init', '--yes')
  expect({ status, files: application.readAll() }).toEqual({ status: 1, files })
  expect(stderr).toContain("Prisma's parser does not accept the schema")
})

test('where one of two files is read-only neither is written', () => {
  const model = userSchema().replace(/^[^]*(?=model)/, '')
  const files = { 'prisma/a.prisma': userSchema().replace(model, ''), 'prisma/user.prisma': model }
  const application = newApplication(files)
  chmodSync(join(application.directory, 'prisma/user.prisma'), 0o444)
  const { status, stderr } = application.run('init', '--yes')
  expect({ status, files: application.readAll() }).toEqual({ status: 1, files })
  expect(stderr).toMatch(/prisma\/user\.prisma is read-only\. Make it writable/)
})

test.each([
  ['no command', []],
  ['another command', ['initialise']],
  ['a second command', ['init', 'again']],
  ['an unknown option', ['init', '--force']],
  ['an option without its value', ['init', '--schema']],
  ['an empty path', ['init', '--schema', '']],
  ['an empty name', ['init', '--user-model=']],
])('%s is wrong usage', (_name, args) => {
  const { run } = newApplication({ 'schema.prisma': userSchema() })
  const { status, stdout, stderr } = run(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^Wrong usage: .+\. See: npx prisma-user-sessions --help\n$/)
})

test('--version and --help answer', () => {
  const { run } = newApplication({})
  expect(run('--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' })
  expect(run('init', '-h')).toMatchObject({ status: 0, stdout: expect.stringContaining('--dry-run'), stderr: '' })
})
