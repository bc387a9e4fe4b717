import { ask } from './ask.ts'
import { findSchema } from './find-schema.ts'
import type { InitOptions } from './parse-arguments.ts'
import { planChange } from './plan-change.ts'
import { Refusal } from './refusal.ts'
import { unifiedDiff } from './unified-diff.ts'
import { writeFiles } from './write-files.ts'

/**
 * Adds the models to the schema of the application in a folder. The diff and the result go to standard output, notes and
 * the question to standard error.
 *
 * @throws Refusal when it may not, should not or cannot; nothing was written then
 */
export async function init(folder: string, { schema, userModel, dryRun, yes }: InitOptions): Promise<void> {
  const found = findSchema(folder, schema)
  const { changes, notes } = planChange(found, userModel)
  for (const note of [...found.notes, ...notes]) process.stderr.write(`${note}\n`)
  if (changes.length === 0) {
    process.stderr.write('Nothing to do: the models are there.\n')
    return
  }
  process.stdout.write(changes.map(({ path, before, after }) => unifiedDiff(path, before, after)).join(''))
  if (dryRun) return
  if (!yes) await confirm()
  writeFiles(folder, changes)
  const written = changes.map(({ path }) => path).join(' and ')
  process.stdout.write(`\nWrote ${written}. Next:\n\n  npx prisma migrate dev\n  npx prisma generate\n`)
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY)
    throw new Refusal(
      'Nobody can be asked here, since this is not a terminal. Pass --yes to write, or --dry-run to look',
    )
  if (!(await ask('Write this?', process.stdin, process.stderr))) throw new Refusal('Nothing was written, as you wish')
}
