import { mustBeGiven } from './must-be-given.ts'
import type { Model, ModelField } from './prisma-schema.ts'

/**
 * What a `UserSession` model lacks to be this package's, in words; nothing when it is. Fields of its own do no harm, where
 * they are optional or have a default.
 */
export function missingIn(found: Model, own: Model, user: Model, userId: ModelField): string[] {
  const lacking = own.fields.flatMap((field) => {
    const type = { userId: userId.type, user: user.name }[field.name] ?? field.type
    const wanted = { ...field, type }
    const there = found.fields.find(({ name }) => name === field.name)
    return there && describe(there) === describe(wanted) ? [] : [`it has no field "${describe(wanted)}"`]
  })
  const isOwn = ({ name }: ModelField): boolean => own.fields.some((field) => field.name === name)
  const inTheWay = found.fields.filter((field) => mustBeGiven(field) && !isOwn(field))
  return [...lacking, ...inTheWay.map(({ name }) => `its field ${name} is neither optional nor has a default`)]
}

function describe({ name, type, isList, isRequired, isId, isUnique }: ModelField): string {
  const mark = isList ? '[]' : isRequired ? '' : '?'
  return `${name} ${type}${mark}${isId ? ' @id' : ''}${isUnique ? ' @unique' : ''}`
}
