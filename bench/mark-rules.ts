import { ownName, type Figure } from './figure.ts'
import { httpServerCase } from './http-server.ts'
import { importCase } from './import-time.ts'
import { listCase, listManyCase } from './list.ts'
import { oneKeyCase } from './one-key.ts'
import { rivalCases } from './rivals.ts'
import { purgeCase } from './purge.ts'
import { pairNames, signInCase } from './sign-in.ts'
import { barePair, bareRead, touchCases } from './touch.ts'

/** A number that must be large or small enough. */
export interface Rule {
  readonly what: string
  readonly need: string
  readonly atMost?: number
  readonly atLeast?: number
  readonly unit?: string
  /** What was measured, on each table. */
  readonly values: readonly Measured[]
}

interface Measured {
  readonly value: number
  readonly rows?: number | undefined
}

const [nothingDue, writeDue] = touchCases
const rawBatches = ['raw driver, one statement', 'raw driver, one transaction']

/** What the package is held to. */
export function rulesFor(database: string, figures: readonly Figure[]): Rule[] {
  const of = (name: string, underWay: number): readonly Figure[] =>
    figures.filter((figure) => figure.case === name && figure.underWay === underWay)
  const times = database === 'sqlite' ? 4 : 12
  return [
    {
      what: 'touchActivity, nothing due, one at a time',
      need: 'at most 1.15 times a bare findUnique',
      atMost: 1.15,
      values: longer(of(nothingDue, 1), [bareRead]),
    },
    {
      what: 'touchActivity, write due, one at a time',
      need: 'at most 1.15 times bare findUnique + conditional updateMany',
      atMost: 1.15,
      values: longer(of(writeDue, 1), [barePair]),
    },
    {
      what: 'touchActivity, write due, 100 under way',
      need: `at least ${times} times the calls per second of the bare pair`,
      atLeast: times,
      values: faster(of(writeDue, 100), [barePair]),
    },
    {
      what: 'touchActivity, write due, 100 under way',
      need: "over half of the raw driver's own batches",
      atLeast: 0.5,
      values: faster(of(writeDue, 100), rawBatches),
    },
    {
      what: 'touchActivity, write due, 100 under way: p99',
      need: "at most a third of the bare pair's",
      atMost: 1 / 3,
      values: compare(of(writeDue, 100), [barePair], ownName, (own, [other]) => own.p99! / other!.p99!),
    },
    {
      what: 'touchActivity, nothing due, 100 under way',
      need: 'at least 3 times the calls per second of a bare findUnique',
      atLeast: 3,
      values: faster(of(nothingDue, 100), [bareRead]),
    },
    ...['nothing due', 'write due: reads', 'write due: writes'].map((name) => ({
      what: `one key touched by 100 at once, ${name}`,
      need: 'one statement',
      atMost: 1,
      unit: 'at most',
      values: of(`${oneKeyCase}, ${name}`, 100).map(({ high, rows }) => ({ value: high, rows })),
    })),
    {
      what: 'trackSession, one at a time',
      need: 'at most 1.25 times the cheapest pair of bare writes',
      atMost: 1.25,
      values: longer(of(signInCase, 1), pairNames),
    },
    ...listRules(of(listCase, 1), of(listManyCase, 1)),
    ...['write due', 'nothing due'].map((due) => ({
      what: `a node:http server, 64 connections, one touch per request, ${due}`,
      need: 'at least 4 times the requests per second of findUnique + update',
      atLeast: 4,
      values: faster(of(httpServerCase, 64), ['findUnique + update'], `${ownName}, ${due}`),
    })),
    ...purgeRules(figures),
    ...importRules(figures.filter((figure) => figure.case === importCase)),
    ...rivalCases.flatMap((name) => [1, 100].flatMap((underWay) => rivalRules(name, underWay, of(name, underWay)))),
  ]
}

