import { expect, test } from 'vitest'
import { apiPage } from '../../scripts/api-page.ts'
import { readPage } from './read-blocks.ts'

test('docs/api.md says what the docstrings say', () => {
  expect(readPage('docs/api.md') === apiPage(), 'Run npm run api, which writes it anew.').toBe(true)
})
