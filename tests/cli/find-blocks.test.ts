import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { findBlocks } from '../../cli/find-blocks.ts'
import { insertField } from '../../cli/insert-field.ts'
import { readSchema } from '../../cli/prisma-schema.ts'
import { tokenize } from '../../cli/tokenize.ts'

const comment = fc.constantFrom('', ' // }', ' // {', ' /* } */', ' /* { " */', ' // "', ' // /*', ' /* // */')
const spaces = fc.constantFrom(' ', '  ', '\t')
const value = fc.constantFrom('"}"', '"{"', '"\\" } {"', '"\\\\"', '"// }"', '"/* }"', '"model Other {"')
const line = fc.oneof(
  fc
    .tuple(fc.nat(1e6), spaces, value, comment)
    .map(([n, gap, text, end]) => ['field', `f${n}${gap}String @default(${text})${end}`]),
  fc.constantFrom('', '// }', '/// {', '/* \n } */').map((text) => ['comment', text]),
)
const schema = fc
  .record({
    opening: comment,
    lines: fc.uniqueArray(line, {
      maxLength: 6,
      selector: ([kind, text]) => (kind === 'field' ? text!.split(/\s/)[0] : text),
    }),
    closing: comment,
    attributes: fc.boolean(),
    lineEnd: fc.constantFrom('\n', '\r\n'),
  })
  .map(({ opening, lines, closing, attributes, lineEnd }) =>
    [
      `model Other {${opening}`,
      'id Int @id',
      `}${closing}`,
      `model User {${opening}`,
      '  id Int @id',
      ...lines.map(([, text]) => `  ${text}`),
      ...(attributes ? ['', '  @@map("}")'] : []),
      `}${closing}`,
    ]
      .join('\n')
      .replaceAll('\n', lineEnd),
  )

/** Prisma's parser as judge: the fields of each model. */
const fieldsOf = (text: string) =>
  readSchema([{ path: 'a.prisma', text }]).models.map(({ fields }) => fields.map(({ name }) => name))

test('a field put into a block is one field more for Prisma’s parser, wherever braces, quotes and comments are', () => {
  fc.assert(
    fc.property(schema, (text) => {
      const [other, user] = fieldsOf(text)
      const block = findBlocks(text).find(({ name }) => name === 'User')!
      const after = insertField(text, block, 'added', 'Int?')
      expect(fieldsOf(after)).toEqual([other, [...user!, 'added']])
      const lineEnd = text.includes('\r') ? '\r\n' : '\n'
      expect(after.replace(new RegExp(`(?<=\n)[ \\t]*added +Int\\?${lineEnd}`), '')).toBe(text)
    }),
    { numRuns: 200 },
  )
})

test('tokens are in order, do not overlap, and leave out nothing but spaces, whatever the text', () => {
  const texts = fc.array(fc.constantFrom('"', '\\', '/', '*', '{', '}', '\n', '\r', ' ', 'a', '\u2028', '\ud83d'), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(texts, (pieces) => {
      const text = pieces.join('')
      let at = 0
      for (const { start, end, text: part } of tokenize(text)) {
        expect(text.slice(at, start).trim()).toBe('')
        expect(text.slice(start, end)).toBe(part)
        at = end
      }
      expect(text.slice(at).trim()).toBe('')
    }),
  )
})
