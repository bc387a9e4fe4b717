import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, succeed } from './run.ts'
import { signInProgram } from './sign-in-program.ts'

/** Of a new TypeScript project for Node.js. */
export const compilerOptions = {
  strict: true,
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  skipLibCheck: true,
  outDir: 'dist',
}

/** On what an application is. */
export type Provider = 'postgresql' | 'sqlite'

/** The file in which an application makes its client, on the database that the environment names. */
export function prismaFile(provider: Provider): string {
  const [adapter, options] = provider === 'sqlite' ? ['PrismaLibSql', '{ url }'] : ['PrismaPg', 'url']
  const from = provider === 'sqlite' ? '@prisma/adapter-libsql' : '@prisma/adapter-pg'
  return `import { ${adapter} } from '${from}'
import { PrismaClient } from './generated/prisma/client.js'
const url = process.env.DATABASE_URL!
export const prisma = new PrismaClient({ adapter: new ${adapter}(${options}) })
`
}

/** Writes files, by their paths in a folder. */
export function writeFiles(directory: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

/**
 * Writes an application on SQLite that signs in, in a folder of what is installed, and generates its client.
 *
 * @param moduleFormat - `esm` or `cjs`, for which the client is generated
 */
export async function writeApplication(installed: string, moduleFormat = 'esm'): Promise<string> {
  const directory = join(installed, `application-${moduleFormat}`)
  const ours = readFileSync(join(root, 'prisma/schema.prisma'), 'utf8')
  writeFiles(directory, {
    'schema.prisma': ours.replace(
      /output +=.*/,
      `output = "./generated/prisma"\n  importFileExtension = "js"\n  moduleFormat = "${moduleFormat}"`,
    ),
    'tsconfig.json': JSON.stringify({ compilerOptions, exclude: ['dist'] }),
    'prisma.ts': prismaFile('sqlite'),
    'sign-in.ts': signInProgram(),
  })
  const generate = ['node_modules/prisma/build/index.js', 'generate', '--schema', join(directory, 'schema.prisma')]
  await succeed(root, process.execPath, generate)
  return directory
}
