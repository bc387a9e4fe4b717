import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { findBlocks } from './find-blocks.ts'
import type { SchemaFile } from './prisma-schema.ts'
import { Refusal } from './refusal.ts'

/** The files of a schema, with paths that are relative to where the command runs and have slashes. */
export interface FoundSchema {
  /** Whether it is a folder, in which new files belong to it. */
  readonly isFolder: boolean
  readonly files: readonly SchemaFile[]
  /** What the user should know of how it was found. */
  readonly notes: readonly string[]
}

const HOW = 'Name it: npx prisma-user-sessions init --schema <file or folder>'
const configFiles = ['prisma.config', '.config/prisma'].flatMap((name) =>
  ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((ending) => `${name}.${ending}`),
)

/**
 * Finds the schema of the application in a folder: what was asked for, what package.json names, or where Prisma looks.
 * `prisma.config.ts` is code, and is not run: a note says so when it is there.
 *
 * @throws Refusal when there is none, when there are several, or when a file is not readable as UTF-8
 */
export function findSchema(folder: string, asked: string | undefined): FoundSchema {
  const named = asked ?? namedInPackage(folder)
  if (named !== undefined) return read(folder, resolve(folder, named), [])
  const config = configFiles.find((path) => existsSync(join(folder, path)))
  const notes = config ? [`${config} is not read. If it names another schema, pass that one with --schema.`] : []
  const places = ['schema.prisma', findInFolder(folder)].filter((path) => path && existsSync(join(folder, path)))
  const [place, other] = places
  if (!place) throw new Refusal(`There is no schema.prisma and no prisma/schema.prisma here. ${HOW}`)
  if (other) throw new Refusal(`There are two schemas, ${place} and ${other}. ${HOW}`)
  return read(folder, join(folder, place), notes)
}

function namedInPackage(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return undefined
  try {
    const schema = JSON.parse(readFileSync(file, 'utf8')).prisma?.schema
    return typeof schema === 'string' ? schema : undefined
  } catch {
    throw new Refusal(`package.json is not valid JSON. Mend it, or name the schema with --schema`)
  }
}

/** `prisma/schema.prisma` where it is alone; else a folder that is one schema, which has one datasource. */
function findInFolder(folder: string): string | undefined {
  const paths = filesIn(join(folder, 'prisma'))
  const [path, other] = paths.map((each) => shownPath(folder, each))
  if (path === undefined) return undefined
  if (path === 'prisma/schema.prisma' && other === undefined) return path
  const sources = paths.filter((each) =>
    findBlocks(readText(folder, each)).some(({ keyword }) => keyword === 'datasource'),
  )
  if (sources.length < 2)
    return filesIn(join(folder, 'prisma/schema')).length === paths.length ? 'prisma/schema' : 'prisma'
  const names = sources.map((each) => shownPath(folder, each)).join(', ')
  throw new Refusal(`There are several schemas: ${names}. ${HOW}`)
}

function read(folder: string, path: string, notes: readonly string[]): FoundSchema {
  if (!existsSync(path)) throw new Refusal(`There is no ${shownPath(folder, path)}. ${HOW}`)
  const isFolder = statSync(path).isDirectory()
  const paths = isFolder ? filesIn(path) : [path]
  if (paths.length === 0) throw new Refusal(`There is no .prisma file in ${shownPath(folder, path)}. ${HOW}`)
  const files = paths.map((each) => ({ path: shownPath(folder, each), text: readText(folder, each) }))
  return { isFolder, files, notes }
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return []
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesIn(path)
    return entry.name.endsWith('.prisma') && statSync(path).isFile() ? [path] : []
  })
}

function readText(folder: string, path: string): string {
  try {
    // What is not UTF-8 would be written back as something else; a byte order mark is for Prisma's parser to refuse.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path))
  } catch (error) {
    const reason =
      error instanceof TypeError ? 'is not UTF-8. Save it as UTF-8' : `cannot be read: ${(error as Error).message}`
    throw new Refusal(`${shownPath(folder, path)} ${reason}`)
  }
}

function shownPath(folder: string, path: string): string {
  return relative(folder, path).replaceAll('\\', '/')
}
