import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** Asks a question that is answered with yes or no. Anything but `y` or `yes`, the end of the input too, is a no. */
export function ask(question: string, input: Readable, output: Writable): Promise<boolean> {
  const lines = createInterface({ input, output })
  return new Promise((resolve) => {
    lines.once('close', () => resolve(false))
    lines.question(`${question} (y/N) `, (answer) => {
      resolve(/^\s*y(?:es)?\s*$/i.test(answer))
      lines.close()
    })
  })
}
