import { setTimeout as wait } from 'node:timers/promises'

/** How often something is tried in all. With the delays below, the last try begins 2.6 s after the first one failed at most. */
const MOST_ATTEMPTS = 10
/** What is waited before the second try at most, in ms; twice as long before each further one, up to the longest. */
const FIRST_DELAY = 10
const LONGEST_DELAY = 640

/**
 * Runs something again while it fails in a way that is worth another try: up to 10 times in all, after 5 to 10 ms, 10 to
 * 20 ms, and so on up to 640 ms. The delays are random, so that two who stood in each other's way do not meet again.
 *
 * @param run - must leave nothing behind when it fails
 * @param isWorthwhile - asked with what the last run threw, and how many have failed
 * @returns what the first successful run answers
 * @throws what the last run threw
 */
export async function retry<Result>(
  run: () => PromiseLike<Result>,
  isWorthwhile: (error: unknown, attempt: number) => boolean,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !isWorthwhile(error, attempt)) throw error
      const longest = Math.min(FIRST_DELAY * 2 ** (attempt - 1), LONGEST_DELAY)
      await wait(longest * (0.5 + Math.random() / 2))
    }
  }
}
