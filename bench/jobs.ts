import type { Figure } from './figure.ts'
import { httpServerCase, measureHttpServer } from './http-server.ts'
import { listCase, listManyCase, measureList } from './list.ts'
import type { Pace } from './measure.ts'
import { measureOneKey, oneKeyCase } from './one-key.ts'
import type { Table } from './open-table.ts'
import { measurePurge, purgeCase } from './purge.ts'
import { measureRivals, openRivals, rivalCases, type Rivals } from './rivals.ts'
import { measureSignIn, signInCase } from './sign-in.ts'
import { measureTouch, touchCases } from './touch.ts'
import { measureVerb, verbCases } from './verbs.ts'

/** What measures a case. */
export interface Job {
  /** The name of the case, or the names of several. */
  readonly name: string
  readonly run: () => Promise<Figure[]>
}

const listCases = `${listCase}; ${listManyCase}`

/** All cases that are measured on a database. */
export const databaseCases: readonly string[] = [
  ...touchCases,
  oneKeyCase,
  signInCase,
  listCases,
  ...verbCases,
  ...rivalCases,
  httpServerCase,
  purgeCase,
]

/** What is to be measured on the tables of one database, in this order. */
export function jobsOn(tables: readonly Table[], pace: Pace, isQuick: boolean): Job[] {
  // On the size that a quick run and a whole one have in common, everything is measured.
  const main = tables.find(({ rows }) => rows === 100_000) ?? tables.at(-1)!
  const touches = tables.flatMap((table) => {
    const numbers = (table === main ? [1, 10, 100, 1000] : [1, 100]).filter((count) => count <= table.keys.length)
    return touchCases.flatMap((name) => each(numbers, name, (underWay) => measureTouch(table, name, underWay, pace)))
  })
  // They take longer to prepare than to measure.
  const verbPace = { ...pace, rounds: pace.rounds / 2 }
  let rivals: Promise<Rivals> | undefined
  const measureOthers = async (name: (typeof rivalCases)[number], underWay: number) =>
    measureRivals(main, await (rivals ??= openRivals(main)), name, underWay, pace)
  return [
    ...touches,
    { name: oneKeyCase, run: () => measureOneKey(main, pace) },
    ...each([1, 10, 100], signInCase, (underWay) => measureSignIn(main, underWay, pace)),
    { name: listCases, run: () => measureList(tables, 1, pace) },
    ...verbCases.flatMap((name) => each([1, 10, 100], name, (underWay) => measureVerb(main, name, underWay, verbPace))),
    ...rivalCases.flatMap((name) => each([1, 100], name, (underWay) => measureOthers(name, underWay))),
    { name: httpServerCase, run: () => measureHttpServer({ ...main, isQuick }) },
    // The last, since it removes rows.
    { name: purgeCase, run: () => measurePurge({ ...tables.at(-1)!, isQuick }) },
  ]
}

/** The same with so many calls under way, each. */
function each(numbers: readonly number[], name: string, run: (underWay: number) => Promise<Figure[]>): Job[] {
  return numbers.map((underWay) => ({ name, run: () => run(underWay) }))
}