function listRules(ofTen: readonly Figure[], ofMany: readonly Figure[]): Rule[] {
  const own = ofTen.filter(({ contender }) => contender === ownName)
  const sorted = own.toSorted((a, b) => a.rows! - b.rows!)
  const [smallest, largest] = [sorted[0], sorted.at(-1)]
  const manyBesideTen = ofMany
    .filter(({ contender }) => contender === ownName)
    .map(({ rows, median }) => ({ rows, value: median / own.find((figure) => figure.rows === rows)!.median }))
  return [
    {
      what: 'listSessions, 10 sessions',
      need: 'at most 1.25 times its bare query',
      atMost: 1.25,
      values: longer(ofTen, ['findMany']),
    },
    {
      what: 'listSessions, 10 sessions, in the largest table',
      need: 'at most 1.5 times its time in the smallest',
      atMost: 1.5,
      values: smallest === largest ? [] : [{ value: largest!.median / smallest!.median, rows: largest!.rows }],
    },
    {
      what: 'listSessions, a user with 10,000 sessions',
      need: 'at most 3 times a user with 10',
      atMost: 3,
      values: manyBesideTen,
    },
  ]
}

function purgeRules(figures: readonly Figure[]): Rule[] {
  const own = (name: string): readonly Figure[] =>
    figures.filter((figure) => figure.case === name && figure.contender === ownName)
  return [
    {
      what: 'purgeSessions, a fifth of all',
      need: 'at least 0.8 times the rows per second of the fastest other loop',
      atLeast: 0.8,
      values: own(purgeCase).map(({ ratio = 0, rows }) => ({ value: ratio, rows })),
    },
    {
      what: 'purgeSessions, its longest step',
      need: 'at most 150 ms',
      atMost: 150,
      unit: 'ms',
      values: own('purge, longest step').map(({ high, rows }) => ({ value: high, rows })),
    },
    {
      what: 'purgeSessions, the heap it leaves',
      need: 'none to speak of: at most 16 MB after a collection',
      atMost: 16,
      unit: 'MB',
      values: own('purge, heap it leaves').map(({ median, rows }) => ({ value: median, rows })),
    },
    {
      what: 'p99 of a touch beside a purge',
      need: 'at most twice its value without',
      atMost: 2,
      values: own('touch beside a purge, p99').map(({ ratio = Infinity, rows }) => ({ value: ratio, rows })),
    },
  ]
}

function importRules([alone, ...others]: readonly Figure[]): Rule[] {
  const own = others.filter(({ contender }) => contender === ownName)
  return [
    {
      what: 'importing the package',
      need: 'at most 15 ms more than importing zod',
      atMost: 15,
      unit: 'ms more',
      values: own.map(({ median }) => ({ value: median - alone!.median })),
    },
  ]
}

function rivalRules(name: string, underWay: number, figures: readonly Figure[]): Rule[] {
  const what = `${name.replace('others: ', '')}, ${underWay} under way, beside what there is today`
  const rivals = figures.map(({ contender }) => contender).filter((contender) => contender !== ownName)
  return [
    {
      what,
      need: 'at least 2 times the calls per second of the fastest of them',
      atLeast: 2,
      values: faster(figures, rivals),
    },
    { what, need: 'at least 5 times those of better-auth', atLeast: 5, values: faster(figures, ['better-auth']) },
  ]
}

/** How many times as long a call takes as with the fastest of others. */
function longer(figures: readonly Figure[], besides: readonly string[]): Measured[] {
  return compare(figures, besides, ownName, (own, others) => Math.max(...others.map(speed)) / speed(own))
}

/** How many times as many calls are answered as by the fastest of others. */
function faster(figures: readonly Figure[], besides: readonly string[], contender = ownName): Measured[] {
  return compare(figures, besides, contender, (own, others) => speed(own) / Math.max(...others.map(speed)))
}

/** On each table where all of them were measured. */
function compare(
  figures: readonly Figure[],
  besides: readonly string[],
  contender: string,
  valueOf: (own: Figure, others: readonly Figure[]) => number,
): Measured[] {
  return figures
    .filter((figure) => figure.contender === contender)
    .flatMap((own) => {
      const others = figures.filter((figure) => figure.rows === own.rows && besides.includes(figure.contender))
      return others.length === 0 ? [] : [{ value: valueOf(own, others), rows: own.rows }]
    })
}

function speed({ unit, median }: Figure): number {
  return unit === 'µs' ? 1e6 / median : median
}
