import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ownName, type Figure } from './figure.ts'
import { spread } from './measure.ts'

export const importCase = 'import'

const root = fileURLToPath(new URL('../', import.meta.url))
/** What a process imports that imports nothing else, the one that the others are a ratio to first. */
const contenders = [
  ['zod alone', 'zod'],
  [ownName, new URL('../dist/index.js', import.meta.url).href],
  ['better-auth', 'better-auth'],
  ['lucia', 'lucia'],
] as const

/** How often each is imported, in processes that are new each time. */
export const importRounds = (isQuick: boolean): number => (isQuick ? 10 : 30)

/** How long importing the package takes, in processes that are new each time, by turns. */
export async function measureImport({ isQuick }: { readonly isQuick: boolean }): Promise<Figure[]> {
  const times = contenders.map((): number[] => [])
  // The first round is for the system to read the files.
  for (let round = 0; round <= importRounds(isQuick); round++) {
    for (const [index, [, specifier]] of contenders.entries()) {
      const time = timeOf(specifier)
      if (round > 0) times[index]!.push(time)
    }
  }
  const [alone, ...others] = contenders.map(([contender], index): Figure =>
    Object.assign({ case: importCase, contender, unit: 'ms' as const }, spread(times[index]!)),
  )
  const { contender: beside, median } = alone!
  return [alone!, ...others.map((figure) => Object.assign(figure, { beside, ratio: figure.median / median }))]
}

function timeOf(specifier: string): number {
  const script = `
    const begin = performance.now()
    await import(${JSON.stringify(specifier)})
    console.log(performance.now() - begin)`
  const args = ['--input-type=module', '--eval', script]
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }))
}
