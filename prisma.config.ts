import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma's CLI downloads a native schema engine unless one is named. The same engine comes from npm here.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('./scripts/schema-engine.mjs', import.meta.url))

// Studio takes no relative file, and only libsql would decode an escaped one: hence absolute, and as it is on disk.
const file = fileURLToPath(new URL('./dev.db', import.meta.url))

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? `file://${file}` },
})
