import { execFileSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const filled = new Map<string, string>()
let count = 0

/** A new SQLite file with an example's schema, by its URL. It is gone after the test. */
export function openExample(name: string): string {
  // Prisma's CLI takes 2 s, so that it makes the first of a process only.
  const empty = filled.get(name) ?? pushSchema(name)
  filled.set(name, empty)
  const file = newFile(name)
  copyFileSync(empty, file)
  onTestFinished(() => ['', '-journal', '-shm', '-wal'].forEach((suffix) => rmSync(file + suffix, { force: true })))
  return `file:${file}`
}

/** The origin of a server of its own on loopback. It is closed after the test. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

function pushSchema(name: string): string {
  const file = newFile(name)
  const cli = join(root, 'node_modules/prisma/build/index.js')
  const args = [cli, 'db', 'push', '--schema', join(root, 'examples', name, 'schema.prisma'), '--url', `file:${file}`]
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'scripts/schema-engine.mjs'),
  }
  execFileSync(process.execPath, args, { cwd: root, env, stdio: 'pipe' })
  return file
}

function newFile(name: string): string {
  return join(inject('directory'), `${name}-${process.pid}-${++count}.db`)
}
