import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../generated/prisma/client.ts'

/** The client of the application. It connects with the first query. */
export const prisma = new PrismaClient({
  // Without the timeout, a file in which somebody else writes is an error at once.
  adapter: new PrismaLibSql({ url: process.env.DATABASE_URL ?? '', timeout: 5000 }),
})
