import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { problemReasons } from '../src/problem.ts'

describe('docs/reference/problems.md', () => {
  it('has one row for each reason, with its meaning and what is done instead', () => {
    const page = readFileSync(new URL('../docs/reference/problems.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, reason]) => reason)
    expect(rows).toEqual([...problemReasons].sort())
  })
})
