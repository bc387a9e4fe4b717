import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import * as fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { ask } from '../../cli/ask.ts'
import { unifiedDiff } from '../../cli/unified-diff.ts'

const lines = fc.array(fc.constantFrom('a', 'b', '', '}', 'c\r'), { maxLength: 12 })
const insertions = fc.array(fc.tuple(fc.nat(12), fc.constantFrom('a', 'b', '', '}')), { minLength: 1, maxLength: 4 })

test('git makes of a file and its diff what the diff was made for', () => {
  const directory = mkdtempSync(join(inject('directory'), 'diff-'))
  fc.assert(
    fc.property(lines, insertions, fc.boolean(), (old, added, hasEnd) => {
      const before = old
        .map((line) => `${line}\n`)
        .join('')
        .slice(0, hasEnd ? undefined : -1)
      const made = [...old]
      for (const [at, line] of added) made.splice(at, 0, line)
      const after = made.map((line) => `${line}\n`).join('')
      writeFileSync(join(directory, 'file'), before)
      const options = { cwd: directory, input: unifiedDiff('file', before, after), encoding: 'utf8' } as const
      expect(spawnSync('git', ['apply', '--whitespace=nowarn', '-'], options).stderr).toBe('')
      expect(readFileSync(join(directory, 'file'), 'utf8')).toBe(after)
    }),
    { numRuns: 60 },
  )
})

test('changes whose context meets are one hunk, others are not', () => {
  const before = 'abcdefghijklmnopqrs'.split('').map((line) => `${line}\n`)
  const after = before.toSpliced(16, 0, '3\n').toSpliced(8, 0, '2\n').toSpliced(2, 0, '1\n')
  expect(unifiedDiff('a/b', before.join(''), after.join('')).match(/^(?:[-+]{3}|@@).*$/gm)).toEqual([
    '--- a/a/b',
    '+++ b/a/b',
    '@@ -1,11 +1,13 @@',
    '@@ -14,6 +16,7 @@',
  ])
})

test('a new file is told from an empty one', () => {
  expect(unifiedDiff('a', null, 'x\ny\n')).toBe('--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+x\n+y\n')
  expect(unifiedDiff('a', '', 'x')).toBe('--- a/a\n+++ b/a\n@@ -0,0 +1,1 @@\n+x\n\\ No newline at end of file\n')
})

test.each([
  ['y\n', true],
  [' YES \r\n', true],
  ['\n', false],
  ['yeah\n', false],
  ['n\ny\n', false],
  ['', false],
])('to a question, %j is %s', async (answer, expected) => {
  const input = new PassThrough()
  const asked = ask('Write this?', input, new PassThrough())
  input.end(answer)
  expect(await asked).toBe(expected)
})
