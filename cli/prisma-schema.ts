import { format, get_config, get_datamodel } from '@prisma/prisma-schema-wasm'
import { findBlocks } from './find-blocks.ts'
import { Refusal } from './refusal.ts'

/** A file of a schema: its path as it is shown and its text. */
export interface SchemaFile {
  readonly path: string
  readonly text: string
}

/** A field as Prisma's parser describes it. */
export interface ModelField {
  readonly name: string
  readonly kind: 'scalar' | 'object' | 'enum' | 'unsupported'
  readonly type: string
  readonly isList: boolean
  readonly isRequired: boolean
  readonly isUnique: boolean
  readonly isId: boolean
  readonly hasDefaultValue: boolean
  readonly isUpdatedAt: boolean
  /** `['VarChar', ['36']]` of `@db.VarChar(36)`. */
  readonly nativeType?: readonly [string, readonly string[]] | null
  readonly relationFromFields?: readonly string[]
  readonly relationToFields?: readonly string[]
}

/** A model, or a view, as Prisma's parser describes it. */
export interface Model {
  readonly name: string
  /** Its table, where `@@map` names one. */
  readonly dbName: string | null
  /** Schema of the database that `@@schema` names. */
  readonly schema: string | null
  readonly fields: readonly ModelField[]
  readonly primaryKey: { readonly fields: readonly string[] } | null
}

/** What a valid schema says. */
export interface PrismaSchema {
  readonly datasource: { readonly name: string; readonly provider: string } | undefined
  readonly models: readonly Model[]
  readonly enums: readonly { readonly name: string }[]
  readonly types: readonly { readonly name: string }[]
  readonly indexes: readonly { readonly model: string }[]
}

/** How many lines of what Prisma's parser says are passed on. */
const SHOWN_LINES = 12

/**
 * Has Prisma's own parser read a schema. Loads none of the application's code.
 *
 * @throws Refusal with the first of the parser's messages when the schema is not valid
 */
export function readSchema(files: readonly SchemaFile[]): PrismaSchema {
  const input = JSON.stringify({
    prismaSchema: files.map(({ path, text }) => [path, withoutUrls(text)]),
    noColor: true,
  })
  try {
    const datamodel = JSON.parse(get_datamodel(input))
    const [datasource] = JSON.parse(get_config(input)).config.datasources
    return {
      ...datamodel,
      datasource: datasource && { name: datasource.name, provider: datasource.activeProvider },
    }
  } catch (error) {
    throw new Refusal(`Prisma's parser does not accept the schema.\n${shorten((error as Error).message)}`)
  }
}

/** The parser wraps its messages in JSON, one after the other; its own failures are plain text. */
function shorten(message: string): string {
  const text = message.startsWith('{') ? (JSON.parse(message).message as string) : message
  const [first, ...others] = text.split(/\n(?=error: )/)
  const lines = first!.split('\n').filter((line) => !/^(?:Validation Error Count: \d+| *\|? *)$/.test(line))
  const more = others.length > 0 ? [`… and ${others.length} more of this kind`] : []
  return [...lines.slice(0, SHOWN_LINES), ...more].join('\n')
}

/** The text as `prisma format` would write it, with `\n` for line ends. */
export function formatSchema(text: string): string {
  const uri = 'file:///user-session.prisma'
  const options = { textDocument: { uri }, options: { tabSize: 2, insertSpaces: true } }
  const [[, formatted]] = JSON.parse(format(JSON.stringify([[uri, text]]), JSON.stringify(options)))
  return formatted
}

const URLS = new Set(['url', 'directUrl', 'shadowDatabaseUrl'])

/** Prisma 6 wants the URLs in the datasource, and this parser, which is Prisma 7's, refuses them. Spaces keep every offset. */
function withoutUrls(text: string): string {
  const sources = findBlocks(text).filter(({ keyword }) => keyword === 'datasource')
  const urls = sources.flatMap(({ fields }) => fields).filter(([name]) => URLS.has(name!.text))
  return urls.reduce((done, field) => {
    const { start } = field[0]!
    const { end } = field.at(-1)!
    return done.slice(0, start) + ' '.repeat(end - start) + done.slice(end)
  }, text)
}
