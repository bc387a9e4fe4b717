// What must hold after a run of the stress program, judged by what its processes were answered and what the database kept.
import { hashSessionKey, type Policy, type PurgeCounts } from '../src/index.ts'

/** What is called. */
export type Verb = 'list' | 'purge' | 'revoke' | 'revokeAll' | 'revokeOthers' | 'rotate' | 'touch' | 'track'

/** What was asked. */
export interface Call {
  readonly process: number
  readonly verb: Verb
  readonly userId: number
  readonly key: string
  /** What to rotate to. */
  readonly newKey: string
  /** What to revoke, where it is not the session of the key. */
  readonly id?: string | undefined
  /** Names the call, and is stored with every session that it ends. */
  readonly reason: string
  /** The time that the verb was passed, in ms. */
  readonly now: number
  /** Real time, in ms of the run. */
  readonly start: number
}

/** What was answered: one of these. What failed may have been done or not, and so may what was never answered. */
export interface Answer {
  readonly live?: readonly Row[]
  readonly ended?: number
  readonly purged?: PurgeCounts
  /** Code of an error that the verb gives as an answer. */
  readonly refused?: string
  /** Any other error. */
  readonly failed?: { readonly name: string; readonly code: string; readonly message: string }
}

/** A call and what became of it. */
export interface Outcome extends Call {
  /** Absent when it was never answered, since its process was killed. */
  answer?: Answer
  /** When it was answered, in ms of the run, and in the time of the sessions; Infinity when it was not. */
  end: number
  logicalEnd: number
}

/** A session, its dates in ms. */
export interface Row {
  readonly id: string
  readonly userId: number
  readonly createdAt: number
  readonly lastActivity: number
  readonly expiresAt: number
}

/** The part of a row that is compared. */
export function asRow(row: Pick<Row, 'id' | 'userId'> & Record<'createdAt' | 'expiresAt' | 'lastActivity', Date>): Row {
  const [createdAt, lastActivity, expiresAt] = [Number(row.createdAt), Number(row.lastActivity), Number(row.expiresAt)]
  return { id: row.id, userId: row.userId, createdAt, lastActivity, expiresAt }
}

/** A `UserSession` row as it was kept. */
interface KeptRow extends Row {
  readonly sessionId: string | null
  readonly endedAt: number | null
  readonly endReason: string | null
}

/** What a run has left behind. */
export interface Evidence {
  readonly policy: Policy
  readonly outcomes: readonly Outcome[]
  readonly userSessions: readonly KeptRow[]
  /** Ids of the `Session` rows. */
  readonly sessions: readonly string[]
  /** Sessions that were over before the run, some of whose history had its time during it. */
  readonly history: readonly Row[]
  /** The last time that a call was passed. By then, each key was touched and each user's sessions were listed once more. */
  readonly now: number
  readonly touched: ReadonlyMap<string, Row | undefined>
  readonly listed: readonly Row[]
}

/** What came of an invariant. */
export interface Verdict {
  readonly name: string
  /** How many facts were held against it. None would have shown nothing. */
  readonly facts: number
  readonly violations: readonly (readonly unknown[])[]
}

/** A fact: whether it is as it must be, and what it is about. */
type Fact = readonly [isRight: boolean, ...about: unknown[]]

const invariants: Record<string, (records: Records) => Iterable<Fact>> = {
  'one row a session': oneRowASession,
  'no sign-in lost': noSignInLost,
  'nobody revived': nobodyRevived,
  'last activity never back': activityNeverBack,
  'one winner a rotation': oneWinnerARotation,
  'dates and reasons fit': datesFit,
  'nothing live lost': nothingLiveLost,
  'revoked what was answered': revokedAsAnswered,
  'purged what was due': purgedWhatWasDue,
}

/** Holds the evidence against every invariant. */
export function checkInvariants(evidence: Evidence): Verdict[] {
  const records = recordsOf(evidence)
  return Object.entries(invariants).map(([name, factsOf]) => judge(name, factsOf(records)))
}

/** Counts facts, and keeps what the wrong ones are about. */
export function judge(name: string, facts: Iterable<Fact>): Verdict {
  const verdict = { name, facts: 0, violations: [] as unknown[][] }
  for (const [isRight, ...about] of facts) {
    verdict.facts++
    if (!isRight) verdict.violations.push(about)
  }
  return verdict
}

type Records = ReturnType<typeof recordsOf>

