import { expect, inject } from 'vitest'
import type { PrismaClient } from '../../scripts/databases.ts'

/** Waits until a transaction waits for a row that another one has locked. */
export async function untilOneWaits(prisma: PrismaClient): Promise<void> {
  const sql = {
    postgresql: `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    mysql: `SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist p
      ON p.id = trx_mysql_thread_id WHERE p.db = database() AND trx_state = 'LOCK WAIT'`,
  }[inject('driver') as 'mysql' | 'postgresql']
  // MariaDB looks anew only when nobody asked for a tenth of a second.
  await expect.poll(() => prisma.$queryRawUnsafe(sql), { timeout: 4000, interval: 150 }).toHaveLength(1)
}
