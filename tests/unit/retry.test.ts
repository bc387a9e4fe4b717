import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { retry } from '../../src/retry.ts'

const waits: number[] = []
vi.mock('node:timers/promises', () => ({
  setTimeout: async (milliseconds: number) => void waits.push(milliseconds),
}))

/** Fails so many times, then answers. */
function failing(times: number) {
  let runs = 0
  const run = async () => {
    if (runs++ < times) throw new Error(`failure ${runs}`)
    return `run ${runs}`
  }
  return { run, runs: () => runs }
}
const always = () => true

describe('retry()', () => {
  beforeEach(() => void (waits.length = 0))
  afterEach(() => vi.restoreAllMocks())

  it('answers what the first run answers, without waiting', async () => {
    expect(await retry(failing(0).run, always)).toBe('run 1')
    expect(waits).toEqual([])
  })

  it('runs up to 10 times', async () => {
    expect(await retry(failing(9).run, always)).toBe('run 10')
    const { run, runs } = failing(10)
    await expect(retry(run, always)).rejects.toThrow('failure 10')
    expect(runs()).toBe(10)
  })

  it('stops where it is not worth another try, and asks with what was thrown and how often', async () => {
    const { run, runs } = failing(3)
    const isWorthwhile = vi.fn<(error: unknown, attempt: number) => boolean>((_, attempt) => attempt < 2)
    await expect(retry(run, isWorthwhile)).rejects.toThrow('failure 2')
    expect(runs()).toBe(2)
    expect(isWorthwhile.mock.calls).toEqual([
      [new Error('failure 1'), 1],
      [new Error('failure 2'), 2],
    ])
  })

  it.each([
    [0, [5, 10, 20, 40, 80, 160, 320, 320, 320]],
    [1, [10, 20, 40, 80, 160, 320, 640, 640, 640]],
  ])('waits twice as long each time, up to a limit, as chance (%d) has it', async (chance, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(chance)
    await retry(failing(9).run, always)
    expect(waits).toEqual(expected)
  })
})
