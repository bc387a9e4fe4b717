import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { LONGEST_WAIT, readLocation, type Locate } from './find-location.ts'
import { isPublicAddress } from './ip-address.ts'

/**
 * Runs in a thread of its own, where it may wait for the disk: fast-geoip calls Node's file system ten times for an address, and
 * each call takes far longer to get to Node's pool of threads and back than for what it does there. What it throws when a data
 * file is missing, damaged or cannot be opened, it then throws where that rejects the lookup; from a callback it would end the
 * thread, which elsewhere is the whole process.
 *
 * Answers in the order of the questions, but for those that nobody waits for any longer: before each lookup it hears what else was
 * asked meanwhile, so that it knows since when. What fast-geoip or Node prints here
 * reaches no terminal: left unread in the application, it would keep that from ending. The module is required anew until that
 * succeeds, as it may fail for want of a file handle.
 */
const LOOKUPS = `
const fs = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
process.stdout.write = process.stderr.write = () => true
for (const name of ['close', 'open', 'read', 'readFile']) {
  const call = fs[name + 'Sync']
  fs[name] = (...parameters) => {
    const callback = parameters.pop()
    let result
    try {
      result = call(...parameters)
    } catch (error) {
      return callback(error)
    }
    // The last is the buffer that was read into.
    callback(null, name === 'readFile' ? rowFor(address, String(result)) : result, parameters[1])
  }
}
/**
 * Of a file of rows, [[first address, ...], ...] in their order, the one that an address is in: fast-geoip takes no other of
 * some 1,200, and parsing them all would be most of its time. Of any other file all.
 */
function rowFor(address, text) {
  if (!text.startsWith('[[') || !text.endsWith(']]')) return text
  let [first, last] = [1, text.lastIndexOf('[')]
  while (first < last) {
    const middle = text.indexOf('[', ((first + last) >> 1) + 1)
    if (parseInt(text.slice(middle + 1, middle + 11)) <= address) first = middle
    else last = text.lastIndexOf('[', middle - 1)
  }
  const row = text.slice(first, text.indexOf(']', first) + 1)
  return /^\\[\\d+,[-\\d., ]*]$/.test(row) ? '[' + row + ']' : text
}
let address
let last = Promise.resolve()
parentPort.on('message', (ipAddress) => {
  const asked = performance.now()
  last = last.then(async () => {
    await new Promise(setImmediate)
    const isAwaited = performance.now() - asked < ${LONGEST_WAIT}
    parentPort.postMessage(isAwaited ? await locate(ipAddress) : null)
  })
})
async function locate(ipAddress) {
  address = Buffer.from(ipAddress.split('.')).readUInt32BE()
  try {
    const { city, country } = await require(workerData).lookup(ipAddress)
    return { city, country }
  } catch {
    return null
  }
}
`

type Ask = (ipAddress: string) => Promise<unknown>

let ask: Ask | undefined

/**
 * Asks fast-geoip, which knows public IPv4 addresses only. `null` for others, where it is not installed, and when its
 * thread fails: the next lookup starts a new one. All that ask share the thread. Neither that nor a lookup keeps a process
 * alive; a sign-in that waits for one does.
 *
 * @example trackSession(prisma, input, { locate: fastGeoip() }) // as without it
 */
export function fastGeoip(): Locate {
  return lookUp
}

const lookUp: Locate = async (ipAddress) => {
  if (!isPublicAddress(ipAddress) || ipAddress.includes(':')) return null
  try {
    ask ??= startLookups()
    return readLocation(await ask(ipAddress))
  } catch {
    // Not installed, or no room for another thread.
    return null
  }
}

function startLookups(): Ask {
  const worker = new Worker(LOOKUPS, {
    eval: true,
    // The file and not the package: without a handle to read package.json with, Node 20 takes it for missing, and keeps to that.
    // In a bundle of CommonJS there is no URL, but a file name.
    workerData: createRequire(import.meta.url ?? __filename).resolve('fast-geoip/build/index.js'),
    // What the application preloads, through flags or NODE_OPTIONS, is not for this thread; nor is its terminal.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    // Of address space. Without it V8 reserves 500 MB more, and aborts the process where there is a limit on that.
    // No limits on the heap: V8 aborts the process when a single allocation goes past one.
    resourceLimits: { codeRangeSizeMb: 16 },
  })
  const waiting: ((location: unknown) => void)[] = []
  const askWorker: Ask = (ipAddress) =>
    new Promise((resolve) => {
      waiting.push(resolve)
      worker.postMessage(ipAddress)
    })
  const end = (): void => {
    if (ask === askWorker) ask = undefined
    for (const answer of waiting.splice(0)) answer(null)
  }
  worker.on('message', (location: unknown) => waiting.shift()?.(location))
  worker.on('error', end)
  worker.on('exit', end)
  worker.unref()
  return askWorker
}
