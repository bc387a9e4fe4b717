import { mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test, vi } from 'vitest'
import { writeFiles } from '../../cli/write-files.ts'

vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  return { ...fs, renameSync: vi.fn<typeof renameSync>(fs.renameSync) }
})

const before = 'before\n'
const after = 'after\n'

function newFolder(): string {
  const folder = mkdtempSync(join(inject('directory'), 'write-'))
  writeFileSync(join(folder, 'a'), before)
  writeFileSync(join(folder, 'b'), before)
  return folder
}

const contentsOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))

test('files are written and made, and no draft is left', () => {
  const folder = newFolder()
  writeFiles(folder, [
    { path: 'a', before, after },
    { path: 'c', before: null, after },
  ])
  expect(contentsOf(folder)).toEqual({ a: after, b: before, c: after })
})

test('where the last of three cannot take its place, the others are given back theirs', () => {
  const folder = newFolder()
  const rename = vi.mocked(renameSync)
  const really = rename.getMockImplementation()!
  rename.mockImplementationOnce(really).mockImplementationOnce(really)
  rename.mockImplementationOnce(() => {
    throw new Error('EIO')
  })
  const write = () =>
    writeFiles(folder, [
      { path: 'a', before, after },
      { path: 'c', before: null, after },
      { path: 'b', before, after },
    ])
  expect(write).toThrow('Cannot write: EIO. Nothing was changed')
  expect(contentsOf(folder)).toEqual({ a: before, b: before })
})

test.each([
  ['a file that was changed meanwhile', { path: 'b', before: 'other\n', after }, 'b was changed meanwhile'],
  ['a file that was made meanwhile', { path: 'b', before: null, after }, 'There is a file b already'],
])('for %s nothing is written', (_name, change, message) => {
  const folder = newFolder()
  expect(() => writeFiles(folder, [{ path: 'a', before, after }, change])).toThrow(message)
  expect(contentsOf(folder)).toEqual({ a: before, b: before })
})
