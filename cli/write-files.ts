import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { FileChange } from './plan-change.ts'
import { Refusal } from './refusal.ts'

/** A file that is written beside the one whose place it takes. */
interface Draft extends FileChange {
  readonly target: string
  readonly draft: string
}

/**
 * Writes all files or none. Each is written beside its place first, with the permissions of the old one, and takes its place
 * when all of them are there; a symbolic link stays one.
 *
 * @throws Refusal when a file may not be written, or is not what it was when the change was planned
 */
export function writeFiles(folder: string, changes: readonly FileChange[]): void {
  const drafts = changes.map((change) => draftOf(folder, change))
  for (const draft of drafts) check(draft)
  const placed: Draft[] = []
  try {
    for (const { draft, target, before, after } of drafts) {
      writeFileSync(draft, after, { flag: 'wx' })
      if (before !== null) chmodSync(draft, statSync(target).mode)
    }
    for (const draft of drafts) {
      renameSync(draft.draft, draft.target)
      placed.push(draft)
    }
  } catch (error) {
    for (const { target, before } of placed) {
      if (before === null) rmSync(target, { force: true })
      else writeFileSync(target, before)
    }
    throw new Refusal(`Cannot write: ${(error as Error).message}. Nothing was changed`)
  } finally {
    for (const { draft } of drafts) rmSync(draft, { force: true })
  }
}

function draftOf(folder: string, change: FileChange): Draft {
  const path = resolve(folder, change.path)
  const target = change.before === null ? path : realpathSync(path)
  return { ...change, target, draft: join(dirname(target), `.${basename(target)}.${process.pid}.tmp`) }
}

function check({ path, target, before }: Draft): void {
  if (before === null) {
    if (existsSync(target)) throw new Refusal(`There is a file ${path} already. Rename it`)
  } else {
    // A rename would take the place of a read-only file, and access() allows everything to the superuser.
    if ((statSync(target).mode & constants.S_IWUSR) === 0 || !mayWrite(target))
      throw new Refusal(`${path} is read-only. Make it writable, and run this again`)
    if (readFileSync(target, 'utf8') !== before) throw new Refusal(`${path} was changed meanwhile. Run this again`)
  }
  if (!mayWrite(dirname(target)))
    throw new Refusal(`The folder of ${path} is read-only. Make it writable, and run this again`)
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
