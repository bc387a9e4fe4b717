import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma's CLI downloads a native schema engine unless one is named. The same engine comes from npm here.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('./scripts/schema-engine.mjs', import.meta.url))

// Studio takes no relative file, and only libsql would decode an escaped one: hence absolute, and as it is on disk.
const file = fileURLToPath(new URL('./dev.db', import.meta.url))
const url = process.env.DATABASE_URL ?? `file://${file}`

const folders: Record<string, string> = {
  mariadb: 'prisma/mysql',
  mysql: 'prisma/mysql',
  postgres: 'prisma/postgresql',
  postgresql: 'prisma/postgresql',
}
const folder = folders[url.split(':')[0]!] ?? 'prisma'

export default defineConfig({
  schema: `${folder}/schema.prisma`,
  migrations: { path: `${folder}/migrations` },
  datasource: { url },
})
