import { clearTimeout, setTimeout } from 'node:timers'
import { setImmediate as untilNextTurn } from 'node:timers/promises'
import { concernsEveryRow } from './database-error.ts'
import { DatabaseError } from './errors.ts'

/** How many calls share a statement at most. What it costs per call falls no further, and SQLite takes 999 values in one. */
const MOST_CALLS = 500
/** How long a statement may keep the next one waiting, in ms: one that meets a locked row may take as long as the lock. */
const LONGEST_WAIT = 50

/** Calls that share a statement, and whom to tell. */
type Group<Call, Answer> = { call: Call; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[]

/**
 * Has calls that come together answered together: while a statement is under way, further calls gather for the next one, as
 * databases do with commits (group commit). A call that comes alone is run at the next turn of the event loop.
 *
 * Each call is answered when the run that it was part of has ended, and none before; nothing is kept for later ones. When a
 * run fails for what may be one call's own reason, each is run again by itself, so that it fails no other. A group runs in
 * the asynchronous context of the call that began it.
 *
 * @param run - answers calls in their order, any two of which may be the same
 * @param mayRunAgain - whether that leaves no trace when it fails
 */
export function groupCalls<Call, Answer>(
  run: (calls: readonly Call[]) => Promise<readonly Answer[]>,
  mayRunAgain: boolean,
): (call: Call) => Promise<Answer> {
  /** The group that calls still join, and the one that began last, with the end of its run. */
  let open: Group<Call, Answer> | undefined
  let latest: Group<Call, Answer> | undefined
  let ending: Promise<void> | undefined

  const answer = async (group: Group<Call, Answer>): Promise<void> => {
    try {
      const answers = await run(group.map(({ call }) => call))
      group.forEach(({ resolve }, index) => resolve(answers[index]!))
    } catch (error) {
      if (group.length > 1 && mayRunAgain && !concernsEveryRow(error)) {
        await Promise.all(group.map((single) => answer([single])))
        return
      }
      for (const { reject } of group) reject(ownError(error))
    }
  }

  const serve = async (group: Group<Call, Answer>, previous: Promise<void> | undefined): Promise<void> => {
    if (previous !== undefined) await endedOrWaited(previous)
    // What else has arrived by then is answered together: SQLite's drivers leave no other gap to gather in.
    await untilNextTurn()
    if (open === group) open = undefined
    await answer(group)
    if (latest === group) ending = undefined
  }

  return (call) =>
    new Promise((resolve, reject) => {
      if (open === undefined || open.length === MOST_CALLS) {
        open = latest = []
        ending = serve(open, ending)
      }
      open.push({ call, resolve, reject })
    })
}

async function endedOrWaited(ending: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise((resolve) => {
    timer = setTimeout(resolve, LONGEST_WAIT)
  })
  await Promise.race([ending, waited])
  clearTimeout(timer)
}

/** What an application adds to its error, it adds to no other caller's. */
function ownError(error: unknown): unknown {
  return error instanceof DatabaseError ? new DatabaseError(error.message, error.databaseCode) : error
}
