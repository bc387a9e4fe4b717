import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

function stress(...options: string[]) {
  const args = ['--import', 'tsx', 'scripts/stress.ts', ...options]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 150_000,
  })
  return { status, output: stdout + stderr }
}

test('the stress program finds nothing wrong on SQLite in 10 seconds, with a process killed in the middle', () => {
  const { status, output } = stress('--seconds', '10', '--seed', '7', '--processes', '2')
  expect(output).toContain('is killed')
  expect(output.match(/^.*ok\b.* 0 wrong of [1-9]/gm)).toHaveLength(12)
  expect({ status, output }).toMatchObject({ status: 0 })
})

test.each([
  [['--database', 'oracle'], '--database'],
  [['--seconds', 'ten'], '--seconds'],
  [['--second', '10'], '--second'],
])('it refuses %j with a message and the exit code 2', (options, named) => {
  const { status, output } = stress(...options)
  expect(status).toBe(2)
  expect(output).toContain(named)
  expect(output).toContain('Usage: npm run stress')
})
