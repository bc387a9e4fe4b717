import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

// Prisma's CLI downloads a native schema engine unless one is named. The same engine comes from npm here.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= path('./scripts/schema-engine.mjs')

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Studio takes no relative file, and only libsql would decode an escaped one: hence absolute, and as it is on disk.
  datasource: { url: process.env.DATABASE_URL ?? `file://${path('./dev.db')}` },
})
