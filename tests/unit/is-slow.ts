/**
 * Whether a call takes 5 ms or more, more than anything that a client sends may take. The best of several runs counts: other
 * work on the machine makes a run longer, never shorter.
 */
export function isSlow(call: () => unknown): boolean {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    call()
    return performance.now() - start
  })
  return Math.min(...times) >= 5
}

/** So much of a word that it takes a megabyte or more. */
export function megabyteOf(word: string): string {
  return word.repeat(Math.ceil(2 ** 20 / word.length))
}
