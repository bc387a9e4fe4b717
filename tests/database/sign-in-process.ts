// One process of an application that signs a user in, five at a time: `sign-in-process.ts <url> <driver> <user id>
// <sign-ins>`. Says in a line of JSON what it was answered, as soon as it was.
import { generateSessionKey, revokeSession, rotateSessionKey, touchActivity, trackSession } from '../../src/index.ts'
import { connect, type Driver } from '../../scripts/databases.ts'

/** What a caller was told of one sign-in, its last word counting. */
export interface Answer {
  readonly sessionKey: string
  readonly id: string
  readonly state: 'live' | 'revoked'
}

const [url = '', driver = '', userId = '', count = ''] = process.argv.slice(2)
const prisma = connect(driver as Driver, url)
const locate = async () => null
const now = new Date('2026-01-05T08:00:00Z')
const later = new Date('2026-01-05T08:01:30Z')

async function signIn(index: number): Promise<void> {
  const sessionKey = generateSessionKey()
  const { id } = await trackSession(prisma, { userId: Number(userId), sessionKey }, { now, locate })
  answer({ sessionKey, id, state: 'live' })
  if ((await touchActivity(prisma, { sessionKey }, { now: later })) === null) throw new Error('A live session was lost')
  if (index % 5 === 0) {
    if (!(await revokeSession(prisma, { sessionKey }, { now: later }))) throw new Error('Nothing was revoked')
    answer({ sessionKey, id, state: 'revoked' })
  }
  if (index % 5 === 1) {
    const newSessionKey = generateSessionKey()
    const rotated = await rotateSessionKey(prisma, { sessionKey, newSessionKey }, { now: later })
    if (rotated === null) throw new Error('Nothing was rotated')
    answer({ sessionKey: newSessionKey, id, state: 'live' })
  }
}

function answer(told: Answer): void {
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

for (let index = 0; index < Number(count); index += 5) {
  await Promise.all(Array.from({ length: 5 }, (_, offset) => signIn(index + offset)))
}
await prisma.$disconnect()
