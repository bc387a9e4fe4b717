import { hash, randomBytes } from 'node:crypto'
import { z } from 'zod/mini'
import { field, fields, isPlainText, optionalField, parseInput } from './parse-input.ts'

/**
 * A new session key: 256 random bits from the operating system, in 43 base64url characters. It is the secret that the
 * client presents, in a cookie or a header; the database only ever sees its hash.
 *
 * Source: OWASP Session Management Cheat Sheet and NIST SP 800-63B ask for at least 64 bits of entropy. 256 bits let a
 * plain, fast hash stand in the database: there is nothing to guess.
 */
export function generateSessionKey(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * The `Session.id` of a session key: its SHA-256 in 64 lowercase hex characters. For applications that read the `Session`
 * table themselves.
 *
 * @param key - the session key
 * @returns 64 lowercase hex characters
 * @throws InvalidInputError when the key is blank, ill-formed or over 4,096 characters
 */
export function hashSessionKey(key: string): string {
  return hash('sha256', parseInput('hash session key', sessionKey, key, 'sessionKey'))
}

/**
 * The public `UserSession.id` of the session that began under a session id: 32 hex characters (128 bits), from which the
 * session id cannot be found. Since it follows from the first key, a key that is tracked anew meets its own history.
 */
export function deriveUserSessionId(id: string): string {
  return hash('sha256', `user-session:${id}`).slice(0, 32)
}

/** Either the secret, or the primary key of a `Session` row that another library owns. */
export type Credential =
  | { readonly sessionId: string; readonly sessionKey?: undefined }
  | { readonly sessionKey: string; readonly sessionId?: undefined }

// Longer than any cookie that a browser keeps (RFC 6265 section 6.1: 4,096 bytes with name and attributes).
const maximumLength = 4096
const need = `a non-blank, well-formed string of at most ${maximumLength} characters`
const isKey = (value: unknown): boolean => isPlainText(value, maximumLength)

/** The secret that a client presents. */
export const sessionKey: z.ZodMiniType<string> = field<string>(isKey, need)

/** A session key or session id, where it may be left out. */
export const absentOrKey: z.ZodMiniType<string | undefined> = optionalField<string>(isKey, need)
const namesOneSession = ({ sessionKey: key, sessionId: id }: Partial<Credential>): boolean =>
  (key === undefined) !== (id === undefined)

/** An input that names a session by its key, or by the id of a `Session` row, and has these fields besides. */
export function credentialAnd<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.ZodMiniType<Credential & z.output<z.ZodMiniObject<Shape>>> {
  const schema: z.ZodMiniType<any> = fields({ sessionKey: absentOrKey, sessionId: absentOrKey, ...shape })
  return schema.check(
    z.refine(namesOneSession, { path: ['sessionKey'], message: `${need}, or sessionId given instead` }),
  )
}

/** The id of the `Session` row that a checked credential stands for. */
export function sessionIdOf(credential: Credential): string {
  return credential.sessionId ?? hash('sha256', credential.sessionKey)
}
