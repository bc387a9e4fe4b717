export { trackSession, type TrackSessionInput, type TrackSessionOptions } from './track-session.ts'
export { touchActivity } from './touch-activity.ts'
export { listSessions, type ListSessionsOptions, type SessionItem, type SessionPage } from './list-sessions.ts'
export {
  revokeSession,
  revokeOtherSessions,
  revokeSessions,
  type OwnedSession,
  type RevokeOptions,
} from './revoke-session.ts'
export { rotateSessionKey, type Rotation } from './rotate-session-key.ts'
export { anonymizeInactive, type AnonymizeInput } from './anonymize-inactive.ts'
export { purgeSessions, type PurgeCounts, type PurgeOptions } from './purge-sessions.ts'
export { sessionTracking, type SessionTrackingExtension, type SessionTrackingOptions } from './session-tracking.ts'
export type { SessionTrackingMethods } from './session-tracking-methods.ts'

export { computeExpiry, isLive, type Activity, type Lifetime } from './expiry.ts'
export type { IpAddressForm } from './anonymize-ip-address.ts'
export { createPolicy, defaultPolicy, policyFromEnvironment, type Policy } from './policy.ts'
export { generateSessionKey, hashSessionKey, type Credential } from './session-key.ts'
export type { BatchOptions } from './batch-options.ts'
export type { CallOptions } from './parse-options.ts'

export type { SessionClient, UserIdOf, UserSessionOf } from './client.ts'
export type { Locate, Location, LocationHeaders } from './find-location.ts'
export type { ClientDescription } from './describe-client.ts'
export type { ClientHints } from './client-hints.ts'
export type { DeviceType } from './device-type.ts'

export {
  DatabaseError,
  InvalidInputError,
  InvalidPolicyError,
  SessionEndedError,
  SessionKeyTakenError,
  SessionTrackingError,
  UserNotFoundError,
} from './errors.ts'
