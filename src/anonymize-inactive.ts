import { anonymizeIpAddress, ipAddressForms, type IpAddressForm } from './anonymize-ip-address.ts'
import { batchOptions, type BatchOptions } from './batch-options.ts'
import { requireClient, type SessionClient } from './client.ts'
import { InvalidPolicyError } from './errors.ts'
import { secondsBefore } from './expiry.ts'
import { idRanges } from './id-ranges.ts'
import { field, fields, optionalField, parseInput } from './parse-input.ts'
import { parseOptions } from './parse-options.ts'
import { isDuration } from './policy.ts'
import { atomically, query } from './query.ts'

/** Whose addresses are anonymised, and how. */
export interface AnonymizeInput {
  /** Sessions, live or over, whose last activity is longer ago than this, in seconds. */
  readonly olderThanSeconds: number
  /** What is kept of their addresses, as a policy's `ipAddress` names it. Default: `truncated`. */
  readonly ipAddress?: Exclude<IpAddressForm, 'full'> | undefined
}

const action = 'anonymize inactive sessions'
const forms = ipAddressForms.filter((form) => form !== 'full')
const inputSchema = fields({
  olderThanSeconds: field<number>(isDuration, 'a number of seconds above 0'),
  ipAddress: optionalField<Exclude<IpAddressForm, 'full'>>(
    (value) => forms.some((form) => form === value),
    forms.join(' or '),
  ),
})
const optionsSchema = fields(batchOptions<number>())

/**
 * Keeps less of the addresses that sessions came from, once these have not been used for some time. Made for a job that
 * runs once a day or so; several at once, or one that was killed half-way, do no harm.
 *
 * What was hashed before stays as it is: it is not hashed again, and is no address to truncate. What was truncated is hashed
 * like any address where that is asked for, all of a network alike. Places, devices and dates are left alone; `purgeSessions` removes
 * whole rows. Walks the table in the order of its ids, one short transaction to a batch, and leaves a session alone that is used
 * meanwhile.
 *
 * @param db - a Prisma client, or an extended one. In the client of an interactive transaction all batches are held until
 * it commits
 * @param input - `{ olderThanSeconds, ipAddress? }`
 * @param options - `batchSize` (default: 250), `onProgress`, `signal`, `now` (default: the clock) and `policy`, of which only
 * `ipAddressKey` matters here
 * @returns how many sessions' addresses were changed, also when `signal` ended it early
 * @throws InvalidInputError, InvalidPolicyError before any query when an argument is wrong, or `hashed` has no key
 * @throws DatabaseError when the database fails; what was done until then stays done
 *
 * @example
 * await anonymizeInactive(prisma, { olderThanSeconds: 7 * 24 * 60 * 60 })
 */
export async function anonymizeInactive(
  db: SessionClient,
  input: AnonymizeInput,
  options: BatchOptions<number> = {},
): Promise<number> {
  requireClient(action, db)
  const { olderThanSeconds, ipAddress: form = 'truncated' } = parseInput(action, inputSchema, input)
  const { now, policy, batchSize = 250, onProgress, signal } = parseOptions(action, optionsSchema, options)
  if (form === 'hashed' && policy.ipAddressKey === undefined) {
    const need = 'ipAddressKey must be in the policy where ipAddress is hashed'
    throw new InvalidPolicyError(`Cannot ${action}: ${need}: received undefined`, 'ipAddressKey')
  }
  const inactive = { lastActivity: { lt: secondsBefore(now, olderThanSeconds) } }
  let changed = 0
  for await (const range of idRanges(db, action, db.userSession, { size: batchSize, signal })) {
    const where = { AND: [range, inactive, { ipAddress: { not: null } }] }
    const page = { where, orderBy: { id: 'asc' }, select: { id: true, ipAddress: true } }
    const rows = await query<{ id: string; ipAddress?: string | null }[]>(db, action, () =>
      db.userSession.findMany(page),
    )
    const changes = rows.flatMap(({ id, ipAddress = null }) => {
      const anonymous = anonymizeIpAddress(ipAddress, form, policy.ipAddressKey)
      return anonymous === ipAddress ? [] : [{ where: { id, ipAddress, ...inactive }, data: { ipAddress: anonymous } }]
    })
    if (changes.length > 0) {
      const results = await atomically(db, action, () => changes.map((change) => db.userSession.updateMany(change)))
      for (const { count } of results) changed += count
    }
    onProgress?.(changed)
  }
  return changed
}
