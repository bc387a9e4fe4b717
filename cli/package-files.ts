import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const manifest = createRequire(import.meta.url).resolve('prisma-user-sessions/package.json')

/** Version of this package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

/** This package's own schema for a database: the one source of its models. */
export function packageSchema(provider: 'sqlite' | 'postgresql' | 'mysql'): string {
  const path = provider === 'sqlite' ? 'prisma/schema.prisma' : `prisma/${provider}/schema.prisma`
  return readFileSync(new URL(path, pathToFileURL(manifest)), 'utf8')
}
