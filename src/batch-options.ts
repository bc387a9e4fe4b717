import type { z } from 'zod/mini'
import { isFunction, optionalField } from './parse-input.ts'
import { callOptions, type CallOptions } from './parse-options.ts'

/** How a verb that goes through a whole table does so. */
export interface BatchOptions<Progress> extends CallOptions {
  /** How many rows a batch has, from 1 to 10,000. */
  readonly batchSize?: number | undefined
  /** Called after every batch with what was done so far. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Once aborted, the verb ends after the batch in hand and answers what it has done. */
  readonly signal?: AbortSignal | undefined
}

const isBatchSize = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10_000

/** The options of {@link BatchOptions}, for a verb's schema. */
export function batchOptions<Progress>(): typeof callOptions & {
  batchSize: z.ZodMiniType<number | undefined>
  onProgress: z.ZodMiniType<((progress: Progress) => void) | undefined>
  signal: z.ZodMiniType<AbortSignal | undefined>
} {
  return {
    ...callOptions,
    batchSize: optionalField<number>(isBatchSize, 'an integer from 1 to 10000'),
    onProgress: optionalField<(progress: Progress) => void>(isFunction, 'a function'),
    signal: optionalField<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal'),
  }
}
