import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { pages, readPage, root } from './read-blocks.ts'

test.each(pages)('%s links to files and headings that are there', (page) => {
  const text = withoutBlocks(readPage(page))
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const own = targets.filter((target) => !/^(?:https:|mailto:)/.test(target))
  expect(own.filter((target) => !isThere(page, target))).toEqual([])
})

test('the links that are looked at are many', () => {
  expect(
    pages.map((page) => readPage(page).match(/\]\(/g)?.length ?? 0).reduce((sum, count) => sum + count),
  ).toBeGreaterThan(20)
})

function isThere(page: string, target: string): boolean {
  const [path = '', heading] = target.split('#')
  const file = path === '' ? page : relative(root, join(root, dirname(page), path))
  if (file.startsWith('..') || !existsSync(root + file)) return false
  return heading === undefined || headingsOf(file).includes(heading)
}

/** As GitHub names them: a heading that is there twice has a number the second time. */
function headingsOf(file: string): string[] {
  const seen = new Map<string, number>()
  const headings = withoutBlocks(readPage(file)).matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, title = '']) => {
    const name = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-')
    const count = seen.get(name) ?? 0
    seen.set(name, count + 1)
    return count === 0 ? name : `${name}-${count}`
  })
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '')
}
