import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { succeed } from './run.ts'

/**
 * Has npm install packages into a new folder, as anybody does who names them.
 *
 * @param packages - as `npm install` takes them
 * @returns the folder
 */
export async function install(...packages: string[]): Promise<string> {
  const directory = mkdtempSync(join(inject('directory'), 'installed-'))
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel', 'error']
  await succeed(directory, 'npm', ['install', ...options, ...packages])
  return directory
}

/** A package in the version that this project has for itself. */
export function ownVersion(name: keyof typeof manifest.devDependencies): string {
  return `${name}@${manifest.devDependencies[name]}`
}
