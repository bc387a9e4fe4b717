import { findBlocks, type Block, type Field } from './find-blocks.ts'
import { formatSchema, type Model, type ModelField } from './prisma-schema.ts'

/** What the models of this package are fitted to. */
export interface Surroundings {
  /** Name of the datasource, after which native types are called: `@db.Uuid`. */
  readonly datasource: string
  readonly user: Model
  readonly userId: ModelField
  /** Id of a `Session` model that is there already, or `undefined` when it is to be written as well. */
  readonly sessionId: ModelField | undefined
}

/**
 * The models of this package as the text of a schema, docstrings included, formatted, with `\n` for line ends.
 *
 * @param source this package's own schema for the database
 */
export function writeModels(source: string, surroundings: Surroundings): string {
  const blocks = findBlocks(source)
  const names = surroundings.sessionId ? ['UserSession'] : ['Session', 'UserSession']
  const texts = blocks.flatMap((block, at) => {
    if (block.keyword !== 'model' || !names.includes(block.name)) return []
    // Its docstring is whatever follows the block before it.
    const from = at === 0 ? 0 : blocks[at - 1]!.close + 1
    const edits = [
      ...(block.name === 'UserSession' ? editsOf(block, surroundings) : []),
      ...schemaOf(block, surroundings),
    ]
    return apply(source.slice(0, block.close + 1), edits)
      .slice(from)
      .trim()
  })
  return formatSchema(`${texts.join('\n\n')}\n`)
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

function editsOf({ fields }: Block, { datasource, user, userId, sessionId }: Surroundings): Edit[] {
  const field = (name: string): Field => fields.find(([first]) => first?.text === name)!
  const owner = field('user')
  // After `references` come a colon and a bracket.
  const referenced = owner[owner.findIndex(({ text }) => text === 'references') + 3]!
  return [
    replace(field('userId')[1]!, userId.type),
    append(field('userId'), nativeTypeOf(userId, datasource)),
    replace(owner[1]!, user.name),
    replace(referenced, userId.name),
    append(field('sessionId'), sessionId ? nativeTypeOf(sessionId, datasource) : ''),
  ]
}

/** Where a schema of the database is named for one model, all must name theirs. */
function schemaOf({ close }: Block, { user }: Surroundings): Edit[] {
  return user.schema === null
    ? []
    : [{ start: close, end: close, text: `\n@@schema(${JSON.stringify(user.schema)})\n` }]
}

function nativeTypeOf({ nativeType }: ModelField, datasource: string): string {
  if (!nativeType) return ''
  const [name, given] = nativeType
  return ` @${datasource}.${name}${given.length > 0 ? `(${given.join(', ')})` : ''}`
}

function replace({ start, end }: { start: number; end: number }, text: string): Edit {
  return { start, end, text }
}

function append(field: Field, text: string): Edit {
  const { end } = field.at(-1)!
  return { start: end, end, text }
}

function apply(text: string, edits: readonly Edit[]): string {
  // From the end, so that the offsets of the others stay right.
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((done, { start, end, text: put }) => done.slice(0, start) + put + done.slice(end), text)
}