function recordsOf(evidence: Evidence) {
  const outcomes = evidence.outcomes.toSorted((one, other) => one.end - other.end)
  const sightings = outcomes.flatMap((by) => liveIn(by).map((row) => Object.assign({ by }, row)))
  const rows = new Map(evidence.userSessions.map((row) => [row.id, row]))
  const callOf = new Map(outcomes.map((outcome) => [outcome.reason, outcome]))

  /** Which session a key stood for, and which call was the first to say so. */
  const holders = new Map<string, { id: string; by: Outcome }>()
  for (const by of outcomes.filter(({ verb }) => verb !== 'list')) {
    for (const { id } of liveIn(by)) {
      for (const key of by.verb === 'rotate' ? [by.key, by.newKey] : [by.key]) {
        if (!holders.has(key)) holders.set(key, { id, by })
      }
    }
  }
  /** Which call has ended a session and been told so. */
  const enders = new Map<string, Outcome>()
  for (const { id, endReason } of rows.values()) {
    const by = callOf.get(endReason ?? '')
    if (by?.answer?.ended) enders.set(id, by)
  }
  for (const by of outcomes) if (by.id !== undefined && by.answer?.ended) enders.set(by.id, by)

  const rotations = outcomes.filter((by) => by.verb === 'rotate' && (isUnknown(by) || liveIn(by).length > 0))
  return {
    ...evidence,
    outcomes,
    rows,
    callOf,
    holders,
    enders,
    sightings,
    sightingsOf: groupBy(sightings, ({ id }) => id),
    /** The sessions of a user. */
    idsOf: new Map([...groupBy(sightings, ({ userId }) => userId)].map(([user, all]) => [user, new Set(ids(all))])),
    /** Those that took a key away, or may have. */
    rotationsOf: groupBy(rotations, ({ key }) => key),
  }
}

function* oneRowASession({ userSessions, sessions }: Records): Iterable<Fact> {
  const rowsOf = groupBy(userSessions, ({ sessionId }) => sessionId)
  const existing = new Set(sessions)
  for (const id of sessions) yield [rowsOf.get(id)?.length === 1, { session: id }, rowsOf.get(id)]
  for (const [id, rows] of rowsOf) if (id !== null) yield [existing.has(id), rows]
}

function* noSignInLost({ outcomes, rows }: Records): Iterable<Fact> {
  for (const by of outcomes.filter(({ verb }) => verb === 'track')) {
    for (const row of liveIn(by)) {
      const kept = rows.get(row.id)
      yield [row.userId === by.userId && kept?.userId === row.userId && kept.createdAt === row.createdAt, by, kept]
    }
  }
}

function* nobodyRevived(records: Records): Iterable<Fact> {
  const { outcomes, policy, holders, enders, rows, sightings, sightingsOf } = records
  for (const by of outcomes.filter(namesKey)) {
    const ender = enders.get(holders.get(by.key)?.id ?? '')
    if (ender && ender.end < by.start) yield [liveIn(by).length === 0 && !by.answer?.ended, by, ender]
  }
  for (const { id, expiresAt, by } of sightings) {
    const ender = enders.get(id)
    yield [(!ender || by.start < ender.end) && by.now < expiresAt, by, ender]
  }
  // From one activity to the next it never was expired. What was not answered may have come between.
  const unsure = groupBy(outcomes.filter(isUnknown).filter(namesKey), ({ key }) => holders.get(key)?.id)
  for (const [id, all] of sightingsOf) {
    const activities = [...new Set(all.flatMap(({ createdAt, lastActivity }) => [createdAt, lastActivity]))].toSorted(
      (one, other) => one - other,
    )
    for (const [index, later] of activities.slice(1).entries()) {
      const earlier = activities[index]!
      const between = unsure.get(id)?.some(({ now }) => now > earlier && now < later)
      if (!between) yield [later - earlier < policy.idleTimeoutSeconds * 1000, { id, earlier, later }, rows.get(id)]
    }
  }
  for (const row of [...records.touched.values(), ...records.listed]) {
    if (row) yield [!enders.has(row.id) && rows.get(row.id)?.endedAt === null, row, enders.get(row.id)]
  }
}

function* activityNeverBack(records: Records): Iterable<Fact> {
  for (const { by, ...row } of records.sightings) {
    const known = knownBefore(records, row.id, by.start)
    if (known) yield [row.lastActivity >= known.lastActivity, row, by, known.by]
  }
  for (const id of records.sightingsOf.keys()) {
    const known = knownBefore(records, id, Infinity)!
    const kept = records.rows.get(id)
    if (kept) yield [kept.lastActivity >= known.lastActivity, kept, known.by]
  }
}

