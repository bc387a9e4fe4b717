import { isDeepStrictEqual } from 'node:util'
import type { PrismaSchema } from './prisma-schema.ts'
import { Refusal } from './refusal.ts'

/**
 * Compares a schema with what it is to become: all that was in it must be as it was, but for these fields, such as
 * `User.userSessions`. A place that was found wrongly would show here, whatever the reason.
 *
 * @throws Refusal when it is not
 */
export function verifyChange(before: PrismaSchema, after: PrismaSchema, fields: readonly string[]): void {
  const isOld = ({ name }: { name: string }): boolean => before.models.some((model) => model.name === name)
  const models = after.models.filter(isOld).map((model) => {
    const old = model.fields.filter(({ name }) => !fields.includes(`${model.name}.${name}`))
    return Object.assign(model, { fields: old })
  })
  const indexes = after.indexes.filter(({ model }) => isOld({ name: model }))
  if (!isDeepStrictEqual({ ...after, models, indexes }, before))
    throw new Refusal('The change would alter other models as well. Add the models by hand, as the README says')
}
