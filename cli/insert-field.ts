import type { Block } from './find-blocks.ts'

/**
 * The text with one more field in this block of it: on a line of its own after the last field, indented, aligned and ended
 * as the first field's is. Every other byte stays as it is.
 */
export function insertField(text: string, { fields, tokens }: Block, name: string, type: string): string {
  const [first] = fields
  const last = fields.at(-1)?.at(-1)
  const lineEnd = tokens.find(({ kind, start }) => kind === 'newline' && start >= (last?.end ?? 0))
  // Prisma's parser has both in every block that has a field.
  if (!first?.[1] || !lineEnd) throw new Error(`No place for ${name} in a block without fields`)
  const [firstName, firstType] = first
  const indentation = /[ \t]*$/.exec(text.slice(0, firstName!.start))![0]
  const gap = text.slice(firstName!.end, firstType.start)
  const width = gap.includes('\t') ? 0 : firstType.start - firstName!.start - 1
  const line = `${indentation}${name.padEnd(width)} ${type}${lineEnd.text}`
  return text.slice(0, lineEnd.end) + line + text.slice(lineEnd.end)
}
