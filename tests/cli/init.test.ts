import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSchema } from '../../cli/prisma-schema.ts'
import { newApplication, nodeArguments, userSchema } from './new-application.ts'

const own = readSchema([
  { path: 'own', text: readFileSync(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8') },
])

/** What Prisma's parser finds in a schema, which it accepts. */
function modelsIn(...texts: string[]) {
  const { models } = readSchema(texts.map((text, at) => ({ path: `${at}.prisma`, text })))
  return Object.fromEntries(models.map((model) => [model.name, model]))
}
const ours = Object.fromEntries(own.models.map((model) => [model.name, model]))

test('a schema in one file gets both models, as they are in the package, and the field of the user model', () => {
  const application = newApplication({ 'prisma/schema.prisma': userSchema() })
  const { status, stdout, stderr } = application.run('init', '--yes')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('Wrote prisma/schema.prisma. Next:\n\n  npx prisma migrate dev\n')
  const { User, Session, UserSession } = modelsIn(application.read('prisma/schema.prisma'))
  expect({ Session, UserSession }).toEqual({ Session: ours.Session, UserSession: ours.UserSession })
  expect(User!.fields.at(-1)).toMatchObject({ name: 'userSessions', type: 'UserSession', isList: true })
})

test('run again it changes nothing, says so, and is content', () => {
  const application = newApplication({ 'prisma/schema.prisma': userSchema() })
  application.run('init', '--yes')
  const before = application.readAll()
  expect(application.run('init', '--yes')).toEqual({
    status: 0,
    stdout: '',
    stderr: 'Nothing to do: the models are there.\n',
  })
  expect(application.readAll()).toEqual(before)
})

test('a schema in a folder gets a file of its own beside that of the user model, and one line in that', () => {
  const [source, model] = userSchema().split(/\n(?=model)/)
  const files = { 'prisma/schema.prisma': source!, 'prisma/models/user.prisma': model! }
  const application = newApplication(files)
  expect(application.run('init', '--yes')).toMatchObject({ status: 0 })
  const written = application.readAll()
  expect(Object.keys(written)).toEqual([
    'prisma/models/user-session.prisma',
    'prisma/models/user.prisma',
    'prisma/schema.prisma',
  ])
  expect(written['prisma/models/user.prisma']!.replace(/^ *userSessions UserSession\[\]\n/m, '')).toBe(model)
  expect(written['prisma/schema.prisma']).toBe(source)
  const { Session, UserSession } = modelsIn(...Object.values(written))
  expect({ Session, UserSession }).toEqual({ Session: ours.Session, UserSession: ours.UserSession })
  expect(application.run('init')).toMatchObject({ status: 0, stdout: '' })
})

test('nothing but the added lines is another byte, with carriage returns, tabs and braces where there are none', () => {
  const before = `datasource db {
  provider = "sqlite"
}
// model User { in a comment }
/* model User {
} */
/// A } in a docstring.
model User { // {
\tid\tInt\t@id /* } */
\tname\tString\t@default("} \\" } // {")

\t// }
\t@@map("users")
}   // no line end`.replaceAll('\n', '\r\n')
  const application = newApplication({ 'schema.prisma': before })
  expect(application.run('init', '--yes')).toMatchObject({ status: 0, stderr: '' })
  const after = application.read('schema.prisma')
  const field = '\tuserSessions UserSession[]\r\n'
  const at = after.indexOf(field)
  expect(after.slice(0, at)).toMatch(/name\tString\t@default\(.*\)\r\n$/)
  expect((after.slice(0, at) + after.slice(at + field.length)).slice(0, before.length)).toBe(before)
  expect(after.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  expect(modelsIn(after).User!.fields.map(({ name }) => name)).toEqual(['id', 'name', 'userSessions'])
})

test('--dry-run prints the change, writes nothing, and git makes the same of it as --yes', () => {
  const [source, model] = userSchema().split(/\n(?=model)/)
  const files = { 'prisma/schema.prisma': source!, 'prisma/user.prisma': model!.trimEnd() }
  const application = newApplication(files)
  const { status, stdout, stderr } = application.run('init', '--dry-run', '--yes')
  expect({ status, stderr, files: application.readAll() }).toEqual({ status: 0, stderr: '', files })
  const applied = spawnSync('git', ['apply', '-'], { cwd: application.directory, input: stdout, encoding: 'utf8' })
  expect(applied.stderr).toBe('')
  const other = newApplication(files)
  other.run('init', '--yes')
  expect(application.readAll()).toEqual(other.readAll())
  expect(Object.keys(other.readAll())).toHaveLength(3)
})

test('where nobody can be asked it refuses, and shows what it would have written', () => {
  const files = { 'schema.prisma': userSchema() }
  const application = newApplication(files)
  const { status, stdout, stderr } = application.run('init')
  expect({ status, files: application.readAll() }).toEqual({ status: 1, files })
  expect(stdout).toContain('+model UserSession {')
  expect(stderr).toContain('Pass --yes to write')
})

const isLinux = process.platform === 'linux' && existsSync('/usr/bin/script')

test.skipIf(!isLinux).each([
  ['y', 0, true],
  ['n', 1, false],
])('on a terminal it asks, and %s is an answer', (answer, status, isWritten) => {
  const application = newApplication({ 'schema.prisma': userSchema() })
  const line = [process.execPath, ...nodeArguments, 'init'].map((word) => `'${word}'`).join(' ')
  const options = { cwd: application.directory, input: `${answer}\n`, encoding: 'utf8', timeout: 30_000 } as const
  const terminal = spawnSync('/usr/bin/script', ['-qec', line, '/dev/null'], options)
  expect(terminal.stdout).toContain('Write this? (y/N)')
  expect({ status: terminal.status, isWritten: 'UserSession' in modelsIn(application.read('schema.prisma')) }).toEqual({
    status,
    isWritten,
  })
})

test.skipIf(process.platform === 'win32')(
  'a file keeps its permissions, a symbolic link stays one, and no draft is left',
  () => {
    const application = newApplication({ 'db/real.prisma': userSchema() })
    chmodSync(join(application.directory, 'db/real.prisma'), 0o640)
    symlinkSync('db/real.prisma', join(application.directory, 'schema.prisma'))
    expect(application.run('init', '--yes')).toMatchObject({ status: 0 })
    expect(lstatSync(join(application.directory, 'schema.prisma')).isSymbolicLink()).toBe(true)
    expect(statSync(join(application.directory, 'db/real.prisma')).mode & 0o777).toBe(0o640)
    expect(application.read('db/real.prisma')).toContain('model UserSession {')
    expect(Object.keys(application.readAll())).toEqual(['db/real.prisma'])
  },
)

test('a schema of Prisma 6, with URLs in its datasource, which is not touched', () => {
  const before = userSchema().replace(
    '  provider = "sqlite"\n',
    `  provider = "sqlite" // here
  url      = env("DATABASE_URL")
  directUrl = "file:./{dev}.db"
  shadowDatabaseUrl = env("SHADOW") /// all of it
`,
  )
  const application = newApplication({ 'prisma/schema.prisma': before })
  expect(application.run('init', '--yes')).toMatchObject({ status: 0, stderr: '' })
  const after = application.read('prisma/schema.prisma')
  expect(after.startsWith(before.slice(0, before.indexOf('model User')))).toBe(true)
  expect(Object.keys(modelsIn(after)).toSorted()).toEqual(['Session', 'User', 'UserSession'])
  expect(application.run('init')).toMatchObject({ status: 0, stdout: '' })
})
