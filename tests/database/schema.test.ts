import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { get_dmmf } from '@prisma/prisma-schema-wasm'
import { expect, inject, test } from 'vitest'
import { schemaFolder } from '../../scripts/databases.ts'
import { openDatabase } from './open-database.ts'
import { type Part, readTables, sorted } from './read-tables.ts'

/** What is read here of Prisma's own description of a schema. */
interface Datamodel {
  readonly models: readonly { readonly name: string; readonly fields: readonly Field[] }[]
  readonly indexes: readonly {
    readonly model: string
    readonly type: keyof typeof indexes
    readonly dbName?: string
    readonly fields: readonly { readonly name: string; readonly sortOrder?: string }[]
  }[]
}
interface Field {
  readonly name: string
  readonly kind: string
  readonly type: string
  readonly isRequired: boolean
  readonly default?: { readonly name: string }
  readonly relationFromFields?: readonly string[]
  readonly relationToFields?: readonly string[]
  readonly relationOnDelete?: string
  readonly relationOnUpdate?: string
}

const types: Readonly<Record<string, string>> = { Int: 'int', String: 'text', Json: 'json', DateTime: 'date' }
/** What an index is to a database, and how Prisma's name for it ends. */
const indexes = { id: ['primary key', 'pkey'], unique: ['unique index', 'key'], normal: ['index', 'idx'] } as const

const ownSchema = readFileSync(new URL('schema.prisma', schemaFolder(inject('driver'))), 'utf8')

/** The columns, indexes and keys that Prisma makes of a schema. */
function partsOf(schema: string): Part[] {
  const dmmf = JSON.parse(get_dmmf(JSON.stringify({ prismaSchema: [['schema.prisma', schema]] })))
  const { models, indexes: keys }: Datamodel = dmmf.datamodel
  return sorted([
    ...models.flatMap(({ name, fields }) => fields.filter(isColumn).map((field) => columnOf(name, field))),
    ...keys.map(({ model, type, dbName, fields }) => {
      const [kind, end] = indexes[type]
      const names = type === 'id' ? [] : fields.map((field) => field.name)
      const name = dbName ?? [model, ...names, end].join('_')
      const columns = fields.map((field) => (field.sortOrder === 'desc' ? `${field.name} desc` : field.name))
      return { table: model, name, kind, columns: columns.join(', ') }
    }),
    ...models.flatMap(({ name, fields }) => fields.filter(isForeignKey).map((field) => foreignKeyOf(name, field))),
  ])
}

const isColumn = ({ kind }: Field): boolean => kind !== 'object'
const isForeignKey = ({ relationFromFields = [] }: Field): boolean => relationFromFields.length > 0

function columnOf(table: string, field: Field): Part {
  return {
    table,
    column: field.name,
    type: types[field.type] ?? field.type,
    nullability: field.isRequired ? 'not null' : 'null',
    default: field.default === undefined ? null : field.default.name,
  }
}

function foreignKeyOf(
  table: string,
  { relationFromFields, relationToFields, type, isRequired, ...actions }: Field,
): Part {
  // What Prisma takes where the schema does not say.
  const { relationOnDelete = isRequired ? 'Restrict' : 'SetNull', relationOnUpdate = 'Cascade' } = actions
  return {
    table,
    name: [table, ...relationFromFields!, 'fkey'].join('_'),
    kind: 'foreign key',
    columns: relationFromFields!.join(', '),
    target: type,
    targets: relationToFields!.join(', '),
    onDelete: inSql(relationOnDelete),
    onUpdate: inSql(relationOnUpdate),
  }
}

function inSql(action: string): string {
  return action.replace(/(?<=[a-z])(?=[A-Z])/, ' ').toUpperCase()
}

test('the applied migrations are the schema, names included', async () => {
  expect(await readTables(await openDatabase())).toEqual(partsOf(ownSchema))
})

test("no column has a default but the number of a user, so that no clock but the application's is read", async () => {
  const parts = await readTables(await openDatabase())
  expect(parts.filter((part) => 'default' in part && part.default !== null)).toEqual([
    { table: 'User', column: 'id', type: 'int', nullability: 'not null', default: 'autoincrement' },
  ])
})

test.each([
  [
    'an action',
    /onDelete: SetNull/,
    'onDelete: Cascade',
    [{ name: 'UserSession_sessionId_fkey', onDelete: 'CASCADE' }, { onDelete: 'SET NULL' }],
  ],
  ['another name', /(@@index\(\[[^\]]+\])/, '$1, map: "list"', [{ name: 'list' }, { kind: 'index' }]],
  ['a unique column', /(city +String\?)/, '$1 @unique', [{ name: 'UserSession_city_key', kind: 'unique index' }]],
  ['a column that is not unique', /(email +String) +@unique/, '$1', [{ name: 'User_email_key' }]],
  ['an index in another order', /\[userId, createdAt/, '[createdAt, userId', [{ kind: 'index' }, { kind: 'index' }]],
  [
    'an index that descends',
    /\[userId, createdAt/,
    '[userId, createdAt(sort: Desc)',
    [{ columns: expect.stringContaining('createdAt desc') }, { kind: 'index' }],
  ],
  [
    'another type',
    /(country +)String/,
    '$1Int',
    [
      { column: 'country', type: 'int' },
      { column: 'country', type: 'text' },
    ],
  ],
  [
    'a column that may not be null',
    /(country +String)\?/,
    '$1',
    [{ nullability: 'not null' }, { column: 'country', nullability: 'null' }],
  ],
  [
    'a default',
    /(endedAt +DateTime\?)/,
    '$1 @default(now())',
    [{ default: 'now' }, { column: 'endedAt', default: null }],
  ],
  ['a column more', /(city +String\?)/, '$1\n  town String?', [{ column: 'town' }]],
])('%s in the schema, and not in the migrations, would be found', async (_name, pattern, replacement, found) => {
  const tables = await readTables(await openDatabase())
  const schema = partsOf(ownSchema.replace(pattern, replacement))
  expect([...without(schema, tables), ...without(tables, schema)]).toMatchObject(found)
})

test('what the migrations do and the schema does not know would be found', async () => {
  const database = await openDatabase()
  await database.execute(`DROP INDEX "User_email_key" ${database.driver === 'mysql' ? 'ON "User"' : ''}`)
  await database.execute('CREATE INDEX "User_name_idx" ON "User"("name", "email" DESC)')
  await database.execute('ALTER TABLE "User" ADD COLUMN "shoeSize" INTEGER NOT NULL DEFAULT 42')
  const tables = await readTables(database)
  expect(without(partsOf(ownSchema), tables)).toMatchObject([{ name: 'User_email_key' }])
  expect(without(tables, partsOf(ownSchema))).toEqual([
    { table: 'User', column: 'shoeSize', type: 'int', nullability: 'not null', default: '42' },
    { table: 'User', name: 'User_name_idx', kind: 'index', columns: 'name, email desc' },
  ])
})

function without(parts: readonly Part[], others: readonly Part[]): Part[] {
  return parts.filter((part) => !others.some((other) => isDeepStrictEqual(part, other)))
}
