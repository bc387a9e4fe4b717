// One process of the stress program: `stress-process.ts <settings as JSON>`. Its workers call the verbs on sessions that all
// processes share, until the standard input ends. A line of JSON says that a call starts, another one what it was answered.
import { createHash } from 'node:crypto'
import { setImmediate as untilNextTurn, setTimeout as sleep } from 'node:timers/promises'
import {
  listSessions,
  purgeSessions,
  revokeOtherSessions,
  revokeSession,
  revokeSessions,
  rotateSessionKey,
  SessionEndedError,
  SessionKeyTakenError,
  touchActivity,
  trackSession,
  type Policy,
} from '../src/index.ts'
import { connect, type Driver } from './databases.ts'
import { asRow, type Answer, type Call, type Verb } from './stress-invariants.ts'

/** What a process is told. */
export interface Settings {
  readonly driver: Driver
  readonly url: string
  readonly userIds: readonly number[]
  readonly seed: number
  readonly process: number
  readonly workers: number
  readonly policy: Policy
  /** When the run began by the machine's monotonic clock, in ns: the one clock that processes share and nobody sets. */
  readonly epoch: string
  /** What time it was then to the sessions, in ms, and how many times faster their time passes. */
  readonly logicalEpoch: number
  readonly speed: number
}

/** A line of output. */
export type Line =
  | { readonly call: Call }
  | { readonly reason: string; readonly answer: Answer; readonly end: number; readonly logicalEnd: number }

const weights: [Verb, number][] = [
  ['touch', 470],
  ['track', 190],
  ['rotate', 130],
  ['list', 90],
  ['revoke', 100],
  ['revokeOthers', 10],
  ['revokeAll', 5],
  ['purge', 5],
]
/** Whose sessions nobody revokes: few others would live to their absolute end. */
const quietUsers = 6
/** For how long new keys are signed in with, in ms of the sessions, and how many there are for each user. */
const generationMilliseconds = 120_000
const keysOfGeneration = 2
/** Every so many generations one of the keys is everybody's favourite, until the next one is. */
const favouriteGenerations = 5

const settings = JSON.parse(process.argv[2]!) as Settings
const { driver, url, userIds, seed, policy } = settings
const prisma = connect(driver, url)
const epoch = BigInt(settings.epoch)
/** Which keys and public ids of each user's sessions were answered lately. */
const seen = new Map(userIds.map((userId) => [userId, [] as { id: string; key: string }[]]))
let calls = 0
let turn: Promise<unknown> | undefined
const stopping = new AbortController()
process.stdin.resume().once('end', () => stopping.abort())

const verbs: Record<Verb, (call: Call, options: { now: Date; policy: Policy }) => Promise<Answer>> = {
  async track({ userId, key: sessionKey }, options) {
    const input = { userId, sessionKey, ipAddress: '192.0.2.1', userAgent: 'curl/8.5.0' }
    return { live: [asRow(await trackSession(prisma, input, { ...options, locate: async () => null }))] }
  },
  async touch({ key: sessionKey }, options) {
    const row = await touchActivity(prisma, { sessionKey }, options)
    return { live: row ? [asRow(row)] : [] }
  },
  async rotate({ key: sessionKey, newKey: newSessionKey }, options) {
    const row = await rotateSessionKey(prisma, { sessionKey, newSessionKey }, options)
    return { live: row ? [asRow(row)] : [] }
  },
  async list({ userId }, options) {
    return { live: (await listSessions(prisma, { userId }, { ...options, limit: 200 })).items.map(asRow) }
  },
  async revoke({ userId, id, key: sessionKey, reason }, options) {
    const session = id === undefined ? { sessionKey } : { userId, id }
    return { ended: Number(await revokeSession(prisma, session, { ...options, reason })) }
  },
  async revokeOthers({ userId, key: sessionKey, reason }, options) {
    return { ended: await revokeOtherSessions(prisma, { userId, sessionKey }, { ...options, reason }) }
  },
  async revokeAll({ userId, reason }, options) {
    return { ended: await revokeSessions(prisma, { userId }, { ...options, reason }) }
  },
  async purge(_, options) {
    return { purged: await purgeSessions(prisma, options) }
  },
}