function* oneWinnerARotation({ outcomes, holders, rotationsOf, userSessions }: Records): Iterable<Fact> {
  for (const by of outcomes.filter(({ verb }) => verb !== 'list')) {
    // A key stands for one session, ever: the old one and the new one for the same.
    for (const { id } of liveIn(by)) yield [holders.get(by.key)?.id === id, by, holders.get(by.key)]
    for (const { id } of by.verb === 'rotate' ? liveIn(by) : []) yield [holders.get(by.newKey)?.id === id, by]
    const winners = rotationsOf.get(by.key)?.filter((rotation) => !isUnknown(rotation)) ?? []
    const isLate = namesKey(by) && winners.some((winner) => winner.end < by.start)
    if (isLate) yield [liveIn(by).length === 0 && !by.answer?.ended, by, winners]
  }
  for (const [key, all] of rotationsOf) yield [all.filter((by) => !isUnknown(by)).length <= 1, { key }, all]
  const all = [...rotationsOf.values()].flat()
  const reservations = userSessions.filter(isReservation).length
  const certain = all.filter((by) => !isUnknown(by)).length
  yield [reservations >= certain && reservations <= all.length, { reservations, certain, atMost: all.length }]
}

function* datesFit({ policy, rows, callOf, sightings, userSessions }: Records): Iterable<Fact> {
  for (const { by, ...row } of sightings) {
    const { createdAt, userId } = rows.get(row.id) ?? row
    yield [row.expiresAt === expiryOf(row, policy) && row.createdAt === createdAt && row.userId === userId, row, by]
  }
  const [reservations, own] = [userSessions.filter(isReservation), userSessions.filter((row) => !isReservation(row))]
  const absoluteEnds = new Set(own.map(({ userId, createdAt }) => `${userId} ${absoluteEndOf({ createdAt }, policy)}`))
  for (const row of reservations) {
    const isBornEnded = row.sessionId === null && row.endedAt === row.createdAt && row.lastActivity === row.createdAt
    yield [isBornEnded && absoluteEnds.has(`${row.userId} ${row.expiresAt}`), row]
  }
  for (const row of own) {
    yield [row.expiresAt === expiryOf(row, policy) && (row.endedAt === null) === (row.endReason === null), row]
    const by = callOf.get(row.endReason ?? '')
    if (row.endedAt !== null) yield [row.sessionId === null && row.endedAt === by?.now, row, by]
  }
}

function* nothingLiveLost(records: Records): Iterable<Fact> {
  const { outcomes, policy, now, holders, idsOf, rows, sightingsOf, touched } = records
  for (const by of outcomes.filter((outcome) => !isUnknown(outcome))) {
    const found = new Set(ids(liveIn(by)))
    for (const id of (by.verb === 'list' && idsOf.get(by.userId)) || []) {
      if (mustBeLive(records, id, by)) yield [found.has(id), by, rows.get(id)]
    }
    const id = by.id ?? (namesKey(by) ? holders.get(by.key)?.id : undefined)
    if (id === undefined || !mustBeLive(records, id, by)) continue
    const isOthers = (by.verb === 'track' || by.id !== undefined) && by.userId !== rows.get(id)?.userId
    // What a rotation refuses is its new key.
    const isRefused = by.verb === 'rotate' && by.answer?.refused !== undefined
    if (!isOthers && !isRefused) yield [found.has(id) || by.answer?.ended === 1, by, rows.get(id)]
  }
  const reached = new Set([...touched.values()].map((row) => row?.id))
  for (const id of sightingsOf.keys()) {
    const row = rows.get(id)
    const known = knownBefore(records, id, Infinity)!
    const isExpected = row?.endedAt === null && expiryOf(known, policy) > now
    if (isExpected) yield [row.sessionId !== null && reached.has(id), row, known.by]
  }
  for (const [key, row] of touched) if (row) yield [rows.get(row.id)?.sessionId === hashSessionKey(key), row, { key }]
}

/** Whether a call had to find a session live: it was known to be, and nobody ended or moved it before the answer. */
function mustBeLive(records: Records, id: string, by: Outcome): boolean {
  const kept = records.rows.get(id)
  const known = knownBefore(records, id, by.start)
  if (!known || expiryOf(known, records.policy) <= by.logicalEnd) return false
  const ender = records.callOf.get(kept?.endReason ?? '')
  if (ender && ender !== by && ender.start < by.end) return false
  if (!namesKey(by)) return true
  const isMoved = records.rotationsOf.get(by.key)?.some((rotation) => rotation !== by && rotation.start < by.end)
  return !isMoved && records.holders.get(by.key)!.by.end < by.start
}

