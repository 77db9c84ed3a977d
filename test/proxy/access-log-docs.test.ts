import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { formatJsonLine } from '../../src/proxy/access-log-json.ts'
import { fullEntry } from './access-log-entries.ts'

const page = await readFile(new URL('../../docs/reference/access-log.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| [^|]+ \|$/gm)].map(([, name = '', type = '']) => [name, type])
const line = formatJsonLine({ ...fullEntry, target: 'a'.repeat(10_000) })

describe('docs/reference/access-log.md', () => {
  it('has the fields of a line, in their order and with their types', () => {
    expect(rows).toEqual(Object.entries(JSON.parse(line)).map(([name, value]) => [name, typeof value]))
  })

  it('shows a line as it is', () => {
    const [, shown = ''] = /```json\n(.+\n)```/.exec(page) ?? []
    expect(shown).toBe(formatJsonLine({ ...fullEntry, requestBytes: 0 }))
  })
})
