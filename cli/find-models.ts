import { findBlocks } from './find-blocks.ts'
import { mustBeGiven } from './must-be-given.ts'
import type { Model, ModelField, PrismaSchema, SchemaFile } from './prisma-schema.ts'
import { Refusal } from './refusal.ts'

/**
 * The model of this name, `undefined` when nothing has it.
 *
 * @throws Refusal when it is the name of something else
 */
export function findModel(files: readonly SchemaFile[], schema: PrismaSchema, name: string): Model | undefined {
  const blocks = files.flatMap(({ text }) => findBlocks(text)).filter((block) => block.name === name)
  const block = blocks.find(({ keyword }) => keyword !== 'datasource' && keyword !== 'generator')
  if (block && block.keyword !== 'model')
    throw new Refusal(`There is another ${block.keyword} ${name}, where a model is needed. Rename it`)
  return block && schema.models.find((model) => model.name === name)
}

/**
 * The user model and its id.
 *
 * @throws Refusal when there is none, or its id is not one column of a type that `userId` can have
 */
export function findUser(
  files: readonly SchemaFile[],
  schema: PrismaSchema,
  name: string,
): { user: Model; userId: ModelField } {
  if (name === 'Session' || name === 'UserSession') throw new Refusal(`${name} cannot be the user model`)
  const user = findModel(files, schema, name)
  const known = schema.models.map((model) => model.name).join(', ') || 'none'
  if (!user)
    throw new Refusal(`There is no model ${name}. Name your user model with --user-model; the models are: ${known}`)
  if (user.primaryKey && user.primaryKey.fields.length > 1)
    throw new Refusal(`The id of ${name} is of several columns. UserSession needs one: give ${name} a field with @id`)
  const userId = user.fields.find(({ isId }) => isId)
  if (!userId) throw new Refusal(`${name} has no id. Give it a field with @id`)
  if (!['Int', 'BigInt', 'String'].includes(userId.type))
    throw new Refusal(`The id of ${name} is of type ${userId.type}. It must be Int, BigInt or String`)
  return { user, userId }
}

/**
 * The id of a `Session` model that is there already, to which `UserSession` can be attached.
 *
 * @throws Refusal when it is not what the functions of this package look sessions up by
 */
export function findSessionId({ name, fields }: Model): ModelField {
  const id = fields.find(({ isId }) => isId)
  if (id?.name === 'id' && id.type === 'String') return id
  const found = id ? `its id is ${id.name} ${id.type}` : 'it has no field with @id'
  throw new Refusal(
    `There is a model ${name} already, to which UserSession cannot be attached: ${found}. ` +
      `Give it a field "id String @id", for example with @default(cuid()), or rename it`,
  )
}

/** Whether this package's functions can write rows of this `Session` model themselves. */
export function isOwnSession({ fields }: Model, own: Model): boolean {
  const has = ({ name, type, isList }: ModelField) =>
    fields.some((field) => field.name === name && field.type === type && field.isList === isList)
  const isGiven = ({ name }: ModelField) => own.fields.some((field) => field.name === name)
  return own.fields.filter(({ kind }) => kind !== 'object').every(has) && fields.filter(mustBeGiven).every(isGiven)
}
