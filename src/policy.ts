import { ipAddressForms, type IpAddressForm } from './anonymize-ip-address.ts'
import { describeType, InvalidPolicyError } from './errors.ts'
import { field, fields, isPlainText, optionalField } from './parse-input.ts'

/** How long sessions live, how long their history is kept and what is kept of an address. All durations in seconds. */
export interface Policy {
  /** A session that is not used for this long expires. */
  readonly idleTimeoutSeconds: number
  /** A session expires this long after it was created, however much it is used. */
  readonly absoluteTimeoutSeconds: number
  /** Activity is written at most once in this time, so `lastActivity` may lag behind by as much. */
  readonly touchIntervalSeconds: number
  /** History is kept for this long after the session's `expiresAt`. */
  readonly retentionSeconds: number
  /**
   * What is stored of the address that a session came from: `full`, `truncated` (IPv4 to /24, IPv6 to /48), `hashed`
   * (HMAC-SHA-256 with `ipAddressKey`) or `none`. The place is found first, from all of it.
   */
  readonly ipAddress: IpAddressForm
  /** The application's secret for `hashed`: 32 characters or more, random, kept outside the database, the same for ever. */
  readonly ipAddressKey?: string | undefined
}

/**
 * What holds where the caller names no policy.
 *
 * Source: OWASP Session Management Cheat Sheet (idle 15 to 30 minutes for low-risk applications; absolute 4 to 8 hours
 * for an office day) and NIST SP 800-63B section 4.2.3 (reauthentication after 12 hours, or 30 minutes of inactivity,
 * at AAL2; revision 4 allows 24 hours).
 */
export const defaultPolicy: Policy = Object.freeze({
  idleTimeoutSeconds: 30 * 60,
  absoluteTimeoutSeconds: 12 * 60 * 60,
  touchIntervalSeconds: 60,
  retentionSeconds: 30 * 24 * 60 * 60,
  ipAddress: 'full',
})

// Beyond any session's life; sums with it stay far inside what a Date can hold.
const maximumSeconds = 100 * 365 * 24 * 60 * 60
/** Whether a value is a number of seconds above 0 and up to 100 years. */
export function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= maximumSeconds
}
const duration = field<number>(isDuration, `a number above 0 and at most ${maximumSeconds}`)
// As long as the hash. Source: RFC 2104, section 3, which discourages shorter keys.
const isSecret = (value: unknown): boolean => isPlainText(value, 1024) && value.length >= 32
const schema = fields({
  idleTimeoutSeconds: duration,
  absoluteTimeoutSeconds: duration,
  touchIntervalSeconds: duration,
  retentionSeconds: duration,
  ipAddress: field<IpAddressForm>(
    (value) => ipAddressForms.some((form) => form === value),
    ipAddressForms.join(' or '),
  ),
  ipAddressKey: optionalField<string>(isSecret, 'a secret of 32 to 1024 characters'),
})

const known = new WeakSet<object>([defaultPolicy])

/**
 * Completes and validates a policy. Create it once, at start-up, and pass it to every call: a policy that this function
 * returned is not validated again.
 *
 * @param overrides - what differs from {@link defaultPolicy}. Where `touchIntervalSeconds` is not given, it is 60 seconds or
 * half the idle timeout, whichever is shorter
 * @returns a frozen policy
 * @throws InvalidPolicyError when a duration is not a number above 0 and up to 100 years, the idle timeout is above the
 * absolute one, the touch interval is not below the idle timeout (a session in use would expire between two touches), or
 * `ipAddress` is not one of its four, or `hashed` without a key of 32 characters
 *
 * @example
 * const policy = createPolicy({ idleTimeoutSeconds: 15 * 60 })
 */
export function createPolicy(overrides: Partial<Policy> = defaultPolicy): Policy {
  if (known.has(overrides)) return overrides as Policy
  if (typeof overrides !== 'object' || overrides === null || Array.isArray(overrides)) {
    throw invalid('policy', 'an object', describeType(overrides))
  }
  const policy = { ...defaultPolicy, ...overrides }
  if (!('touchIntervalSeconds' in overrides) && typeof policy.idleTimeoutSeconds === 'number') {
    policy.touchIntervalSeconds = Math.min(defaultPolicy.touchIntervalSeconds, policy.idleTimeoutSeconds / 2)
  }
  const result = schema.safeParse(policy)
  if (!result.success) {
    const { path, message, code } = result.error.issues[0]!
    if (code === 'unrecognized_keys') throw invalid('policy', message, 'an unknown property')
    const name = String(path[0]) as keyof Policy
    throw invalid(name, message, describeType(policy[name]))
  }
  if (policy.idleTimeoutSeconds > policy.absoluteTimeoutSeconds) {
    throw invalid('idleTimeoutSeconds', 'at most absoluteTimeoutSeconds', 'more')
  }
  if (policy.touchIntervalSeconds >= policy.idleTimeoutSeconds) {
    throw invalid('touchIntervalSeconds', 'less than idleTimeoutSeconds', 'as much or more')
  }
  if (policy.ipAddress === 'hashed' && policy.ipAddressKey === undefined) {
    throw invalid('ipAddressKey', 'given where ipAddress is hashed', 'undefined')
  }
  known.add(Object.freeze(policy))
  return policy
}

/**
 * Reads the policy from environment variables that the caller passes: `EXPIRY_TIME`, the idle timeout in **minutes**.
 *
 * @param environment - for example `process.env`. Without `EXPIRY_TIME`, or with an empty one, the default of 30 minutes holds
 * @param overrides - the rest of the policy. Raise `absoluteTimeoutSeconds` here for an `EXPIRY_TIME` above 12 hours
 * @returns a frozen policy, as `createPolicy` makes it
 * @throws InvalidPolicyError when `EXPIRY_TIME` is not a number of minutes above 0, or contradicts the rest
 *
 * @example
 * const policy = policyFromEnvironment(process.env)
 */
export function policyFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  overrides: Partial<Policy> = {},
): Policy {
  const text = environment.EXPIRY_TIME?.trim() ?? ''
  if (text === '') return createPolicy(overrides)
  // Not Number() alone, which also reads 0x1e and 3e1.
  const minutes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (!(minutes > 0)) throw invalid('EXPIRY_TIME', 'a number of minutes above 0', 'other text')
  return createPolicy({ ...overrides, idleTimeoutSeconds: minutes * 60 })
}

function invalid(name: string, need: string, received: string): InvalidPolicyError {
  return new InvalidPolicyError(`Cannot use policy: ${name} must be ${need}: received ${received}`, name)
}
