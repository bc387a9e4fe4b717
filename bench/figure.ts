/** The contender that all the others are there for. */
export const ownName = 'prisma-user-sessions'

/** Something that was measured, beside what it is a ratio to. */
export interface Figure {
  /** What was done: `touch, write due`. */
  readonly case: string
  /** On which database; none for what needs none. */
  readonly database?: string
  /** How many user sessions the table held. */
  readonly rows?: number
  /** How many calls were under way at once. */
  readonly underWay?: number
  /** Who did it: `prisma-user-sessions`, `findUnique + update`, `better-auth`. */
  readonly contender: string
  /** Of `median`, `low`, `high` and `p99`. */
  readonly unit: 'µs' | 'ms' | 'MB' | 'calls/s' | 'rows/s' | 'requests/s' | 'statements'
  /** Median of the rounds. */
  readonly median: number
  /** The quartiles of the rounds, which say how far they spread. */
  readonly low: number
  readonly high: number
  /** The 99th percentile of what single calls took, in ms. */
  readonly p99?: number
  /** The contender whose median this one is divided by. */
  readonly beside?: string
  /** `median` divided by that of `beside` in the same run. */
  readonly ratio?: number
}
