import type { ModelField } from './prisma-schema.ts'

/** Whether whoever makes a row must give it a value for this field. */
export function mustBeGiven({ kind, isRequired, isList, hasDefaultValue, isUpdatedAt }: ModelField): boolean {
  return kind !== 'object' && isRequired && !isList && !hasDefaultValue && !isUpdatedAt
}
