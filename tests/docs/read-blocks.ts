import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** The README and the pages, by their paths from the root. */
export const pages: string[] = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]

/** A fenced block of TypeScript. */
export interface Block {
  /** The file that its first line names, as in `// app.ts`. */
  readonly file: string | undefined
  readonly code: string
  /** Its number in the page. */
  readonly number: number
}

export function readPage(page: string): string {
  return readFileSync(root + page, 'utf8')
}

/** A page's blocks of TypeScript. */
export function readBlocks(page: string): Block[] {
  const blocks = readPage(page).matchAll(/^```(?:ts|tsx)\n(.*?)^```$/gms)
  return [...blocks].map(([, code = ''], index) => {
    const [, file] = /^\/\/ ([\w./-]+\.tsx?)\n/.exec(code) ?? []
    return { file, code, number: index + 1 }
  })
}

/** The files that a page's blocks make, each of its blocks in order. */
export function readFiles(page: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const { file, code } of readBlocks(page)) if (file) files[file] = (files[file] ?? '') + code
  return files
}
