import { findBlocks, type Block } from './find-blocks.ts'
import { findModel, findSessionId, findUser, isOwnSession } from './find-models.ts'
import type { FoundSchema } from './find-schema.ts'
import { insertField } from './insert-field.ts'
import { missingIn } from './missing-in.ts'
import { packageSchema } from './package-files.ts'
import { readSchema, type Model, type PrismaSchema, type SchemaFile } from './prisma-schema.ts'
import { Refusal } from './refusal.ts'
import { refuseNamesake } from './refuse-namesake.ts'
import { verifyChange } from './verify-change.ts'
import { writeModels } from './write-models.ts'

/** What is to become of one file. */
export interface FileChange {
  readonly path: string
  /** `null` for a file that is to be made. */
  readonly before: string | null
  readonly after: string
}

/** What is to be written, nothing when all is there, and what the user should know of it. */
export interface Plan {
  readonly changes: readonly FileChange[]
  readonly notes: readonly string[]
}

const BEGIN = `// prisma-user-sessions: begin
// To split your schema: move what is between these marks to user-session.prisma beside this file, and name the folder as
// the schema in prisma.config.ts.`
const END = '// prisma-user-sessions: end'

/**
 * What adds the models of this package to a schema. Reads no file but this package's own schema, and writes none. What it
 * plans is read by Prisma's parser once more, which must find the models and fields that were added, and nothing else new.
 *
 * @throws Refusal when the schema is not valid, or has something in the way
 */
export function planChange({ isFolder, files }: FoundSchema, userModel: string): Plan {
  const schema = readSchema(files)
  const { name: datasource, provider } = supportedDatasource(schema)
  const source = packageSchema(provider)
  const own = readSchema([{ path: 'schema.prisma', text: source }]).models
  const { user, userId } = findUser(files, schema, userModel)
  const session = findModel(files, schema, 'Session')
  const userSession = findModel(files, schema, 'UserSession')
  if (userSession) {
    const missing = missingIn(userSession, ownModel(own, 'UserSession'), user, userId)
    if (missing.length === 0) return { changes: [], notes: [] }
    throw new Refusal(
      `There is a model UserSession already, which is not this package's: ${missing.join('; ')}. ` +
        `Rename it (@@map keeps its table), or bring it in line with node_modules/prisma-user-sessions/prisma`,
    )
  }
  const sessionId = session && findSessionId(session)
  if (!session) refuseNamesake(schema.models, 'Session', provider)
  refuseNamesake(schema.models, 'UserSession', provider)
  const models = writeModels(source, { datasource, user, userId, sessionId })
  const backRelations = new Map([[user, { name: 'userSessions', type: 'UserSession[]' }]])
  if (session) backRelations.set(session, { name: 'userSession', type: 'UserSession?' })
  const after = [...backRelations].reduce((done, [model, field]) => withField(done, model, field), files)
  const home = fileOf(files, user.name)
  const written = isFolder ? withFile(after, home, models) : withModels(after, home, models)
  verifyChange(
    schema,
    readSchema(written),
    [...backRelations].map(([model, field]) => `${model.name}.${field.name}`),
  )
  const changes = written.flatMap(({ path, text }) => {
    const before = files.find((file) => file.path === path)?.text ?? null
    return before === text ? [] : [{ path, before, after: text }]
  })
  return { changes, notes: session ? [attached(isOwnSession(session, ownModel(own, 'Session')))] : [] }
}

function supportedDatasource({ datasource }: PrismaSchema) {
  if (!datasource) throw new Refusal('The schema has no datasource. Pass the folder that has all of it with --schema')
  const { name, provider } = datasource
  if (provider !== 'sqlite' && provider !== 'postgresql' && provider !== 'mysql')
    throw new Refusal(
      `The datasource's provider is ${provider}. This package has models for sqlite, postgresql and mysql`,
    )
  return { name, provider } as const
}

function ownModel(own: readonly Model[], name: string): Model {
  return own.find((model) => model.name === name)!
}

function blockOf(model: string, { text }: SchemaFile): Block | undefined {
  return findBlocks(text).find(({ name, keyword }) => name === model && keyword === 'model')
}

function fileOf(files: readonly SchemaFile[], model: string): SchemaFile {
  return files.find((file) => blockOf(model, file))!
}

function withField(files: readonly SchemaFile[], model: Model, field: { name: string; type: string }): SchemaFile[] {
  if (model.fields.some(({ name }) => name === field.name))
    throw new Refusal(
      `${model.name} has a field ${field.name} already, which this package needs for itself. ` +
        `Rename it (@map keeps its column), and run this again`,
    )
  const file = fileOf(files, model.name)
  const text = insertField(file.text, blockOf(model.name, file)!, field.name, field.type)
  return files.map((each) => (each === file ? { ...each, text } : each))
}

function withFile(files: readonly SchemaFile[], home: SchemaFile, models: string): SchemaFile[] {
  const path = home.path.replace(/[^/]*$/, 'user-session.prisma')
  if (files.some((file) => file.path === path))
    throw new Refusal(`There is a file ${path} already, which is to hold this package's models. Rename it`)
  return [...files, { path, text: models.replaceAll('\n', lineEndOf(home.text)) }]
}

function withModels(files: readonly SchemaFile[], home: SchemaFile, models: string): SchemaFile[] {
  const lineEnd = lineEndOf(home.text)
  const block = `\n${BEGIN}\n\n${models}\n${END}\n`.replaceAll('\n', lineEnd)
  return files.map((file) => {
    if (file.path !== home.path) return file
    return { ...file, text: `${file.text}${/[\r\n]$/.test(file.text) ? '' : lineEnd}${block}` }
  })
}

function lineEndOf(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'
}

function attached(isOwn: boolean): string {
  return isOwn
    ? 'Session is there already: UserSession is attached to it.'
    : 'Session is there already, of another library: UserSession is attached to it. ' +
        'Pass sessionId, the id of its row, to the functions in place of sessionKey.'
}
