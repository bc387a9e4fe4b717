import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../prisma/', import.meta.url)
const databases = [
  { provider: 'sqlite', folder: root },
  { provider: 'postgresql', folder: new URL('postgresql/', root) },
  { provider: 'mysql', folder: new URL('mysql/', root) },
].map(({ provider, folder }) => {
  const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8')
  const names = readdirSync(new URL('migrations/', folder)).filter((name) => /^\d/.test(name))
  return {
    provider,
    schema: read('schema.prisma'),
    lock: read('migrations/migration_lock.toml'),
    migrations: names.map((name) => read(`migrations/${name}/migration.sql`)),
  }
})
const [sqlite, ...others] = databases

/** A schema without what is its database's own: provider, native types, and the spaces that these take to line up. */
function modelsOf(schema: string): string[] {
  return schema
    .replace(/(?<=^generator client \{\n.+\n  output   = ").+(?=")/m, '')
    .replace(/(?<=^datasource db \{\n  provider = ").+(?=")/m, '')
    .replaceAll(/ +@db\.\w+(?:\([\d, ]+\))?/g, '')
    .replaceAll(/ +/g, ' ')
    .split('\n')
}

test.each(others)(
  'the models of $provider are those of SQLite, attribute for attribute, comment for comment',
  (other) => {
    expect(modelsOf(other.schema)).toEqual(modelsOf(sqlite!.schema))
  },
)

test.each(databases)(
  'the schema of $provider and its migrations are for that database',
  ({ provider, schema, lock }) => {
    expect(schema).toContain(`\ndatasource db {\n  provider = "${provider}"\n}\n`)
    expect(lock).toMatch(new RegExp(`^provider = "${provider}"$`, 'm'))
  },
)

test.each(databases)('no date is left to the clock and the zone of $provider', ({ schema, migrations }) => {
  expect(migrations).not.toEqual([])
  const clock = /@updatedAt|\bdbgenerated\b|\bnow *\(|\bCURRENT_(?:DATE|TIME)|\bLOCALTIME/i
  const dateWithDefault = /\b(?:DATE|TIME)\w*\b.*(?:@default|\bDEFAULT)\b/i
  const lines = [schema, ...migrations].flatMap((text) => text.split('\n'))
  expect(lines.filter((line) => clock.test(line) || dateWithDefault.test(line))).toEqual([])
})
