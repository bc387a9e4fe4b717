import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { isPublicIpv4 } from './ip-address.ts'

/** Where an address is. Each is null when unknown. */
export interface Location {
  city: string | null
  /** ISO 3166-1 alpha-2. */
  country: string | null
}

/** Finds the place of an address in canonical form, or `null`. */
export type Locate = (ipAddress: string) => Promise<Location | null>

/** What a sign-in may wait for its place: fast-geoip takes below 1 ms, a service on the network some tenths of a second. */
const PATIENCE_MS = 1000
const NOWHERE: Location = { city: null, country: null }
const CITY = /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} .'’()/,-]{0,99}$/u

/** The place of an address in names that are safe to store; nulls when there is none. Never rejects; takes 1 s at most. */
export async function findLocation(ipAddress: string | null, locate: Locate = locateWithFastGeoip): Promise<Location> {
  if (ipAddress === null) return NOWHERE
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null)
  })
  try {
    const { city, country } = (await Promise.race([locate(ipAddress), timeout])) ?? NOWHERE
    return {
      city: typeof city === 'string' && city.isWellFormed() && CITY.test(city) ? city : null,
      country: typeof country === 'string' && /^[A-Z]{2}$/.test(country) ? country : null,
    }
  } catch {
    return NOWHERE
  } finally {
    clearTimeout(timer)
  }
}

/** fast-geoip in a worker thread: its failures end the thread that it runs in. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads')
const { lookup } = require(workerData)
parentPort.on('message', async ({ id, ipAddress }) => parentPort.postMessage({ id, found: await lookup(ipAddress) }))
`
type Answer = (location: Location | null) => void
let worker: Worker | undefined
const waiting = new Map<number, Answer>()
let lastId = 0

export const locateWithFastGeoip: Locate = async (ipAddress) => {
  if (!isPublicIpv4(ipAddress)) return null
  const running = (worker ??= startWorker())
  return new Promise((resolve) => {
    waiting.set(++lastId, resolve)
    running.postMessage({ id: lastId, ipAddress })
  })
}

function startWorker(): Worker {
  const workerData = createRequire(import.meta.url).resolve('fast-geoip')
  const started = new Worker(WORKER, { eval: true, execArgv: [], env: {}, stdout: true, stderr: true, workerData })
  started.unref()
  started.on('message', ({ id, found }: { id: number; found: Location | null }) => {
    waiting.get(id)?.(found)
    waiting.delete(id)
  })
  started.on('error', () => {})
  started.on('exit', () => {
    worker = undefined
    for (const answer of waiting.values()) answer(null)
    waiting.clear()
  })
  return started
}
