#!/usr/bin/env node
import { init } from './init.ts'
import { packageVersion } from './package-files.ts'
import { help, parseArguments } from './parse-arguments.ts'
import { Refusal } from './refusal.ts'

try {
  const options = parseArguments(process.argv.slice(2))
  if (options === 'help') process.stdout.write(help)
  else if (options === 'version') process.stdout.write(`${packageVersion()}\n`)
  else await init(process.cwd(), options)
} catch (error) {
  const { message, exitCode } = error instanceof Refusal ? error : { message: String(error), exitCode: 1 }
  process.stderr.write(`${message}\n`)
  process.exitCode = exitCode
}
