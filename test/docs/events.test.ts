import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { problemReasons } from '../../src/problem.ts'
import { eventLimits } from '../../src/watch/event-recorder.ts'
import { readPage } from './pages.ts'

const page = readPage('docs/reference/events.md')
const rows = [...page.matchAll(/^\| (\w+)[^|]*\| ((?:`\w+`(?:, )?)+) \|$/gm)]
const told = rows.flatMap(([, kind = '', reasons = '']) =>
  [...reasons.matchAll(/\w+/g)].map(([reason]) => `${kind} ${reason}`),
)

/** `Ingress ServiceNotFound`, of all that the builder has found in the fixtures. */
function foundInFixtures(): ReadonlySet<string> {
  const folder = new URL('../fixtures/routing/', import.meta.url)
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.routes'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const lines = texts.flatMap((text) => [...text.matchAll(/^problem (\w+) .*\((\w+)\);/gm)])
  return new Set(lines.map(([, kind, reason]) => `${kind} ${reason}`))
}

describe('docs/reference/events.md', () => {
  it('names every reason and no other', () => {
    const reasons = new Set(told.map((pair) => pair.split(' ')[1]))
    expect([...reasons].sort()).toEqual([...problemReasons].sort())
  })

  it('names the objects on which problems are found', () => {
    const found = foundInFixtures()
    expect(found.size).toBeGreaterThan(10)
    expect([...found.difference(new Set(told))]).toEqual([])
  })

  it('has the limits of the code', () => {
    const limits = [...page.matchAll(/^\|[^|]*\| ([\d.]+)( s)? \| `(\w+)` \|$/gm)]
    expect(
      Object.fromEntries(
        limits.map(([, number, unit, name]) => [name, Number(number) * (unit === undefined ? 1 : 1000)]),
      ),
    ).toEqual(eventLimits)
  })
})
