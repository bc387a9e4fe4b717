import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { isPublicIpv4 } from './ip-address.ts'

/** Where an address is. Each is null when unknown. */
export interface Location {
  city: string | null
  /** ISO 3166-1 alpha-2. */
  country: string | null
}

/** Finds the place of a normalised address, IPv4 or IPv6; `null` when it is unknown. */
export type Locate = (ipAddress: string) => Promise<Location | null>

/** What a sign-in waits for its place, in ms: a file takes 1 and a service on the network 100; past 1000 people wonder. */
const LONGEST_WAIT = 1000

/** A name in any script that means nothing to a page, a terminal or a spreadsheet, in at most 100 visible characters. */
const CITY = /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{Nd}'’‘][\p{L}\p{M}\p{Nd} .'’‘()/,-]{0,99}$/u
const COUNTRY = /^[A-Z]{2}$/

/**
 * The place of an address, in names that are safe to store and to show.
 *
 * Never rejects and answers within 1 s, whatever `locate` does, and leaves nothing running behind.
 *
 * @param ipAddress - a normalised address, or `null`
 * @param locate - default: fast-geoip, where it is installed
 * @returns each name `null` when it is unknown, not a name, or `locate` fails or takes longer
 */
export async function findLocation(ipAddress: string | null, locate: Locate = locateWithFastGeoip): Promise<Location> {
  if (ipAddress === null) return { city: null, country: null }
  let timer: NodeJS.Timeout | undefined
  try {
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, LONGEST_WAIT, null)
    })
    const { city, country } = (await Promise.race([locate(ipAddress), timeout])) ?? {}
    return { city: nameOrNull(city, CITY), country: nameOrNull(country, COUNTRY) }
  } catch {
    return { city: null, country: null }
  } finally {
    clearTimeout(timer)
  }
}

function nameOrNull(name: unknown, pattern: RegExp): string | null {
  return typeof name === 'string' && pattern.test(name) ? name : null
}

/**
 * Runs in a thread of its own, because fast-geoip throws from callbacks when a data file is missing, damaged or cannot be
 * opened: that ends the thread that it runs in, which elsewhere is the whole process.
 *
 * One lookup after the other, since a thousand at once would hold a thousand of the application's file handles and take no
 * less time; those that nobody waits for any longer are left out. What fast-geoip or Node prints here reaches no terminal:
 * left unread in the application, it would keep that from ending. The module is required anew until that succeeds, as it
 * may fail for want of a handle too.
 */
const LOOKUPS = `
const { parentPort, workerData } = require('node:worker_threads')
process.stdout.write = process.stderr.write = () => true
let last = Promise.resolve()
parentPort.on('message', (ipAddress) => {
  const asked = performance.now()
  last = last.then(async () => {
    const isAwaited = performance.now() - asked < ${LONGEST_WAIT}
    parentPort.postMessage(isAwaited ? await locate(ipAddress) : null)
  })
})
async function locate(ipAddress) {
  try {
    const { city, country } = await require(workerData).lookup(ipAddress)
    return { city, country }
  } catch {
    return null
  }
}
`

let ask: Locate | undefined

/**
 * Asks fast-geoip, which knows public IPv4 addresses only. `null` for others, where it is not installed, and when its
 * thread fails: the next lookup starts a new one. The thread keeps no process alive, so the caller has to.
 */
export const locateWithFastGeoip: Locate = async (ipAddress) => {
  if (!isPublicIpv4(ipAddress)) return null
  try {
    ask ??= startLookups()
    return await ask(ipAddress)
  } catch {
    // Not installed, or no room for another thread.
    return null
  }
}

function startLookups(): Locate {
  const worker = new Worker(LOOKUPS, {
    eval: true,
    // The file and not the package: without a handle to read package.json with, Node 20 takes it for missing, and keeps to that.
    workerData: createRequire(import.meta.url).resolve('fast-geoip/build/index.js'),
    // What the application preloads, through flags or NODE_OPTIONS, is not for this thread; nor is its terminal.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    // Of address space. Without it V8 reserves 500 MB more, and aborts the process where there is a limit on that.
    // No limits on the heap: V8 aborts the process when a single allocation goes past one.
    resourceLimits: { codeRangeSizeMb: 16 },
  })
  const waiting: ((location: Location | null) => void)[] = []
  const askWorker: Locate = (ipAddress) =>
    new Promise((resolve) => {
      waiting.push(resolve)
      worker.postMessage(ipAddress)
    })
  const end = (): void => {
    if (ask === askWorker) ask = undefined
    for (const answer of waiting.splice(0)) answer(null)
  }
  worker.on('message', (location: Location | null) => waiting.shift()?.(location))
  worker.on('error', end)
  worker.on('exit', end)
  worker.unref()
  return askWorker
}
