import { anonymizeInactive } from './anonymize-inactive.ts'
import type { SessionDelegate, UserSessionDelegate } from './client.ts'
import type { Locate } from './find-location.ts'
import { listSessions } from './list-sessions.ts'
import { anything, field, fields, isFunction, isPlainText, optionalField, parseInput } from './parse-input.ts'
import type { CallOptions } from './parse-options.ts'
import { createPolicy, type Policy } from './policy.ts'
import { purgeSessions } from './purge-sessions.ts'
import { revokeOtherSessions, revokeSession, revokeSessions } from './revoke-session.ts'
import { rotateSessionKey } from './rotate-session-key.ts'
import type { ClientOf, SessionTrackingMethods } from './session-tracking-methods.ts'
import { touchActivity } from './touch-activity.ts'
import { trackSession } from './track-session.ts'

/** What an application says once, instead of with every call. */
export interface SessionTrackingOptions<UserSession extends string> {
  /** Holds for every call that names no other. Default: `defaultPolicy`. */
  readonly policy?: Partial<Policy> | undefined
  /** Finds the place of an address, for every sign-in that names no other. Default: fast-geoip, where it is installed. */
  readonly locate?: Locate | undefined
  /** The client's properties for the models, where these have other names. Their fields must have the names they have here. */
  readonly models?: { readonly session: string; readonly userSession: UserSession } | undefined
}

/** What `prisma.$extends` takes. */
export interface SessionTrackingExtension<UserSession extends string> {
  readonly name: string
  readonly model: Record<UserSession, SessionTrackingMethods>
}

const isName = (value: unknown): boolean => isPlainText(value, 255)
const nameSchema = field<string>(isName, "the name of one of the client's properties")
const modelsSchema = fields({ session: nameSchema, userSession: nameSchema })
const optionsSchema = fields({
  policy: anything,
  locate: optionalField<Locate>(isFunction, 'a function'),
  models: anything,
})

/**
 * An extension of a Prisma client, for `prisma.$extends`, that has the verbs as methods of `prisma.userSession`: `track`,
 * `touch`, `list`, `revoke`, `revokeOthers`, `revokeAll`, `rotate`, `purge` and `anonymize`, with policy and places said once.
 *
 * They do what the functions do and nothing else, are typed by the client's own rows and ids, and are part of a transaction
 * when they are called on its client. Other extensions see their queries where they were applied before this one; those
 * applied after it see only the queries of `UserSession`, since a model knows no more than the client that it was extended on.
 * Give it to `$extends` by itself: merged with another into one, it does not know of that one's say in queries.
 *
 * @param options - `policy` and `locate`, which hold where a call names no other, and `models`, where these have other names
 * @returns what `prisma.$extends` takes
 * @throws InvalidInputError, InvalidPolicyError when an option is wrong
 *
 * @example
 * const prisma = new PrismaClient({ adapter }).$extends(sessionTracking({ policy }))
 * const userSession = await prisma.userSession.touch({ sessionKey })
 *
 * @example
 * const models = { session: 'login', userSession: 'device' } as const
 * const prisma = new PrismaClient({ adapter }).$extends(sessionTracking({ models }))
 * const device = await prisma.device.touch({ sessionKey })
 */
export function sessionTracking<const UserSession extends string = 'userSession'>(
  options: SessionTrackingOptions<UserSession> = {},
): SessionTrackingExtension<UserSession> {
  const action = 'extend the client'
  const { locate, ...parsed } = parseInput(action, optionsSchema, options, 'options')
  const policy = createPolicy(parsed.policy as Partial<Policy> | undefined)
  const ownNames = { session: 'session', userSession: 'userSession' }
  const models = parseInput(action, modelsSchema, parsed.models ?? ownNames, 'models')
  const clientOf = <Model extends UserSessionDelegate>(model: Model): ClientOf<Model> => {
    const { $parent } = Object(model) as { $parent?: Record<string, SessionDelegate> }
    return { session: $parent?.[models.session] as SessionDelegate, userSession: model }
  }
  const methods: SessionTrackingMethods = {
    async track(input, given = {}) {
      return trackSession(clientOf(this), input, completed(given, { policy, locate }))
    },
    async touch(input, given = {}) {
      return touchActivity(clientOf(this), input, completed(given, { policy }))
    },
    async list(input, given = {}) {
      return listSessions(clientOf(this), input, completed(given, { policy }))
    },
    async revoke(input, given = {}) {
      return revokeSession(clientOf(this), input, completed(given, { policy }))
    },
    async revokeOthers(input, given = {}) {
      return revokeOtherSessions(clientOf(this), input, completed(given, { policy }))
    },
    async revokeAll(input, given = {}) {
      return revokeSessions(clientOf(this), input, completed(given, { policy }))
    },
    async rotate(input, given = {}) {
      return rotateSessionKey(clientOf(this), input, completed(given, { policy }))
    },
    async purge(given = {}) {
      return purgeSessions(clientOf(this), completed(given, { policy }))
    },
    async anonymize(input, given = {}) {
      return anonymizeInactive(clientOf(this), input, completed(given, { policy }))
    },
  }
  return {
    name: 'prisma-user-sessions',
    model: { [models.userSession]: methods } as Record<UserSession, typeof methods>,
  }
}

/** What a call does not say is as it was said for all of them. What is no object is left to the verb, which refuses it. */
function completed<Options extends CallOptions>(options: Options, defaults: Options): Options {
  if (typeof options !== 'object' || options === null) return options
  const said = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(said) }
}
