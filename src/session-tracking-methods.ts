import type { AnonymizeInput } from './anonymize-inactive.ts'
import type { BatchOptions } from './batch-options.ts'
import type { SessionDelegate, UserIdOf, UserSessionDelegate, UserSessionOf } from './client.ts'
import type { ListSessionsOptions, SessionPage } from './list-sessions.ts'
import type { CallOptions } from './parse-options.ts'
import type { PurgeCounts, PurgeOptions } from './purge-sessions.ts'
import type { OwnedSession, RevokeOptions } from './revoke-session.ts'
import type { Rotation } from './rotate-session-key.ts'
import type { Credential } from './session-key.ts'
import type { TrackSessionInput, TrackSessionOptions } from './track-session.ts'

/** A client as its `userSession` alone tells of it. */
export interface ClientOf<Model extends UserSessionDelegate> {
  readonly session: SessionDelegate
  readonly userSession: Model
}

/**
 * The verbs as methods of `prisma.userSession`. Each is the function that it names, with the same input, options, answers and
 * errors, on the client or the transaction that it is called on.
 */
export type SessionTrackingMethods = {
  // A type, since Prisma takes no interface for this: that has no index signature.

  /** Records a sign-in: `trackSession`. */
  track<Model extends UserSessionDelegate>(
    this: Model,
    input: TrackSessionInput<UserIdOf<ClientOf<Model>>>,
    options?: TrackSessionOptions,
  ): Promise<UserSessionOf<ClientOf<Model>>>
  /** Answers whether a session is live and records that it was used: `touchActivity`. */
  touch<Model extends UserSessionDelegate>(
    this: Model,
    input: Credential,
    options?: CallOptions,
  ): Promise<UserSessionOf<ClientOf<Model>> | null>
  /** A user's live sessions, a page at a time: `listSessions`. */
  list<Model extends UserSessionDelegate>(
    this: Model,
    input: { readonly userId: UserIdOf<ClientOf<Model>> },
    options?: ListSessionsOptions,
  ): Promise<SessionPage<ClientOf<Model>>>
  /** Ends one session: `revokeSession`. */
  revoke<Model extends UserSessionDelegate>(
    this: Model,
    input: OwnedSession<UserIdOf<ClientOf<Model>>> | (Credential & { readonly userId?: never; readonly id?: never }),
    options?: RevokeOptions,
  ): Promise<boolean>
  /** Ends all of a user's live sessions but one: `revokeOtherSessions`. */
  revokeOthers<Model extends UserSessionDelegate>(
    this: Model,
    input: Credential & { readonly userId: UserIdOf<ClientOf<Model>> },
    options?: RevokeOptions,
  ): Promise<number>
  /** Ends all of a user's live sessions: `revokeSessions`. */
  revokeAll<Model extends UserSessionDelegate>(
    this: Model,
    input: { readonly userId: UserIdOf<ClientOf<Model>> },
    options?: RevokeOptions,
  ): Promise<number>
  /** Moves a live session to a new key: `rotateSessionKey`. */
  rotate<Model extends UserSessionDelegate>(
    this: Model,
    input: Rotation,
    options?: CallOptions,
  ): Promise<UserSessionOf<ClientOf<Model>> | null>
  /** Removes what has had its time: `purgeSessions`. */
  purge(this: UserSessionDelegate, options?: PurgeOptions): Promise<PurgeCounts>
  /** Keeps less of the addresses of sessions that are not used: `anonymizeInactive`. */
  anonymize(this: UserSessionDelegate, input: AnonymizeInput, options?: BatchOptions<number>): Promise<number>
}
