import { cp, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test } from 'vitest'
import { printing, runApplication } from './run-application.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const program = `
  import { defaultPolicy } from './src/policy.ts'
  import { describeClient } from './src/describe-client.ts'
  const signIn = () => describeClient({ ipAddress: '8.8.8.8', userAgent: 'curl/8.5.0' }, defaultPolicy)`

describe('what names devices and places', () => {
  test('is loaded by the first sign-in, and not by importing the package', async () => {
    const child = await runApplication(
      await createApplication(),
      `${program}
      // Compiling the first file may take a thread.
      await new Promise((resolve) => setTimeout(resolve, 300))
      const loads = { bowser: 0, threads: 0 }
      process.on('worker', () => loads.threads++)
      process.on('bowser', () => loads.bowser++)
      await import('./src/index.ts')
      await new Promise((resolve) => setTimeout(resolve, 100))
      const before = { ...loads }
      const { browserInfo } = await signIn()
      await signIn()
      console.log(JSON.stringify([before, browserInfo, loads]))`,
    )
    expect(child).toEqual(printing([{ bowser: 0, threads: 0 }, 'curl 8', { bowser: 1, threads: 1 }]))
  })

  test.skipIf(process.platform === 'win32')('is null where there is no file handle left to load it with', async () => {
    const child = await runApplication(
      await createApplication(),
      `${program}
      import { closeSync, openSync } from 'node:fs'
      const taken = []
      try { for (;;) taken.push(openSync('/dev/null')) } catch {}
      const client = await signIn()
      for (const handle of taken) closeSync(handle)
      console.log(JSON.stringify(Object.entries(client).filter(([, value]) => value !== null)))`,
      { launcher: ['bash', '-c', 'ulimit -n 256 && exec "$0" "$@"'] },
    )
    expect(child).toEqual(printing([['ipAddress', '8.8.8.8']]))
  })
})

/** A directory with this package's source, and with what it needs: a bowser that tells when it is loaded. */
async function createApplication(): Promise<string> {
  const directory = await mkdtemp(join(inject('directory'), 'application-'))
  const modules = join(directory, 'node_modules')
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await cp(join(root, 'src'), join(directory, 'src'), { recursive: true })
  await mkdir(join(modules, 'bowser'), { recursive: true })
  for (const name of ['fast-geoip', 'zod']) await symlink(join(root, 'node_modules', name), join(modules, name))
  const original = JSON.stringify(join(root, 'node_modules/bowser/bowser.mjs'))
  const index = `export * from ${original}; process.emit('bowser')`
  await writeFile(join(modules, 'bowser/package.json'), '{ "type": "module", "exports": "./index.js" }')
  await writeFile(join(modules, 'bowser/index.js'), index)
  return directory
}
