import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a run's databases and other files are. Gone after the run, a failed one too. */
    directory: string
  }
}

export default async function temporaryDirectory(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'prisma-user-sessions-'))
  project.provide('directory', directory)
  return () => rm(directory, { recursive: true, force: true, maxRetries: 3 })
}
