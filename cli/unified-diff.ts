/** Lines that are shown around each change, as `diff -u` does. */
const CONTEXT = 3

interface Line {
  readonly sign: ' ' | '+' | '-'
  readonly text: string
}

/**
 * A unified diff, which `git apply` and `patch` take.
 *
 * @param before `null` for a new file; else `after` must be `before` with lines put in, and a line end where its last line
 * had none
 */
export function unifiedDiff(path: string, before: string | null, after: string): string {
  const lines = compare(linesOf(before ?? ''), linesOf(after))
  const hunks = rangesOf(lines).map(([from, to]) => {
    const shown = lines.slice(from, to)
    const old = positionOf(lines.slice(0, from), shown, '+')
    const made = positionOf(lines.slice(0, from), shown, '-')
    return `@@ -${old} +${made} @@\n${shown.map(textOf).join('')}`
  })
  const oldPath = before === null ? '/dev/null' : `a/${path}`
  return `--- ${oldPath}\n+++ b/${path}\n${hunks.join('')}`
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let at = 0
  const lines = after.flatMap((text): Line[] => {
    const old = before[at]
    const gotItsEnd = old === text.replace(/\r?\n$/, '')
    if (old !== text && !gotItsEnd) return [{ sign: '+', text }]
    at += 1
    return old === text
      ? [{ sign: ' ', text }]
      : [
          { sign: '-', text: old },
          { sign: '+', text },
        ]
  })
  if (at === before.length) return lines
  // Lines were changed, not put in: all of them are shown.
  return [...before.map((text): Line => ({ sign: '-', text })), ...after.map((text): Line => ({ sign: '+', text }))]
}

/** Where the hunks are: the changes with their context, joined where they meet. */
function rangesOf(lines: readonly Line[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const [at, { sign }] of lines.entries()) {
    if (sign === ' ') continue
    const from = Math.max(0, at - CONTEXT)
    const to = Math.min(lines.length, at + 1 + CONTEXT)
    const last = ranges.at(-1)
    if (last && from <= last[1]) last[1] = to
    else ranges.push([from, to])
  }
  return ranges
}

/** Number of the first line and how many there are, in the file that has no lines of this sign. */
function positionOf(above: readonly Line[], shown: readonly Line[], absent: '+' | '-'): string {
  const [start, count] = [above, shown].map((lines) => lines.filter(({ sign }) => sign !== absent).length)
  // A range of no lines is named by the line above it.
  return `${count === 0 ? start! : start! + 1},${count!}`
}

function textOf({ sign, text }: Line): string {
  return text.endsWith('\n') ? sign + text : `${sign}${text}\n\\ No newline at end of file\n`
}