await Promise.all(Array.from({ length: settings.workers }, (_, worker) => work(worker)))
await prisma.$disconnect()

async function work(worker: number): Promise<void> {
  const random = createRandom(`${seed}/${settings.process}/${worker}`)
  while (!stopping.signal.aborted) {
    const call = choose(random)
    say({ call })
    const answer = await verbs[call.verb](call, { now: new Date(call.now), policy }).catch(asAnswer)
    say({ reason: call.reason, answer, end: elapsed(), logicalEnd: logicalNow() })
    remember(call, answer)
    // A server that is down refuses at once.
    await (answer.failed ? sleep(50) : nextTurn())
  }
}

/**
 * SQLite's drivers answer without waiting for anything, so that nothing else would have its turn. All workers go on in the
 * same one, or each would be done with its call before the next one starts.
 */
async function nextTurn(): Promise<void> {
  turn ??= untilNextTurn().then(() => (turn = undefined))
  await turn
}

function choose(random: () => number): Call {
  const verb = chooseVerb(random)
  const quiet = verb.startsWith('revoke') ? quietUsers : 0
  const owner = userIds[quiet + Math.floor(random() * (userIds.length - quiet))]!
  const known = seen.get(owner)!
  const recent = known[Math.floor(random() * known.length)]
  const key = recent && verb !== 'track' && random() < 0.5 ? recent.key : chooseKey(random, owner, verb)
  // Now and then a key that others sign in with.
  const newKey = random() < 0.2 ? chooseKey(random, owner, 'track') : rotationOf(random, key)
  return {
    process: settings.process,
    verb,
    // Now and then another one's key or session.
    userId: (verb === 'track' || verb === 'revoke') && random() < 0.05 ? userIds.find((id) => id !== owner)! : owner,
    key,
    newKey: newKey === key ? rotationOf(random, key) : newKey,
    id: verb === 'revoke' && random() < 0.5 ? recent?.id : undefined,
    reason: `by-${settings.process}-${++calls}`,
    now: logicalNow(),
    start: elapsed(),
  }
}

function chooseVerb(random: () => number): Verb {
  let rest = random() * weights.reduce((sum, [, weight]) => sum + weight, 0)
  return weights.find(([, weight]) => (rest -= weight) < 0)![0]
}

/** A key that follows from the user and the time, so that all processes come to the same ones. */
function chooseKey(random: () => number, userId: number, verb: Verb): string {
  const newest = Math.floor((logicalNow() - settings.logicalEpoch) / generationMilliseconds)
  const isFavourite = random() < 0.4
  const isSignIn = verb === 'track' && random() < 0.9
  const age = isSignIn ? 0 : Math.floor(random() ** 2 * Math.min(newest, 3))
  const generation = isFavourite ? newest - (newest % favouriteGenerations) : newest - age
  let key = `${seed}/${userId}/${generation}/${isFavourite ? 0 : Math.floor(random() * keysOfGeneration)}`
  const rotations = isSignIn ? 0 : Math.floor(random() ** 2 * 3)
  for (let rotation = 0; rotation < rotations; rotation++) key = rotationOf(random, key)
  return key
}

function rotationOf(random: () => number, key: string): string {
  return `${key}${random() < 0.8 ? '+' : '-'}`
}

function remember({ verb, key, newKey }: Call, answer: Answer): void {
  const [row] = answer.live ?? []
  if (row === undefined || verb === 'list') return
  const known = seen.get(row.userId)!
  known.unshift({ id: row.id, key: verb === 'rotate' ? newKey : key })
  known.splice(6)
}

function asAnswer(error: unknown): Answer {
  if (error instanceof SessionEndedError || error instanceof SessionKeyTakenError) return { refused: error.code }
  const { name, message, code, databaseCode } = error as Error & { code?: string; databaseCode?: string }
  return { failed: { name, code: databaseCode ?? code ?? 'without a code', message: message.slice(0, 300) } }
}

function elapsed(): number {
  return Number(process.hrtime.bigint() - epoch) / 1e6
}

function logicalNow(): number {
  return settings.logicalEpoch + Math.round(elapsed() * settings.speed)
}

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** mulberry32: numbers from 0 up to 1, the same ones whenever the text is the same. */
function createRandom(text: string): () => number {
  let state = createHash('sha256').update(text).digest().readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
