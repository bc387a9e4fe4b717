import type { Model } from './prisma-schema.ts'
import { Refusal } from './refusal.ts'

/**
 * Looks for a model of another name that a new model of this name would clash with: in the generated client, which calls
 * models by their names with a small first letter, or as a table, where the database may not tell capitals from small
 * letters. SQLite does not, MySQL and MariaDB as `lower_case_table_names` says; PostgreSQL does.
 *
 * @throws Refusal when there is one
 */
export function refuseNamesake(models: readonly Model[], name: string, provider: string): void {
  const asTable = (text: string): string => (provider === 'postgresql' ? text : text.toLowerCase())
  const namesake = models.find(
    (model) =>
      model.name !== name &&
      (inTheClient(model.name) === inTheClient(name) || asTable(model.dbName ?? model.name) === asTable(name)),
  )
  if (!namesake) return
  const advice = name === 'Session' ? 'Rename it, to Session if UserSession is to be attached to it' : 'Rename it'
  throw new Refusal(
    `The model ${namesake.name} stands in the way of a new model ${name}. ${advice} (@@map keeps its table)`,
  )
}

const inTheClient = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1)
