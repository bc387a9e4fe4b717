import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Where this project is. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

const environment: NodeJS.ProcessEnv = {
  ...process.env,
  // What a developer's shell names is another database.
  DATABASE_URL: undefined,
  // Prisma's CLI downloads an engine unless one is named.
  PRISMA_SCHEMA_ENGINE_BINARY: fileURLToPath(new URL('../../scripts/schema-engine.mjs', import.meta.url)),
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  // npm tells the scripts that it runs where it was called, and an npm in such a script would take that for its own place.
  npm_config_local_prefix: undefined,
}

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly status: unknown
  readonly output: string
}

/** Runs a program in a folder, as its user would. */
export async function run(directory: string, program: string, args: string[], variables = {}): Promise<Ended> {
  const options = {
    cwd: directory,
    env: { ...environment, ...variables },
    timeout: 240_000,
    killSignal: 'SIGKILL',
    // Windows starts npm and npx by a shell only.
    shell: process.platform === 'win32' && /^np[mx]$/.test(program),
  } as const
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ status: error ? (error.code ?? error.signal) : 0, output: stdout + stderr })
    })
  })
}

/** Runs a program that has to succeed. */
export async function succeed(directory: string, program: string, args: string[], variables = {}): Promise<void> {
  const { status, output } = await run(directory, program, args, variables)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(status)}: ${output}`)
}
