/** What every error of this package is. Messages and properties carry no key, hash, address or user agent. */
export class SessionTrackingError extends Error {
  override readonly name: string = 'SessionTrackingError'
  /** Stable, for programs: messages may be reworded in any release. */
  readonly code: string = 'ERR_SESSION_TRACKING'
}

/** Something that the calling program passed is not what the function takes. Nothing was read or written. */
export class InvalidInputError extends SessionTrackingError {
  override readonly name = 'InvalidInputError'
  override readonly code = 'ERR_INVALID_INPUT'
  /** Name of the field that was refused. */
  readonly field: string

  constructor(message: string, field: string) {
    super(message)
    this.field = field
  }
}

/** A policy contradicts itself or has a field that is not a duration. Nothing was read or written. */
export class InvalidPolicyError extends SessionTrackingError {
  override readonly name = 'InvalidPolicyError'
  override readonly code = 'ERR_INVALID_POLICY'
  /** Name of the policy's field that was refused. */
  readonly field: string

  constructor(message: string, field: string) {
    super(message)
    this.field = field
  }
}

/** There is no user with the id that was given. Nothing was written. */
export class UserNotFoundError extends SessionTrackingError {
  override readonly name = 'UserNotFoundError'
  override readonly code = 'ERR_USER_NOT_FOUND'
}

/** The session key belongs to another user's session, live or over. Nothing was written. */
export class SessionKeyTakenError extends SessionTrackingError {
  override readonly name = 'SessionKeyTakenError'
  override readonly code = 'ERR_SESSION_KEY_TAKEN'
}

/** The session key's session is over, or the key was rotated away: a key lives once. Nothing was written. */
export class SessionEndedError extends SessionTrackingError {
  override readonly name = 'SessionEndedError'
  override readonly code = 'ERR_SESSION_ENDED'
}

/** The database could not be reached in time, conflicted with another writer, or refused the statement. */
export class DatabaseError extends SessionTrackingError {
  override readonly name = 'DatabaseError'
  override readonly code = 'ERR_DATABASE'
  /** Prisma's error code, for example `P1008`, or the driver's where it has none, for example `SQLITE_BUSY`. */
  readonly databaseCode: string | undefined

  constructor(message: string, databaseCode: string | undefined) {
    super(message)
    this.databaseCode = databaseCode
  }
}

/** What a value is, in a word that says nothing of its content. */
export function describeType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : 'Date'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return typeof value
}
