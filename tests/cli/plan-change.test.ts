import { expect, test } from 'vitest'
import { findSchema } from '../../cli/find-schema.ts'
import { planChange } from '../../cli/plan-change.ts'
import { readSchema } from '../../cli/prisma-schema.ts'
import { newApplication, userSchema } from './new-application.ts'

/** What the command would make of a schema, and what Prisma's parser finds in that. */
function plan(text: string, userModel = 'User') {
  const { changes, notes } = planChange(
    { isFolder: false, files: [{ path: 'schema.prisma', text }], notes: [] },
    userModel,
  )
  const after = changes[0]?.after ?? text
  const { models } = readSchema([{ path: 'schema.prisma', text: after }])
  return { changes, notes, after, models: Object.fromEntries(models.map((model) => [model.name, model])) }
}

type Planned = ReturnType<typeof plan>
const fieldOf = ({ models }: Planned, model: string, name: string) =>
  models[model]!.fields.find((field) => field.name === name)

test.each([
  ['sqlite', 'id Int @id', 'Int', null],
  ['sqlite', 'id BigInt @id', 'BigInt', null],
  ['postgresql', 'id String @id @db.Uuid', 'String', ['Uuid', []]],
  ['postgres', 'id String @id @default(cuid()) @db.VarChar(30)', 'String', ['VarChar', ['30']]],
  ['mysql', 'id Int @id @default(autoincrement()) @db.UnsignedInt', 'Int', ['UnsignedInt', []]],
  ['mysql', 'id String @id @default(uuid()) @db.Char(36)', 'String', ['Char', ['36']]],
])('on %s, userId takes the type and the native type of %s', (provider, id, type, nativeType) => {
  const planned = plan(userSchema(provider, id))
  expect(fieldOf(planned, 'UserSession', 'userId')).toMatchObject({ type, nativeType, isRequired: true })
  expect(plan(planned.after).changes).toEqual([])
})

test('the user model and its id may have other names, and the datasource and a schema of the database too', () => {
  const text = `datasource pg {
  provider = "postgresql"
  schemas  = ["app", "auth"]
}

model Account {
  uid String @id @pg.Uuid @map("account_id")

  @@schema("app")
}
`
  const planned = plan(text, 'Account')
  expect(fieldOf(planned, 'UserSession', 'userId')).toMatchObject({ type: 'String', nativeType: ['Uuid', []] })
  expect(fieldOf(planned, 'UserSession', 'user')).toMatchObject({ type: 'Account', relationToFields: ['uid'] })
  expect(planned.models).toMatchObject({ Session: { schema: 'app' }, UserSession: { schema: 'app' } })
  expect(plan(planned.after, 'Account').changes).toEqual([])
})

const authJs = `
model Session {
  id           String   @id @default(cuid()) @db.VarChar(40)
  sessionToken String   @unique
  ownerId      String
  expires      DateTime
}
`
const sessionStore = `
model Session {
  id        String   @id
  sid       String   @unique
  data      String
  expiresAt DateTime
}
`

test.each([
  ['Auth.js', authJs, ['VarChar', ['40']]],
  ['prisma-session-store', sessionStore, null],
])('to the Session of %s it attaches UserSession alone, and says how to use it', (_name, session, nativeType) => {
  const text = userSchema('postgresql') + session
  const planned = plan(text)
  expect(fieldOf(planned, 'UserSession', 'sessionId')).toMatchObject({ type: 'String', nativeType, isUnique: true })
  expect(fieldOf(planned, 'Session', 'userSession')).toMatchObject({ type: 'UserSession', isRequired: false })
  const others = planned.models.Session!.fields.filter(({ name }) => name !== 'userSession')
  expect(others).toEqual(readSchema([{ path: 'schema.prisma', text }]).models[1]!.fields)
  expect(planned.notes).toEqual([expect.stringContaining('Pass sessionId')])
  expect(plan(planned.after).changes).toEqual([])
})

test('to a Session that is as this package writes it, it attaches UserSession without further ado', () => {
  const session = 'model Session {\n  id String @id\n  data Json?\n  createdAt DateTime\n  expiresAt DateTime\n}\n'
  expect(plan(userSchema() + session).notes).toEqual(['Session is there already: UserSession is attached to it.'])
  const demanding = session.replace('data', 'token String\n  data')
  expect(plan(userSchema() + demanding).notes).toEqual([expect.stringContaining('Pass sessionId')])
})

test('columns of one’s own are welcome in UserSession, and a needed one is not', () => {
  const { after } = plan(userSchema())
  const withColumn = (column: string) => after.replace(/(?<=model UserSession \{\n)/, `  ${column}\n`)
  expect(plan(withColumn('label String?')).changes).toEqual([])
  expect(() => plan(withColumn('label String'))).toThrow('its field label is neither optional nor has a default')
  expect(() => plan(after.replace(/^ *endReason .*\n/m, ''))).toThrow('it has no field "endReason String?"')
})

test('the new field stands in line with the others, before what follows them', () => {
  const text =
    userSchema().replace(/model[^]*/, '') +
    'model User {\n    identifier     Int @id\n\n    // Notes.\n    @@map("u")\n}\n'
  expect(plan(text).after).toContain('    identifier     Int @id\n    userSessions   UserSession[]\n\n    // Notes.\n')
})

test.each([
  ['--schema', { 'db/main.prisma': userSchema(), 'prisma/schema.prisma': '' }, 'db/main.prisma', false],
  ['--schema with a folder', { 'db/main.prisma': userSchema() }, 'db', true],
  [
    'package.json',
    { 'package.json': '{"prisma":{"schema":"db/x.prisma"}}', 'db/x.prisma': userSchema() },
    undefined,
    false,
  ],
  ['prisma/schema.prisma', { 'prisma/schema.prisma': userSchema() }, undefined, false],
  ['schema.prisma', { 'schema.prisma': userSchema() }, undefined, false],
  ['a folder prisma', { 'prisma/a.prisma': userSchema(), 'prisma/models/b.prisma': '' }, undefined, true],
  ['a folder prisma/schema', { 'prisma/schema/a.prisma': userSchema() }, undefined, true],
])('a schema is found by %s', (_name, files, asked, isFolder) => {
  const found = findSchema(newApplication(files).directory, asked)
  expect({ isFolder: found.isFolder, notes: found.notes }).toEqual({ isFolder, notes: [] })
  expect(found.files.map(({ text }) => text)).toContain(userSchema())
})

test('prisma.config.ts is not run: it is said that it may name another schema', () => {
  const files = { 'schema.prisma': userSchema(), 'prisma.config.ts': 'throw new Error()' }
  const { notes } = findSchema(newApplication(files).directory, undefined)
  expect(notes).toEqual([expect.stringMatching(/^prisma\.config\.ts is not read\..*--schema\.$/)])
})
