/**
 * Whether a call takes 5 ms or more, more than anything that a client sends may take. The best of several runs counts: other
 * work on the machine makes a run longer, never shorter.
 *
 * @param call - gets the number of its run, to ask something new of what remembers its answers
 */
export function isSlow(call: (run: number) => unknown): boolean {
  const times = Array.from({ length: 5 }, (_, run) => {
    const start = performance.now()
    call(run)
    return performance.now() - start
  })
  return Math.min(...times) >= 5
}

/** So much of a word that it takes a megabyte or more. */
export function megabyteOf(word: string): string {
  return word.repeat(Math.ceil(2 ** 20 / word.length))
}
