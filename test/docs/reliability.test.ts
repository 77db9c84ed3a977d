import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPage, repository } from './pages.ts'

// A cell of tests is `file`: *name*, *name*; names as they stand in the source.
const tests = [
  ...readPage('docs/reliability.md').matchAll(/`(test\/[\w/.-]+\.test\.ts)`: ((?:\*[^*|]+\*(?:, )?)+)/g),
].flatMap(([, file = '', names = '']) =>
  [...names.matchAll(/\*([^*]+)\*/g)].map(([, name = '']) => [file, name] as const),
)

it('docs/reliability.md names tests', () => {
  expect(tests.length).toBeGreaterThan(20)
})

it.each(tests)('%s has the test %s', (file, name) => {
  const path = join(repository, file)
  expect(existsSync(path) && readFileSync(path, 'utf8').includes(`'${name}'`)).toBe(true)
})
