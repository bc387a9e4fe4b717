import { tokenize, type Token } from './tokenize.ts'

/** A field of a model: its tokens, the name first and the type second. */
export type Field = readonly Token[]

/** `model User { … }` and its like. */
export interface Block {
  /** `model`, `view`, `enum`, `type`, `datasource` or `generator`. */
  readonly keyword: string
  readonly name: string
  /** Where the keyword begins. */
  readonly start: number
  /** Where its closing brace is. */
  readonly close: number
  /** Every token between its braces, comments and line ends too. */
  readonly tokens: readonly Token[]
  /** The fields that come before the first attribute of the block itself (`@@`), without comments. */
  readonly fields: readonly Field[]
}

/** The blocks of a schema that Prisma's parser accepts, in their order. Braces in strings and comments are none. */
export function findBlocks(text: string): Block[] {
  const tokens = tokenize(text)
  const blocks: Block[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const [keyword, name, open] = tokens.slice(at, at + 3)
    if (keyword?.kind !== 'word' || name?.kind !== 'word' || open?.text !== '{') continue
    // No brace but a block's own is left: Prisma's grammar has no blocks in blocks.
    const end = tokens.findIndex((token, index) => index > at + 2 && token.text === '}')
    if (end === -1) break
    const inner = tokens.slice(at + 3, end)
    blocks.push({
      keyword: keyword.text,
      name: name.text,
      start: keyword.start,
      close: tokens[end]!.start,
      tokens: inner,
      fields: fieldsIn(inner),
    })
    at = end
  }
  return blocks
}

function fieldsIn(tokens: readonly Token[]): Field[] {
  const fields: Token[][] = [[]]
  let depth = 0
  for (const [at, token] of tokens.entries()) {
    if (depth === 0 && token.text === '@' && tokens[at + 1]?.text === '@') break
    if ('([{'.includes(token.text)) depth += 1
    if (')]}'.includes(token.text)) depth -= 1
    if (token.kind === 'newline' && depth === 0) fields.push([])
    else if (token.kind !== 'newline' && token.kind !== 'comment') fields.at(-1)!.push(token)
  }
  return fields.filter(({ length }) => length > 0)
}
