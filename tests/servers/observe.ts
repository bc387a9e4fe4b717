import type { PrismaClient } from '../../scripts/databases.ts'

/** The same client, with what it is asked to do, and the server's own code of each call that fails, if there is one. */
export function observe(prisma: PrismaClient) {
  const calls: string[] = []
  const failures: unknown[] = []
  const db = prisma.$extends({
    query: {
      async $allOperations({ model, operation, args, query }) {
        calls.push(`${model}.${operation}`)
        try {
          return await query(args)
        } catch (error) {
          const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } }
          failures.push(meta?.driverAdapterError?.cause?.originalCode)
          throw error
        }
      },
    },
  })
  return { db: db as unknown as PrismaClient, calls, failures }
}
