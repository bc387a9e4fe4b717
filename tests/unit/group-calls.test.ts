import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as untilNextTurn, setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DatabaseError } from '../../src/errors.ts'
import { groupCalls } from '../../src/group-calls.ts'

const setTimer = vi.hoisted(() => vi.fn<typeof setTimeout>())
vi.mock('node:timers', async (importOriginal) => {
  const timers = await importOriginal<typeof import('node:timers')>()
  setTimer.mockImplementation(timers.setTimeout as never)
  return { ...timers, setTimeout: setTimer }
})

/** Answers each number with its double once it is let go, and remembers what was run together. */
function held() {
  const runs: number[][] = []
  const gates: (() => void)[] = []
  const run = async (calls: readonly number[]): Promise<number[]> => {
    runs.push([...calls])
    await new Promise<void>((resolve) => gates.push(resolve))
    return calls.map((call) => call * 2)
  }
  const letGo = async (): Promise<void> => {
    gates.shift()?.()
    await untilNextTurn()
    await untilNextTurn()
  }
  return { runs, run, letGo }
}

/** Fails for some calls, as a statement does: as a whole. */
function failingFor(bad: readonly number[], error: () => unknown) {
  const runs: number[][] = []
  const run = async (calls: readonly number[]): Promise<number[]> => {
    runs.push([...calls])
    if (calls.some((call) => bad.includes(call))) throw error()
    return calls.map((call) => call * 2)
  }
  return { runs, run }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const settled = (call: (number: number) => Promise<number>, calls: readonly number[]) =>
  Promise.allSettled(calls.map((number) => call(number)))

afterEach(() => void vi.useRealTimers())

describe('groupCalls()', () => {
  it('runs a call that comes alone by itself', async () => {
    const { runs, run } = failingFor([], Error)
    const call = groupCalls(run, true)
    expect(await call(1)).toBe(2)
    expect(await call(2)).toBe(4)
    expect(runs).toEqual([[1], [2]])
  })

  it('sets a timer for those only that wait for a run before theirs', async () => {
    const { run, letGo } = held()
    const call = groupCalls(run, true)
    setTimer.mockClear()
    for (const number of [1, 2]) {
      const answer = call(number)
      await untilNextTurn()
      await letGo()
      expect(await answer).toBe(number * 2)
    }
    expect(setTimer).not.toHaveBeenCalled()
    const answers = [call(1)]
    await untilNextTurn()
    answers.push(call(2))
    expect(setTimer).toHaveBeenCalledTimes(1)
    await letGo()
    await letGo()
    expect(await Promise.all(answers)).toEqual([2, 4])
  })

  it('runs calls of one turn of the event loop together, and answers each in its place', async () => {
    const { runs, run } = failingFor([], Error)
    const call = groupCalls(run, true)
    const first = call(3)
    await Promise.resolve()
    expect(await Promise.all([first, call(1), call(1), call(2)])).toEqual([6, 2, 2, 4])
    expect(runs).toEqual([[3, 1, 1, 2]])
  })

  it('gathers those that come while a run is under way for the next one', async () => {
    const { runs, run, letGo } = held()
    const call = groupCalls(run, true)
    const answers = [call(1)]
    await untilNextTurn()
    answers.push(call(2))
    await untilNextTurn()
    answers.push(call(3))
    await untilNextTurn()
    expect(runs).toEqual([[1]])
    await letGo()
    expect(runs).toEqual([[1], [2, 3]])
    await letGo()
    expect(await Promise.all(answers)).toEqual([2, 4, 6])
  })

  it('answers nobody before the run has ended', async () => {
    const { run, letGo } = held()
    const answered = vi.fn<(answer: number) => void>()
    const answer = groupCalls(run, true)(1).then(answered)
    await sleep(5)
    expect(answered).not.toHaveBeenCalled()
    await letGo()
    await answer
    expect(answered).toHaveBeenCalledWith(2)
  })

  it('runs at most 500 together, one run after the other', async () => {
    const { runs, run, letGo } = held()
    const call = groupCalls(run, true)
    const answers = Promise.all(numbers(1201).map((number) => call(number)))
    await untilNextTurn()
    for (const lengths of [[500], [500, 500], [500, 500, 201]]) {
      expect(runs.map((group) => group.length)).toEqual(lengths)
      await letGo()
    }
    expect(await answers).toEqual(numbers(1201).map((number) => number * 2))
  })

  it('lets a run that takes long keep the next one waiting for a moment only', async () => {
    const { runs, run, letGo } = held()
    const call = groupCalls(run, true)
    const slow = call(1)
    await untilNextTurn()
    const started = performance.now()
    const quick = call(2)
    await sleep(20)
    expect(runs).toEqual([[1]])
    await expect.poll(() => runs, { interval: 5 }).toEqual([[1], [2]])
    expect(performance.now() - started).toBeGreaterThan(45)
    await letGo()
    expect(await slow).toBe(2)
    await letGo()
    expect(await quick).toBe(4)
  })

  it('runs each by itself where one fails for its own reason, which is told to that one alone', async () => {
    const { runs, run } = failingFor([2], () => new DatabaseError('Cannot: refused', 'P2039'))
    const outcomes = await settled(groupCalls(run, true), [1, 2, 3])
    const refused = expect.objectContaining({ message: 'Cannot: refused', databaseCode: 'P2039' })
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 2 },
      { status: 'rejected', reason: refused },
      { status: 'fulfilled', value: 6 },
    ])
    expect(runs).toEqual([[1, 2, 3], [1], [2], [3]])
  })

  it.each(['P1001', 'P1017', 'P2021', 'P2024', 'P2028', 'P2034', 'SQLITE_CANTOPEN'])(
    'runs nobody again after %s, and gives each an error of its own',
    async (code) => {
      const { runs, run } = failingFor([2], () => new DatabaseError('Cannot: down', code))
      const outcomes = await settled(groupCalls(run, true), [1, 2, 3])
      const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason)
      expect(errors).toMatchObject(
        errors.map(() => ({ name: 'DatabaseError', message: 'Cannot: down', databaseCode: code })),
      )
      expect(new Set(errors).size).toBe(3)
      expect(runs).toEqual([[1, 2, 3]])
    },
  )

  it('runs nobody again where that may not be', async () => {
    const { runs, run } = failingFor([2], () => new DatabaseError('Cannot: refused', 'P2039'))
    const outcomes = await settled(groupCalls(run, false), [1, 2, 3])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(runs).toEqual([[1, 2, 3]])
  })

  it("passes on what is no database's error as it is", async () => {
    const error = new TypeError('of a hook')
    const { run } = failingFor([1], () => error)
    await expect(groupCalls(run, true)(1)).rejects.toBe(error)
  })

  it('goes on after a run that failed', async () => {
    const { run } = failingFor([1], () => new DatabaseError('Cannot: down', 'P1001'))
    const call = groupCalls(run, true)
    await expect(call(1)).rejects.toThrow('down')
    expect(await call(2)).toBe(4)
  })

  it('runs a group in the asynchronous context of the call that began it', async () => {
    const storage = new AsyncLocalStorage<string>()
    const contexts: unknown[] = []
    let letGo = (): void => {}
    const call = groupCalls(async (calls: readonly number[]) => {
      contexts.push(storage.getStore())
      if (calls[0] === 1) await new Promise<void>((resolve) => (letGo = resolve))
      return calls
    }, true)
    const first = storage.run('first', () => call(1))
    await untilNextTurn()
    const others = [storage.run('second', () => call(2)), storage.run('third', () => call(3))]
    letGo()
    await Promise.all([first, ...others])
    expect(contexts).toEqual(['first', 'second'])
  })

  it('does not wait for timers that a test has stopped', async () => {
    vi.useFakeTimers()
    const { run } = failingFor([], Error)
    expect(await groupCalls(run, true)(1)).toBe(2)
  })
})
