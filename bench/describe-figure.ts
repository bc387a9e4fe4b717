import type { Figure } from './figure.ts'

/** A figure in a line of text. */
export function describeFigure(figure: Figure): string {
  const { case: name, database, rows, underWay, contender, unit, median, low, high, p99, beside, ratio } = figure
  const where = [database, rows === undefined ? '' : `${number(rows)} rows`, underWay ? `${underWay} under way` : '']
  const line = [
    [name, ...where].filter(Boolean).join(', ').padEnd(72),
    contender.padEnd(36),
    `${number(median)} ${unit}`.padStart(18),
    ` [${number(low)} to ${number(high)}]`.padEnd(24),
    p99 === undefined ? ''.padEnd(14) : `p99 ${number(p99)} ms`.padEnd(14),
    ratio === undefined ? '' : `${ratio.toFixed(2)} of ${beside}`,
  ]
  return line.join(' ').trimEnd()
}

/** With as many digits as say something. */
export function number(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
