import type { Figure } from './figure.ts'
import { rulesFor, type Rule } from './mark-rules.ts'

/** Something that the package is to achieve, and whether it did. */
export interface Mark {
  readonly database: string
  /** What is done. */
  readonly what: string
  /** What is asked of it, in words. */
  readonly need: string
  /** What was measured, at its worst where it was measured on several tables. */
  readonly measured: string
  readonly isMet: boolean
}

/** The marks of a database, or of what needs none, by the figures of one run. Those that were not measured are left out. */
export function marksOf(database: string, figures: readonly Figure[]): Mark[] {
  return rulesFor(database, figures)
    .filter(({ values }) => values.length > 0)
    .map((rule) => judge(database, rule))
}

function judge(database: string, { what, need, atMost, atLeast, unit = '×', values }: Rule): Mark {
  const sorted = values.toSorted((a, b) => a.value - b.value)
  const worst = atMost === undefined ? sorted[0]! : sorted.at(-1)!
  const isMet = worst.value <= (atMost ?? Infinity) && worst.value >= (atLeast ?? -Infinity)
  const rows = worst.rows === undefined ? '' : `, ${worst.rows.toLocaleString('en')} rows`
  const digits = Number.isInteger(worst.value) ? 0 : 2
  return { database, what, need, measured: `${worst.value.toFixed(digits)} ${unit}${rows}`, isMet }
}
