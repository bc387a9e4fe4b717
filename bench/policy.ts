import { built } from './built.ts'

const day = 24 * 60 * 60

/**
 * Under which nothing expires while it is measured, and a write is due at every call: one that is more than a millisecond later
 * than the one before. So no call needs to be told a time, and each reads the clock as an application's calls do.
 */
export const eagerPolicy = built.createPolicy({
  idleTimeoutSeconds: 100 * day,
  absoluteTimeoutSeconds: 300 * day,
  touchIntervalSeconds: 0.001,
})

/** The same, and no write is ever due. */
export const lazyPolicy = built.createPolicy({ ...eagerPolicy, touchIntervalSeconds: 99 * day })

/** When a session expires that is used now, by the shorter timeout. */
export function idleEnd(now: Date): Date {
  return new Date(now.getTime() + eagerPolicy.idleTimeoutSeconds * 1000)
}
