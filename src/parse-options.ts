import { z } from 'zod/mini'
import { date } from './expiry.ts'
import { parseInput } from './parse-input.ts'
import { createPolicy, type Policy } from './policy.ts'

/** What every verb takes as its last argument. */
export interface CallOptions {
  /** The time of the call. Default: the clock, read once. */
  readonly now?: Date | undefined
  /** What differs from the default policy, or a policy that `createPolicy` returned. */
  readonly policy?: Partial<Policy> | undefined
}

/** The options of {@link CallOptions}, for a verb's schema to name with its own. The policy is validated by its own rules. */
export const callOptions: { now: z.ZodMiniType<Date | undefined>; policy: z.ZodMiniType<Partial<Policy> | undefined> } =
  {
    now: z.optional(date),
    policy: z.optional(z.custom<Partial<Policy>>()),
  }

/** Checks a verb's options and fills in the time and the policy. */
export function parseOptions<Options extends CallOptions>(
  action: string,
  schema: z.ZodMiniType<Options>,
  options: unknown,
): Options & { now: Date; policy: Policy } {
  const parsed = parseUntimedOptions(action, schema, options)
  return Object.assign(parsed, { now: parsed.now ?? currentTime() })
}

/** The same for a verb that reads the clock later. */
export function parseUntimedOptions<Options extends CallOptions>(
  action: string,
  schema: z.ZodMiniType<Options>,
  options: unknown,
): Options & { policy: Policy } {
  const parsed = parseInput(action, schema, options, 'options')
  // Onto what zod made: a spread of that takes longer than all the rest.
  return Object.assign(parsed, { policy: createPolicy(parsed.policy) })
}

/** What the clock says. Nothing else reads it. */
export function currentTime(): Date {
  return new Date()
}
