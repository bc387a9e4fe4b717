// Makes a fresh clone ready: installs what package-lock.json names and generates the Prisma client. What is done already is
// not done again. Plain JavaScript without a dependency, since it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) fail(`Node 20.19 or newer is needed; this is ${process.versions.node}.`)

// Not `npm ci`, which refuses a lock file that lacks the optional packages of another platform; `--no-save` leaves the file
// as it is. No install script is needed but one, and Prisma's would download engines that are not used here.
if (!isInstalled()) run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'])
if (isOlder('generated/prisma/client.ts', 'prisma/schema.prisma')) {
  run(process.execPath, ['node_modules/prisma/build/index.js', 'generate'])
}
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
