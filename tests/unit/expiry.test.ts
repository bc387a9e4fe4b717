import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { liveWhere } from '../../src/expiry.ts'
import { computeExpiry, createPolicy, InvalidInputError, InvalidPolicyError, isLive } from '../../src/index.ts'

const start = new Date('2026-01-05T08:00:00Z')
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)
const latest = new Date('9999-12-31T23:59:59.999Z')
const wrongDates = [null, undefined, 0, '2026-01-05', {}, new Date(Number.NaN), new Date(-1), new Date(253402300800000)]

describe('computeExpiry()', () => {
  const policy = createPolicy({ idleTimeoutSeconds: 1800, absoluteTimeoutSeconds: 3600 })

  it.each([
    [0, 1800],
    [600, 2400],
    [1799.999, 3599.999],
    [1800, 3600],
    [1800.001, 3600],
    [3600, 3600],
    [7200, 3600],
  ])('%d s after the sign-in gives %d s: the idle timeout from then, at most the absolute one', (used, end) => {
    expect(computeExpiry({ createdAt: start, lastActivity: after(used) }, policy)).toEqual(after(end))
  })

  it('goes by the default policy where none is given: 30 minutes, at most 12 hours', () => {
    expect(computeExpiry({ createdAt: start, lastActivity: start })).toEqual(after(1800))
    expect(computeExpiry({ createdAt: start, lastActivity: after(43_000) })).toEqual(after(43_200))
  })

  it('takes a part of a policy, and a whole row', () => {
    const row = { id: 'id', createdAt: start, lastActivity: start, expiresAt: latest, sessionId: null, endedAt: start }
    expect(computeExpiry(row, { idleTimeoutSeconds: 60 })).toEqual(after(60))
  })

  it('gives no date past 9999', () => {
    const policyOfAges = createPolicy({ idleTimeoutSeconds: 3_153_600_000, absoluteTimeoutSeconds: 3_153_600_000 })
    const nearTheEnd = new Date(latest.getTime() - 1000)
    expect(computeExpiry({ createdAt: latest, lastActivity: latest })).toEqual(latest)
    expect(computeExpiry({ createdAt: nearTheEnd, lastActivity: nearTheEnd }, policyOfAges)).toEqual(latest)
    expect(computeExpiry({ createdAt: start, lastActivity: latest }, { idleTimeoutSeconds: 1 })).toEqual(after(43_200))
    expect(computeExpiry({ createdAt: new Date(0), lastActivity: new Date(0) })).toEqual(new Date(1_800_000))
  })

  it('leaves its arguments as they are', () => {
    const activity = Object.freeze({ createdAt: new Date(start), lastActivity: new Date(start) })
    const expiresAt = computeExpiry(activity, policy)
    expect(activity).toEqual({ createdAt: start, lastActivity: start })
    expect([activity.createdAt, activity.lastActivity]).not.toContain(expiresAt)
  })

  it.each(wrongDates)('refuses %o in place of a date', (date) => {
    for (const field of ['createdAt', 'lastActivity']) {
      const activity = { createdAt: start, lastActivity: start, [field]: date }
      const compute = () => computeExpiry(activity)
      expect(compute).toThrow(InvalidInputError)
      expect(compute).toThrow(expect.objectContaining({ field }))
    }
  })

  it('refuses a wrong policy', () => {
    const activity = { createdAt: start, lastActivity: start }
    expect(() => computeExpiry(activity, { idleTimeoutSeconds: 0 })).toThrow(InvalidPolicyError)
  })

  it('is the earlier of both ends, never past the absolute one or 9999, and later the later a session is used', () => {
    const property = fc.property(policies(), dates(), dates(), dates(), (anyPolicy, createdAt, one, other) => {
      const [earlier, later] = [one, other].toSorted((a, b) => a.getTime() - b.getTime()) as [Date, Date]
      const expiresAt = computeExpiry({ createdAt, lastActivity: later }, anyPolicy)
      const idleEnd = later.getTime() + anyPolicy.idleTimeoutSeconds * 1000
      const absoluteEnd = createdAt.getTime() + anyPolicy.absoluteTimeoutSeconds * 1000
      expect(expiresAt.getTime()).toBe(Math.min(idleEnd, absoluteEnd, latest.getTime()))
      expect(computeExpiry({ createdAt, lastActivity: earlier }, anyPolicy) <= expiresAt).toBe(true)
    })
    fc.assert(property)
  })
})

