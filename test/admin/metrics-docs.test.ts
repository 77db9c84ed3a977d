import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/admin/metrics.ts'
import { fullInput, type ParsedFamily, parseMetrics } from './metrics-input.ts'

const page = await readFile(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8')
const families = parseMetrics(await createMetrics({ read: () => fullInput() }).text())
const ours = [...families].filter(([name]) => name.startsWith('headgate_'))

type Row = { readonly type: string; readonly labels: string; readonly meaning: string }

/** Rows of the form | `name` | type | `label`, `label` | meaning |. */
function rows(text: string): ReadonlyMap<string, Row> {
  const row = /^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$/gm
  return new Map(
    [...text.matchAll(row)].map(([, name = '', type = '', labels = '', meaning = '']) => [
      name,
      { type, labels, meaning },
    ]),
  )
}

function labelsOf({ samples }: ParsedFamily): string {
  const names = new Set(samples.flatMap(({ labels }) => Object.keys(labels)))
  names.delete('le')
  return [...names]
    .sort()
    .map((name) => `\`${name}\``)
    .join(', ')
}

describe('docs/reference/metrics.md', () => {
  it.each(ours)('says of %s what a scrape does', (name, family) => {
    const { type, help } = family
    expect(family.samples, 'the test input makes no sample of it').not.toEqual([])
    const row = rows(page).get(name)
    const labels = row?.labels
      .split(', ')
      .filter((label) => label !== '')
      .sort()
      .join(', ')
    expect({ ...row, labels }).toEqual({ type, labels: labelsOf(family), meaning: help })
  })

  it('has no metric that there is none of', () => {
    expect([...rows(page).keys()].filter((name) => !families.has(name))).toEqual([])
  })

  it('names the first word of every metric that prom-client adds', () => {
    const theirs = [...families.keys()].filter((name) => !name.startsWith('headgate_'))
    expect(theirs.length).toBeGreaterThan(10)
    for (const name of theirs) expect(name).toMatch(/^(process|nodejs)_/)
    expect(page).toContain('`process_*`')
    expect(page).toContain('`nodejs_*`')
  })
})
