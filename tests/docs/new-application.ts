import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { root } from './read-blocks.ts'

const tsc = join(root, 'node_modules/typescript/bin/tsc')

/** As a new TypeScript project for Node.js has it. */
const compilerOptions = {
  strict: true,
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
  rootDir: '.',
  outDir: 'dist',
}

export interface ApplicationSettings {
  readonly compilerOptions?: object
  /** Of its package.json. Default: `module`. */
  readonly type?: 'commonjs' | 'module'
  /** Its schema, whose client is generated into `generated/prisma`. Default: this project's. */
  readonly schema?: string
}

/** An application of a reader's: these files, with the package as npm would install it. */
export function newApplication(files: Record<string, string>, settings: ApplicationSettings = {}) {
  const directory = mkdtempSync(join(modules(), 'application-'))
  for (const [path, text] of Object.entries(files)) write(join(directory, path), text)
  write(join(directory, 'package.json'), JSON.stringify({ type: settings.type ?? 'module' }))
  const options = { ...compilerOptions, ...settings.compilerOptions }
  write(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, exclude: ['dist'] }))
  if (settings.schema !== undefined) generateClient(directory, settings.schema)
  else cpSync(join(root, 'generated/prisma'), join(directory, 'generated/prisma'), { recursive: true })

  /** What the compiler says; nothing when all is well. */
  const compile = () =>
    new Promise<string>((resolve) => {
      const args = [tsc, '--pretty', 'false', '-p', directory]
      execFile(process.execPath, args, { cwd: directory }, (_error, stdout, stderr) => resolve(stdout + stderr))
    })
  return { directory, compile }
}

let made: string | undefined

/** A folder in which this project's dependencies are installed, and the package itself. */
function modules(): string {
  if (made !== undefined) return made
  const directory = mkdtempSync(join(inject('directory'), 'docs-'))
  const installed = join(directory, 'node_modules')
  mkdirSync(installed)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules', name), join(installed, name), 'junction')
  }
  const own = join(installed, 'prisma-user-sessions')
  write(join(own, 'package.json'), readFileSync(join(root, 'package.json'), 'utf8'))
  const dist = join(own, 'dist')
  for (const build of [
    [join(root, 'node_modules/rolldown/bin/cli.mjs'), '--config', '--dir', dist],
    [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', dist],
  ])
    execFileSync(process.execPath, build, { cwd: root, stdio: 'pipe' })
  made = directory
  return directory
}

function generateClient(directory: string, text: string): void {
  const schema = join(directory, 'schema.prisma')
  write(schema, text)
  prismaCli('generate', '--schema', schema)
}

/** Runs Prisma's CLI with this project's configuration, which spares a download, and answers what it prints. */
export function prismaCli(...args: string[]): string {
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' }
  const cli = join(root, 'node_modules/prisma/build/index.js')
  return execFileSync(process.execPath, [cli, ...args], { cwd: root, env, encoding: 'utf8', stdio: 'pipe' })
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
