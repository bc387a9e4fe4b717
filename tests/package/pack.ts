import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { root } from './run.ts'

/** What is made here, not written. */
const made = /^(\.git|coverage|dist|generated|node_modules|.*\.db.*|.*\.tgz)$/

/** What npm says of a package that it packed, and where that is. */
export interface Packed {
  readonly tarball: string
  readonly files: readonly { readonly path: string }[]
  readonly size: number
  readonly unpackedSize: number
}

/** Builds and packs a copy of this project the way npm does for publishing. */
export function pack(): Packed {
  const directory = mkdtempSync(join(inject('directory'), 'package-'))
  for (const name of readdirSync(root).filter((entry) => !made.test(entry))) {
    cpSync(join(root, name), join(directory, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction')
  const shell = process.platform === 'win32'
  const output = execFileSync('npm', ['pack', '--json'], { cwd: directory, encoding: 'utf8', stdio: 'pipe', shell })
  const [packed] = JSON.parse(output)
  return { ...packed, tarball: join(directory, packed.filename) }
}
