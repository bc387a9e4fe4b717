import { setImmediate as untilNextTurn } from 'node:timers/promises'
import type { Figure } from './figure.ts'

/** One way to do what a case is about. */
export interface Contender {
  readonly name: string
  /** One call, which fails unless it did what it is for. */
  readonly call: () => unknown
  /** How many calls it stands for: as many fewer are under way. Default: 1. */
  readonly batchSize?: number
  /** What must be there before a round, or gone. It is not timed. */
  readonly prepare?: () => Promise<unknown>
  /** How many calls a round has at most: for how many was prepared. */
  readonly most?: number
  /** How many rows its table has, where contenders of several tables compete. */
  readonly rows?: number
}

/** How much is measured. */
export interface Pace {
  readonly rounds: number
  /** How long a contender's part of a round is, in ms. */
  readonly milliseconds: number
}

/** How long each contender runs before anything counts, in ms. */
const WARM_UP = 800

/** What is measured, and the name of it. */
export type Case = Pick<Figure, 'case' | 'database' | 'rows' | 'underWay'>

/**
 * Measures the contenders of a case in turns, round by round, so that what else the machine does meets all of them alike.
 *
 * @param what - one call at a time is told in µs, several under way in calls/s
 * @param contenders - the first one is what the others are a ratio to
 */
export async function measure(what: Case, contenders: readonly Contender[], pace: Pace): Promise<Figure[]> {
  const { underWay = 1 } = what
  // A database in the process answers in the turn of the event loop in which it was asked, which no request is in with the next.
  const inTurns = what.database === 'sqlite' && underWay === 1
  const samples = contenders.map((contender) => ({ contender, values: [] as number[], latencies: [] as number[] }))
  // The first round is for the compiler, which takes some thousand calls to see what is worth its while, the caches and the
  // statements to be prepared.
  for (let round = 0; round <= pace.rounds; round++) {
    // In another order each time, since whoever comes next has the garbage of the one before to collect.
    const from = round % samples.length
    const turns = [...samples.slice(from), ...samples.slice(0, from)]
    for (const { contender, values, latencies } of round % 2 === 0 ? turns : turns.toReversed()) {
      await contender.prepare?.()
      await untilNextTurn()
      const sample = await run(contender, underWay, round === 0 ? WARM_UP : pace.milliseconds, inTurns)
      if (round === 0) continue
      values.push(underWay === 1 ? sample.microseconds : 1e6 / sample.microseconds)
      for (const latency of sample.latencies) latencies.push(latency)
    }
  }
  const unit = underWay === 1 ? 'µs' : 'calls/s'
  const base = samples[0]!
  const figures: Figure[] = []
  for (const { contender, values, latencies } of samples) {
    const { name, rows = what.rows } = contender
    const ratio = spread(values).median / spread(base.values).median
    figures.push({
      ...what,
      ...(rows === undefined ? {} : { rows }),
      underWay,
      contender: name,
      unit,
      ...spread(values),
      p99: quantile(latencies, 0.99),
      ...(contender === base.contender ? {} : { beside: base.contender.name, ratio }),
    })
  }
  return figures
}

/**
 * As many loops as calls are to be under way, each of which begins its next call when the one before was answered.
 *
 * @param inTurns - whether each call begins in a turn of the event loop of its own
 */
async function run(contender: Contender, underWay: number, milliseconds: number, inTurns: boolean) {
  const { call, batchSize = 1, most = Infinity } = contender
  const latencies: number[] = []
  const begin = performance.now()
  const end = begin + milliseconds
  let begun = 0
  const loop = async (): Promise<void> => {
    for (let start = begin; begun < most && (start < end || begun < underWay);) {
      begun += batchSize
      if (inTurns) await untilNextTurn()
      await call()
      const now = performance.now()
      latencies.push(now - start)
      start = now
    }
  }
  await Promise.all(Array.from({ length: Math.ceil(underWay / batchSize) }, loop))
  return { microseconds: ((performance.now() - begin) * 1000) / begun, latencies }
}

/** Median and quartiles. */
export function spread(values: readonly number[]): Pick<Figure, 'median' | 'low' | 'high'> {
  return { median: quantile(values, 0.5), low: quantile(values, 0.25), high: quantile(values, 0.75) }
}

/** Between the two values on either side of it. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const [below, above] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!]
  return below + (above - below) * (position - Math.floor(position))
}
