import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { install, ownVersion } from './install.ts'
import { pack } from './pack.ts'
import { run } from './run.ts'
import { refusalsOf, wrongUserIds } from './sign-in-program.ts'
import { writeApplication, writeFiles } from './write-application.ts'

const versions = ['5.4.5', '5.9.3', '6.0.3', manifest.devDependencies.typescript]

const consumer = `
  import type { IncomingMessage } from 'node:http'
  import { sessionTracking, trackSession, type SessionClient, type UserSessionOf } from 'prisma-user-sessions'
  import { fastGeoip, firstOf, locationHeaders } from 'prisma-user-sessions/location'
  import { describeRequest } from 'prisma-user-sessions/request'
  const locate = firstOf(locationHeaders('cloudflare'), fastGeoip())
  export async function signIn(db: SessionClient, userId: number, request: IncomingMessage): Promise<Date> {
    const client = describeRequest(request, { trustedProxies: ['loopback'] })
    const { expiresAt } = await trackSession(db, { userId, sessionKey: 'key', ...client }, { locate })
    return expiresAt
  }
  const models = { session: 'login', userSession: 'device' } as const
  export const { track } = sessionTracking({ policy: { idleTimeoutSeconds: 900 }, locate, models }).model.device
  // @ts-expect-error
  export const withoutKey = (db: SessionClient) => trackSession(db, { userId: 1 })
  // @ts-expect-error
  export const wrongType = ({ expiresAt }: UserSessionOf<SessionClient>): number => expiresAt
  // @ts-expect-error
  export const wrongPolicy = () => sessionTracking({ policy: { idleTimeoutSeconds: '15m' } })
  // @ts-expect-error
  export const wrongModel = () => sessionTracking({ models }).model.userSession
`

let installed: string
let application: string

beforeAll(async () => {
  const compilers = versions.map((version) => `typescript-${version}@npm:typescript@${version}`)
  const others = (['@prisma/client', '@prisma/adapter-libsql', '@types/node'] as const).map(ownVersion)
  installed = await install(pack().tarball, ...others, ...compilers)
  writeFiles(installed, { 'consumer.mts': consumer, 'consumer.cts': consumer })
  application = await writeApplication(installed)
  writeFiles(application, { 'consumer.ts': consumer, 'wrong-user-ids.ts': wrongUserIds().join('\n') })
}, 300_000)

describe.each(versions)('TypeScript %s', (version) => {
  const tsc = (directory: string, ...args: string[]) => {
    const compiler = join(installed, `node_modules/typescript-${version}/bin/tsc`)
    return run(directory, process.execPath, [compiler, '--pretty', 'false', '--noEmit', ...args])
  }

  test('finds nothing in the declarations, nor in those that they are made of', async () => {
    // Before 5.8 it lets no file of CommonJS import an ES module, as Node.js does.
    const files = version === '5.4.5' ? ['consumer.mts'] : ['consumer.mts', 'consumer.cts']
    const options = '--strict --skipLibCheck false --types node --target es2022 --module nodenext'.split(' ')
    expect(await tsc(installed, ...options, ...files)).toEqual({ status: 0, output: '' })
  })

  test.each([
    ['nodenext', 'nodenext'],
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])("knows an application's own users, module %s with moduleResolution %s", async (module, moduleResolution) => {
    const modes = ['--module', module, '--moduleResolution', moduleResolution]
    const { output } = await tsc(application, '-p', '.', ...modes)
    expect(output.match(/^\S.*/gm)).toEqual(refusalsOf('wrong-user-ids.ts'))
  })
})
