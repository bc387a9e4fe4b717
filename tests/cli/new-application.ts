import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'

const command = fileURLToPath(new URL('../../cli/prisma-user-sessions.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

/** The command as `node` takes it, wherever it runs. */
export const nodeArguments: readonly string[] = ['--import', tsx, command]

/** A folder with these files, as text or bytes, in which the command runs. */
export function newApplication(files: Record<string, string | Uint8Array>) {
  const directory = mkdtempSync(join(inject('directory'), 'init-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  const run = (...args: string[]) => {
    const options = { cwd: directory, encoding: 'utf8', timeout: 30_000 } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArguments, ...args], options)
    return { status, stdout, stderr }
  }
  const read = (path: string) => readFileSync(join(directory, path), 'utf8')
  /** Every file with its text. */
  const readAll = () => {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const paths = entries.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    return Object.fromEntries(paths.toSorted().map((path) => [path.replaceAll('\\', '/'), read(path)]))
  }
  return { directory, run, read, readAll }
}

/** A datasource, and a model `User` with this id. */
export function userSchema(provider = 'sqlite', id = 'id Int @id @default(autoincrement())'): string {
  return `datasource db {
  provider = "${provider}"
}

model User {
  ${id}
  email String @unique
}
`
}
