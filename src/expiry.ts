import type { z } from 'zod/mini'
import { field, fields, parseInput } from './parse-input.ts'
import { createPolicy, type Policy } from './policy.ts'

/** The two dates that decide when a session expires. */
export interface Activity {
  readonly createdAt: Date
  readonly lastActivity: Date
}

/** What decides whether a session is live. */
export interface Lifetime extends Activity {
  readonly sessionId: string | null
  readonly expiresAt: Date
  readonly endedAt: Date | null
}

// PostgreSQL gives dates past 9999 back as Invalid Date, and MariaDB turns year 1 into 2001.
const earliest = Date.UTC(1970, 0, 1)
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** A date that every database gives back as it was written. */
export const date: z.ZodMiniType<Date> = field<Date>(
  (value) => value instanceof Date && value.getTime() >= earliest && value.getTime() <= latest,
  'a Date from 1970 to 9999',
)

const activity = fields({ createdAt: date, lastActivity: date })

/**
 * When a session expires: the earlier of `lastActivity` + idle timeout and `createdAt` + absolute timeout. Pure.
 *
 * @param activity - only `createdAt` and `lastActivity` are read, so a whole row will do
 * @param policy - default: `defaultPolicy`
 * @returns a new `Date`
 * @throws InvalidInputError when a date is not a Date from 1970 to 9999
 * @throws InvalidPolicyError when the policy is not valid
 *
 * @example
 * computeExpiry({ createdAt: new Date('2026-01-01T08:00Z'), lastActivity: new Date('2026-01-01T08:10Z') }) // 08:40
 */
export function computeExpiry({ createdAt, lastActivity }: Activity, policy?: Partial<Policy>): Date {
  const dates = parseInput('compute expiry', activity, { createdAt, lastActivity })
  return expiryOf(dates, createPolicy(policy))
}

/**
 * Whether a session is live: not ended, its `Session` row not gone, and not expired. A session expires at the earlier of
 * its stored `expiresAt` and what the policy says now, so that a shortened policy holds for older sessions too; exactly at
 * that time it is expired. Pure.
 *
 * @param userSession - a `UserSession` row
 * @param now - the time to judge by
 * @param policy - default: `defaultPolicy`
 * @returns `false` when it was ended, has lost its `Session` row or has expired
 * @throws InvalidInputError when a date is not a Date from 1970 to 9999
 * @throws InvalidPolicyError when the policy is not valid
 */
export function isLive(userSession: Lifetime, now: Date, policy?: Partial<Policy>): boolean {
  const { createdAt, lastActivity, expiresAt, sessionId, endedAt } = userSession
  const dates = parseInput('judge session', lifetime, { createdAt, lastActivity, expiresAt, now })
  return isLiveAt({ ...dates, sessionId, endedAt }, dates.now, createPolicy(policy))
}

const lifetime = fields({ createdAt: date, lastActivity: date, expiresAt: date, now: date })

/** {@link computeExpiry} on dates and a policy that were checked already. */
export function expiryOf({ createdAt, lastActivity }: Activity, policy: Policy): Date {
  const idleEnd = lastActivity.getTime() + milliseconds(policy.idleTimeoutSeconds)
  return new Date(Math.min(idleEnd, absoluteEndOf(createdAt, policy).getTime(), latest))
}

/** The end that no activity moves. */
export function absoluteEndOf(createdAt: Date, policy: Policy): Date {
  return new Date(Math.min(createdAt.getTime() + milliseconds(policy.absoluteTimeoutSeconds), latest))
}

/** {@link isLive} on a row and a policy that were checked already. */
export function isLiveAt(userSession: Lifetime, now: Date, policy: Policy): boolean {
  if (userSession.endedAt !== null || typeof userSession.sessionId !== 'string') return false
  return Math.min(userSession.expiresAt.getTime(), expiryOf(userSession, policy).getTime()) > now.getTime()
}

/** {@link isLive} as a condition on `UserSession` rows. */
export interface LiveWhere {
  endedAt: null
  sessionId: { not: null }
  expiresAt: { gt: Date }
  lastActivity: { gt: Date }
  createdAt: { gt: Date }
}

/** {@link isLive} as the condition that a statement carries, so that the database judges the row as it is by then. */
export function liveWhere(now: Date, policy: Policy): LiveWhere {
  return {
    endedAt: null,
    sessionId: { not: null },
    expiresAt: { gt: now },
    lastActivity: { gt: secondsBefore(now, policy.idleTimeoutSeconds) },
    createdAt: { gt: secondsBefore(now, policy.absoluteTimeoutSeconds) },
  }
}

/** A time so many seconds before another. */
export function secondsBefore(now: Date, seconds: number): Date {
  return new Date(now.getTime() - milliseconds(seconds))
}

// Whole ones, as a Date has, so that adding a duration and subtracting it meet.
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000)
}