function* revokedAsAnswered(records: Records): Iterable<Fact> {
  const { outcomes, holders, enders, rotationsOf, idsOf, rows, sightingsOf } = records
  const endedFor = groupBy(records.userSessions, ({ endReason }) => endReason)
  for (const by of outcomes.filter(({ answer }) => answer?.ended !== undefined)) {
    const ended = endedFor.get(by.reason) ?? []
    yield [ended.length === by.answer?.ended, by, ended]
    const held = holders.get(by.key)?.id
    for (const row of ended) {
      if (namesKey(by)) yield [row.id === (held ?? row.id), by, row]
      else yield [row.userId === by.userId && row.id === (by.id ?? row.id), by, row]
    }
    if (by.verb === 'revoke') continue
    const isMoved = rotationsOf.get(by.key)?.some((rotation) => rotation.start < by.end)
    const spared = by.verb === 'revokeOthers' ? held : undefined
    for (const id of idsOf.get(by.userId) ?? []) {
      const sightings = sightingsOf.get(id)!
      const isLaterSeen = sightings.some((sighting) => sighting.by.start > by.end)
      const isOver = (enders.get(id)?.end ?? Infinity) < by.start || (rows.get(id)?.expiresAt ?? 0) <= by.now
      if (id === spared) yield [isMoved === true || rows.get(id)?.endReason !== by.reason, by, rows.get(id)]
      else if (sightings[0]!.by.end < by.start && !isOver) yield [!isLaterSeen, by, sightings.at(-1)]
    }
  }
}

function* purgedWhatWasDue({ outcomes, history, rows, callOf, userSessions, policy }: Records): Iterable<Fact> {
  const purges = outcomes.filter(({ verb }) => verb === 'purge')
  const done = purges.filter(({ answer }) => answer?.purged)
  const certain = Math.max(...done.map(({ now }) => now))
  const possible = Math.max(...purges.map(({ now }) => now))
  for (const row of history) {
    const due = row.expiresAt + policy.retentionSeconds * 1000
    if (due <= certain || due > possible) yield [rows.has(row.id) === due > possible, row]
  }
  // With a minute for sign-ins that were under way for so long that they were born expired.
  for (const row of userSessions) if (row.expiresAt <= certain - 60_000) yield [row.sessionId === null, row]

  const removed = history.filter(({ id }) => !rows.has(id)).length
  const expired = userSessions.filter(({ sessionId, endedAt }) => sessionId === null && endedAt === null).length
  // A purge may be told so by a later clock while a revocation is ending what was live by its own.
  const both = userSessions.filter(({ endReason, expiresAt }) => {
    const by = callOf.get(endReason ?? '')
    return by && purges.some(({ now, start, end }) => now >= expiresAt && start < by.end && end > by.start)
  }).length
  for (const [name, least, most] of [
    ['userSessions', removed, removed],
    ['sessions', removed + expired, removed + expired + both],
  ] as const) {
    const answered = done.reduce((sum, { answer }) => sum + answer!.purged![name], 0)
    yield [(done.length < purges.length || answered >= least) && answered <= most, { name, answered, least, most }]
  }
}

const isUnknown = ({ answer }: Outcome): boolean => answer === undefined || answer.failed !== undefined
const liveIn = ({ answer }: Outcome): readonly Row[] => answer?.live ?? []
const ids = (rows: readonly Row[]): string[] => rows.map(({ id }) => id)

/** Whether it acts on the session of its key. */
function namesKey({ verb, id }: Call): boolean {
  return verb === 'touch' || verb === 'track' || verb === 'rotate' || (verb === 'revoke' && id === undefined)
}

/** Whether it is what a rotation leaves behind, and no session. */
function isReservation({ endReason }: KeptRow): boolean {
  return endReason === 'rotated'
}

function expiryOf(row: Row, policy: Policy): number {
  return Math.min(row.lastActivity + policy.idleTimeoutSeconds * 1000, absoluteEndOf(row, policy))
}

function absoluteEndOf({ createdAt }: Pick<Row, 'createdAt'>, policy: Policy): number {
  return createdAt + policy.absoluteTimeoutSeconds * 1000
}

/** The latest activity of a session that had been answered by then. */
function knownBefore({ sightingsOf }: Records, id: string, time: number) {
  let latest: (Row & { readonly by: Outcome }) | undefined
  for (const sighting of sightingsOf.get(id) ?? []) {
    if (sighting.by.end >= time) break
    if (!latest || sighting.lastActivity > latest.lastActivity) latest = sighting
  }
  return latest
}

function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}
