import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inject } from 'vitest'

/** What a process did and said. */
export interface Child {
  code: number | null
  stdout: string
  stderr: string
}

/** A process that ends well and says this. */
export function printing(value: unknown): Child {
  return { code: 0, stdout: `${JSON.stringify(value)}\n`, stderr: '' }
}

interface RunOptions {
  /** Command that starts Node with the arguments it is given. */
  launcher?: string[]
  flags?: string[]
  env?: NodeJS.ProcessEnv
}

/** Runs code in a directory, in a process of its own, and waits for its end. */
export async function runApplication(
  directory: string,
  code: string,
  { launcher = [], flags = [], env = {} }: RunOptions = {},
): Promise<Child> {
  await writeFile(join(directory, 'application.ts'), code)
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const [command, ...parameters] = [...launcher, process.execPath, ...flags, '--import', tsx, 'application.ts']
  const child = spawn(command, parameters, {
    cwd: directory,
    // tsx keeps its cache there.
    env: { ...process.env, TMPDIR: inject('directory'), ...env },
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [exitCode] = await once(child, 'close')
  return { code: exitCode, stdout, stderr }
}