describe('isLive()', () => {
  const row = {
    createdAt: start,
    lastActivity: after(600),
    expiresAt: after(2400),
    sessionId: 'session',
    endedAt: null,
  }

  it.each([
    [600, true],
    [2399.999, true],
    [2400, false],
    [2400.001, false],
    [-600, true],
  ])('at %d s, where the session expires at 2400 s, is %o', (seconds, live) => {
    expect(isLive(row, after(seconds))).toBe(live)
  })

  it.each([
    [{ idleTimeoutSeconds: 300 }, 900],
    [{ idleTimeoutSeconds: 600, absoluteTimeoutSeconds: 700 }, 700],
    [{ idleTimeoutSeconds: 7200 }, 2400],
  ])('goes by the stricter of what is stored and the policy: %o', (policy, end) => {
    expect(isLive(row, after(end - 0.001), policy)).toBe(true)
    expect(isLive(row, after(end), policy)).toBe(false)
  })

  it('is false for what has ended or has lost its Session row', () => {
    expect(isLive(row, start)).toBe(true)
    expect(isLive({ ...row, endedAt: start }, start)).toBe(false)
    expect(isLive({ ...row, endedAt: latest }, start)).toBe(false)
    expect(isLive({ ...row, sessionId: null }, start)).toBe(false)
  })

  it('never answers for a row without all of its columns', () => {
    expect(isLive({ ...row, endedAt: undefined as never }, start)).toBe(false)
  })

  it('never answers for a row without its sessionId', () => {
    expect(isLive({ ...row, sessionId: undefined as never }, start)).toBe(false)
  })

  it.each(wrongDates)('refuses %o in place of a date', (date) => {
    for (const field of ['createdAt', 'lastActivity', 'expiresAt']) {
      const judge = () => isLive({ ...row, [field]: date }, start)
      expect(judge).toThrow(InvalidInputError)
      expect(judge).toThrow(expect.objectContaining({ field }))
    }
    expect(() => isLive(row, date as never)).toThrow(
      expect.objectContaining({ name: 'InvalidInputError', field: 'now' }),
    )
  })

  it('refuses a wrong policy', () => {
    expect(() => isLive(row, start, { touchIntervalSeconds: 1800 })).toThrow(InvalidPolicyError)
  })

  it('is true exactly where computeExpiry and expiresAt are both to come, for a row that has not ended', () => {
    const property = fc.property(rows(), fc.nat(8000), policies(1, 3), (anyRow, milliseconds, policy) => {
      const now = new Date(start.getTime() + milliseconds)
      const isToCome = anyRow.expiresAt > now && computeExpiry(anyRow, policy) > now
      expect(isLive(anyRow, now, policy)).toBe(isToCome && anyRow.endedAt === null && anyRow.sessionId !== null)
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

describe('liveWhere()', () => {
  it('is the condition that isLive judges by', () => {
    const answers = new Set<boolean>()
    const property = fc.property(rows(), fc.nat(8000), policies(1, 3), (row, milliseconds, policy) => {
      const now = new Date(start.getTime() + milliseconds)
      const live = isLive(row, now, policy)
      expect(meets(row, liveWhere(now, policy))).toBe(live)
      answers.add(live)
    })
    fc.assert(property, { numRuns: 2000 })
    expect(answers.size).toBe(2)
  })

  it('is that of isLive at each boundary, and a millisecond before and after', () => {
    const policy = createPolicy({ idleTimeoutSeconds: 2, absoluteTimeoutSeconds: 3 })
    const shifts = [-1, 0, 1].map((milliseconds) => milliseconds / 1000)
    for (const lastActivity of [0, 1, ...shifts.map((shift) => 1 + shift)].map(after)) {
      for (const expiresAt of [2, 3, 100].map(after)) {
        for (const now of [2, 3].flatMap((seconds) => shifts.map((shift) => after(seconds + shift)))) {
          const row = { createdAt: start, lastActivity, expiresAt, sessionId: 'session', endedAt: null }
          expect(meets(row, liveWhere(now, policy))).toBe(isLive(row, now, policy))
        }
      }
    }
  })

  it.each([1.001, 0.333, 2.5])('is that of isLive for a timeout of whole milliseconds: %d s', (seconds) => {
    const { byWhere, byIsLive } = verdictsAroundEnd(seconds)
    expect(byWhere).toEqual(byIsLive)
    expect(byIsLive).toEqual([true, true, false, false, false])
  })

  it.each([1.0005, 19.9998])('is that of isLive for a timeout that splits a millisecond: %d s', (seconds) => {
    const { byWhere, byIsLive } = verdictsAroundEnd(seconds)
    expect(byWhere).toEqual(byIsLive)
  })

  it('is that of isLive at the first and the last date', () => {
    for (const now of [new Date(0), latest]) {
      const row = { createdAt: now, lastActivity: now, expiresAt: computeExpiry({ createdAt: now, lastActivity: now }) }
      const full = { ...row, sessionId: 'session', endedAt: null }
      expect(meets(full, liveWhere(now, createPolicy()))).toBe(isLive(full, now))
    }
  })
})

const time = (max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.nat(max),
    fc.nat(max / 1000).map((seconds) => seconds * 1000),
  )

type Row = Parameters<typeof isLive>[0]

function meets(row: Row, where: ReturnType<typeof liveWhere>): boolean {
  return (
    row.endedAt === where.endedAt &&
    row.sessionId !== where.sessionId.not &&
    row.expiresAt > where.expiresAt.gt &&
    row.lastActivity > where.lastActivity.gt &&
    row.createdAt > where.createdAt.gt
  )
}

function verdictsAroundEnd(idleTimeoutSeconds: number) {
  const policy = createPolicy({ idleTimeoutSeconds })
  const row = { createdAt: start, lastActivity: start, expiresAt: after(100), sessionId: 'session', endedAt: null }
  const end = start.getTime() + Math.round(idleTimeoutSeconds * 1000)
  const times = [-2, -1, 0, 1, 2].map((milliseconds) => new Date(end + milliseconds))
  return {
    byWhere: times.map((now) => meets(row, liveWhere(now, policy))),
    byIsLive: times.map((now) => isLive(row, now, policy)),
  }
}

function policies(min = 1, max = 100_000) {
  return fc
    .tuple(fc.integer({ min, max }), fc.integer({ min: 0, max }))
    .map(([idleTimeoutSeconds, more]) =>
      createPolicy({ idleTimeoutSeconds, absoluteTimeoutSeconds: idleTimeoutSeconds + more }),
    )
}

function dates() {
  return fc.date({ min: new Date(0), max: latest, noInvalidDate: true })
}

/** Rows whose dates are few seconds apart, often whole ones, so that the ends of short policies fall upon them. */
function rows(): fc.Arbitrary<Row> {
  return fc
    .record({
      used: time(4000),
      expires: time(8000),
      sessionId: fc.option(fc.constant('session'), { freq: 10 }),
      endedAt: fc.option(fc.constant(start), { freq: 1, nil: null }),
    })
    .map(({ used, expires, sessionId, endedAt }) => ({
      createdAt: start,
      lastActivity: new Date(start.getTime() + used),
      expiresAt: new Date(start.getTime() + expires),
      sessionId,
      endedAt,
    }))
}
