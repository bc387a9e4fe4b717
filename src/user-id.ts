import type { z } from 'zod/mini'
import { field, isPlainText } from './parse-input.ts'

/** What a user id must be in the schema that this client was generated from. */
export function userIdFor(db: { readonly userSession: object }): z.ZodMiniType {
  // Prisma's own list of a model's columns; a hand-made client may lack it.
  const { fields } = db.userSession as { fields?: { userId?: { typeName?: unknown } } }
  const typeName = fields?.userId?.typeName
  return userIds[typeName as keyof typeof userIds] ?? userIds.any
}

const isInteger = (value: unknown, bits: number): boolean => {
  const integer = Number.isSafeInteger(value) ? BigInt(value as number) : value
  return typeof integer === 'bigint' && BigInt.asIntN(bits, integer) === integer
}
const isText = (value: unknown): boolean => isPlainText(value, 1024)

const userIds = {
  Int: field((value) => typeof value === 'number' && isInteger(value, 32), 'an integer of 32 bits'),
  BigInt: field((value) => isInteger(value, 64), 'an integer of 64 bits'),
  String: field(isText, 'a non-blank, well-formed string of at most 1024 characters'),
  any: field((value) => isInteger(value, 64) || isText(value), 'an integer or a non-blank, well-formed string'),
}
