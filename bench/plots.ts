import { ownName, type Figure } from './figure.ts'
import { listCase } from './list.ts'
import { plot, type Series } from './plot.ts'
import type { Results } from './results.ts'
import { barePair, bareRead, touchCases } from './touch.ts'

/** A drawing of some results, and the file that it belongs into. */
export interface Plot {
  readonly file: string
  readonly title: string
  readonly svg: string
}

const bareNames = new Set([bareRead, barePair, 'findMany'])

/** Speed against calls under way, and time against the size of the table. */
export function plotsOf({ name, figures }: Pick<Results, 'name' | 'figures'>): Plot[] {
  const numbers = figures.filter((figure) => isTouch(figure)).map(({ underWay = 1 }) => underWay)
  const most = Math.max(...numbers)
  // The table on which the most was measured.
  const { rows } = figures.find((figure) => isTouch(figure) && figure.underWay === most) ?? {}
  const bySpeed = touchCases.map((touchCase) => {
    const ofCase = figures.filter((figure) => figure.case === touchCase && figure.rows === rows)
    return {
      file: `${name}-${touchCase.replaceAll(/[^a-z]+/g, '-')}.svg`,
      title: `${touchCase}, ${rows?.toLocaleString('en')} rows`,
      xAxis: 'calls under way',
      yAxis: 'calls per second',
      series: [
        bareAndOwn(ofCase, underWayOf, speedOf),
        [
          {
            name: 'raw driver, batched',
            points: fastest(ofCase.filter(({ contender }) => contender.startsWith('raw'))),
          },
        ],
      ].flat(),
    }
  })
  const bySize = [...touchCases, listCase].map((oneCase) => {
    const ofCase = figures.filter((figure) => figure.case === oneCase && figure.underWay === 1)
    return {
      file: `${name}-${oneCase.replaceAll(/[^a-z0-9]+/g, '-')}-by-size.svg`,
      title: `${oneCase}, one at a time`,
      xAxis: 'user sessions in the table',
      yAxis: 'µs per call',
      series: bareAndOwn(
        ofCase,
        (figure) => figure.rows!,
        (figure) => figure.median,
      ),
    }
  })
  return [...bySpeed, ...bySize]
    .filter(({ series }) => series.some(({ points }) => points.length > 1))
    .map(({ file, title, xAxis, yAxis, series }) => ({ file, title, svg: plot(title, xAxis, yAxis, series) }))
}

const isTouch = (figure: Figure): boolean => touchCases.some((one) => one === figure.case)
const underWayOf = ({ underWay = 1 }: Figure): number => underWay
const speedOf = ({ unit, median }: Figure): number => (unit === 'µs' ? 1e6 / median : median)

function bareAndOwn(
  figures: readonly Figure[],
  x: (figure: Figure) => number,
  y: (figure: Figure) => number,
): Series[] {
  const chosen = figures.filter(({ contender }) => contender === ownName || bareNames.has(contender))
  const contenders = [...new Set(chosen.map(({ contender }) => contender))]
  return contenders.map((name) => ({
    name,
    points: chosen.filter(({ contender }) => contender === name).map((figure) => [x(figure), y(figure)]),
  }))
}

/** The best of several, at each number of calls under way. */
function fastest(figures: readonly Figure[]): [number, number][] {
  const best = new Map<number, number>()
  for (const figure of figures) {
    const underWay = underWayOf(figure)
    best.set(underWay, Math.max(best.get(underWay) ?? 0, speedOf(figure)))
  }
  return [...best]
}
