import { parseArgs } from 'node:util'
import { Refusal } from './refusal.ts'

/** What `--help` prints. */
export const help = `Usage: npx prisma-user-sessions init [options]

Adds the models Session and UserSession to your Prisma schema, and their fields to your user model.
Shows what it will write, and asks before it does.

  --schema <path>      your schema, a file or a folder (default: package.json's prisma.schema,
                       schema.prisma, prisma/schema.prisma, the folder prisma or prisma/schema)
  --user-model <name>  your user model (default: User)
  --dry-run            print the change as a diff, write nothing
  -y, --yes            write without asking
  -v, --version        print the version
  -h, --help           print this

Exit codes: 0 done, or nothing to do; 1 refused or failed, nothing was written; 2 wrong usage.
`

/** What was asked for on the command line. */
export interface InitOptions {
  readonly schema: string | undefined
  readonly userModel: string
  readonly dryRun: boolean
  readonly yes: boolean
}

/**
 * Reads the arguments that follow the command's name. `--help` and `--version` win over all others.
 *
 * @throws Refusal with exit code 2 for an unknown or empty option, or another command than `init`
 */
export function parseArguments(args: readonly string[]): 'help' | 'version' | InitOptions {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  if (values.version) return 'version'
  if (positionals.length !== 1 || positionals[0] !== 'init') throw wrongUsage('the one command is init')
  if (values.schema === '') throw wrongUsage('--schema must be the path of a file or folder')
  if (values['user-model'] === '') throw wrongUsage('--user-model must be the name of a model')
  return {
    schema: values.schema,
    userModel: values['user-model'],
    dryRun: values['dry-run'],
    yes: values.yes,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        schema: { type: 'string' },
        'user-model': { type: 'string', default: 'User' },
        'dry-run': { type: 'boolean', default: false },
        yes: { type: 'boolean', short: 'y', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', short: 'v', default: false },
      },
    })
  } catch (error) {
    // Node's message goes on about how to pass an argument that begins with a dash.
    const [sentence] = (error as Error).message.split('. ')
    throw wrongUsage(sentence!)
  }
}

function wrongUsage(message: string): Refusal {
  return new Refusal(`Wrong usage: ${message}. See: npx prisma-user-sessions --help`, 2)
}
