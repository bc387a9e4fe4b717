import { setImmediate as untilNextTurn } from 'node:timers/promises'
import type { SessionClient, SessionDelegate, UserSessionDelegate } from './client.ts'
import { query } from './query.ts'

/** A condition on the id of a row. */
export interface IdRange {
  readonly id: { readonly gt?: string; readonly lte?: string }
}

/** How many turns others get between two ranges: what they do, a request with its statements, takes several. */
const TURNS = 8

/**
 * Walks a table in the order of its ids: conditions that hold for at most `size` rows each, one after the other, and
 * together for every row that was there all the time. Ends early once the signal is aborted.
 *
 * A statement over such a range holds no lock for long, however large the table, and needs no index but the primary key.
 */
export async function* idRanges(
  db: SessionClient,
  action: string,
  table: SessionDelegate | UserSessionDelegate,
  { size, signal }: { size: number; signal: AbortSignal | undefined },
): AsyncGenerator<IdRange, void, void> {
  // Without a beginning at first: MySQL takes some ids, of characters that nobody sees, for the same as an empty one.
  let range: IdRange | undefined = { id: {} }
  while (range !== undefined) {
    // SQLite's drivers answer without waiting for anything, so that no timer and no signal of the process could abort it.
    for (let turn = 1; turn <= TURNS; turn++) await untilNextTurn()
    if (signal?.aborted === true) return
    const page: object = { where: range, orderBy: { id: 'asc' }, skip: size - 1, take: 1, select: { id: true } }
    const [last] = await query<{ id: string }[]>(db, action, () => table.findMany(page))
    yield last === undefined ? range : { id: { ...range.id, lte: last.id } }
    range = last && { id: { gt: last.id } }
  }
}
