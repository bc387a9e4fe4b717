import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { schemaFolder, type PrismaClient } from '../../scripts/databases.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The client of an application whose schema differs from this project's. */
export async function generateClient(adapt: (schema: string) => string): Promise<typeof PrismaClient> {
  const directory = mkdtempSync(join(inject('directory'), 'client-'))
  // The generated client finds Prisma's runtime from where it is.
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const schema = join(directory, 'schema.prisma')
  const ours = readFileSync(new URL('schema.prisma', schemaFolder(inject('driver'))), 'utf8')
  writeFileSync(schema, adapt(ours.replace(/output +=.*/, 'output = "./client"')))

  const cli = [join(root, 'node_modules/prisma/build/index.js'), 'generate', '--schema', schema]
  const env = { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' }
  await promisify(execFile)(process.execPath, cli, { cwd: root, env, timeout: 50_000, killSignal: 'SIGKILL' })
  const { PrismaClient: Client } = await import(pathToFileURL(join(directory, 'client/client.ts')).href)
  return Client
}
