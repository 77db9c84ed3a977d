import { expect, it } from 'vitest'
import { saferNode } from '../../src/cli/node-floor.ts'

it.each([
  ['v26.10.0', '26.13.1'],
  ['v26.13.0', '26.13.1'],
  ['v26.13.1', undefined],
  ['v26.14.0', undefined],
  ['v24.22.2', '24.22.3'],
  ['v24.23.0', undefined],
  ['v25.1.0', undefined],
  ['v27.0.0', undefined],
])('Node %s should be replaced with %s', (version, expected) => {
  expect(saferNode(version)).toBe(expected)
})
