/** A line of a plot. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

const [width, height] = [640, 360]
const [left, right, top, bottom] = [70, 36, 44, 44]
/** Of middling lightness, to be told from a white page and from a black one. */
const colours = ['#8b5cf6', '#f97316', '#0ea5a4', '#e11d48']
const grey = '#808080'

/** Draws lines over two logarithmic axes, as SVG without a background. */
export function plot(title: string, xAxis: string, yAxis: string, series: readonly Series[]): string {
  const points = series.flatMap((line) => line.points)
  const xs = points.map(([x]) => Math.log10(x))
  const ys = points.map(([, y]) => Math.log10(y))
  const [fromX, toX] = [Math.min(...xs), Math.max(...xs)]
  const [fromY, toY] = [Math.floor(Math.min(...ys)), Math.ceil(Math.max(...ys))]
  const placeX = (x: number): number => left + ((Math.log10(x) - fromX) / (toX - fromX || 1)) * (width - left - right)
  const placeY = (y: number): number =>
    height - bottom - ((Math.log10(y) - fromY) / (toY - fromY || 1)) * (height - top - bottom)
  const tens = Array.from({ length: toY - fromY + 1 }, (_, index) => 10 ** (fromY + index))
  const horizontal = tens.flatMap((value) => [
    rule(left, placeY(value), width - right, placeY(value)),
    text(left - 8, placeY(value) + 4, 'end', value.toLocaleString('en')),
  ])
  const vertical = [...new Set(points.map(([x]) => x))].flatMap((value) => [
    rule(placeX(value), top, placeX(value), height - bottom),
    text(placeX(value), height - bottom + 18, 'middle', value.toLocaleString('en')),
  ])
  const lines = series.flatMap((line, index) => {
    const colour = colours[index % colours.length]!
    const placed = line.points.map(([x, y]) => `${placeX(x).toFixed(1)},${placeY(y).toFixed(1)}`)
    return [
      `<polyline points="${placed.join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
      ...placed.map(
        (place) => `<circle cx="${place.split(',')[0]}" cy="${place.split(',')[1]}" r="3.5" fill="${colour}"/>`,
      ),
    ]
  })
  // The names in one row under the title, each as wide as its text.
  let x = left
  const legend = series.map(({ name }, index) => {
    const words = text(x, 34, 'start', name, colours[index % colours.length])
    x += name.length * 6.6 + 18
    return words
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${title}: ${yAxis}</title>`,
    text(left, 16, 'start', `${title}: ${yAxis}`),
    ...legend,
    ...horizontal,
    ...vertical,
    text((left + width - right) / 2, height - 8, 'middle', xAxis),
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', words: string, fill = grey): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${fill}">${words}</text>`
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  const [from, to] = [`x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}"`, `x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"`]
  return `<line ${from} ${to} stroke="${grey}" stroke-opacity="0.3"/>`
}
