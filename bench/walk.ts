import { built } from './built.ts'

/** A session by what its client presents, and by what the tables know it as. */
interface KnownSession {
  readonly sessionKey: string
  readonly sessionId: string
}

/** Gives sessions to calls, so that no two calls that are under way have the same one. */
export interface Walk {
  /** A call with a session. */
  readonly one: (call: (session: KnownSession) => unknown) => () => Promise<void>
  /** A call with the ids of several. */
  readonly several: (count: number, call: (sessionIds: string[]) => unknown) => () => Promise<void>
}

/** Walks through sessions in their order, and from the beginning again, over those that are in use. */
export function walk(keys: readonly string[]): Walk {
  const free = keys.map((sessionKey): KnownSession => ({ sessionKey, sessionId: built.hashSessionKey(sessionKey) }))
  const { length } = free
  // From the first to the last: a queue in a ring.
  let [first, last] = [0, 0]
  const take = (): KnownSession => free[first++ % length]!
  const giveBack = (session: KnownSession): void => {
    free[last++ % length] = session
  }
  return {
    one: (call) => async () => {
      const session = take()
      await call(session)
      giveBack(session)
    },
    several: (count, call) => async () => {
      const sessions = Array.from({ length: count }, take)
      await call(sessions.map(({ sessionId }) => sessionId))
      sessions.forEach(giveBack)
    },
  }
}
