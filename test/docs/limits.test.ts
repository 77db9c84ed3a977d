import { describe, expect, it } from 'vitest'
import { defaultIdentitySettings } from '../../src/router/identity-settings.ts'
import { readSettings } from '../../src/router/settings.ts'
import { defaultSettings } from '../../src/router/table.ts'
import { readPage } from './pages.ts'

type Row = readonly [key: string, field: string, text: string]

const rows: readonly Row[] = [
  ...readPage('docs/reference/limits.md').matchAll(/^\| `([a-z0-9-]+)` \| `(\w+)` \| ([^|]+) \|$/gm),
].map(([, key = '', field = '', text = '']) => [key, field, text])

const metadata = { namespace: 'headgate', name: 'settings' }

function readDefault(text: string): number {
  const [number, unit] = text.split(' ')
  return Number(number) * (unit === 's' ? 1000 : unit === 'KiB' ? 1024 : 1)
}

describe('the settings in docs/reference/limits.md', () => {
  it('are all that there are, but for those about clients', () => {
    const others = Object.keys(defaultSettings).filter((field) => !(field in defaultIdentitySettings))
    expect(rows.map(([, field]) => field).toSorted()).toEqual(others.toSorted())
  })

  it.each(rows)('%s sets %s, which is %s without it', (key, field, text) => {
    expect(new Map(Object.entries(defaultSettings)).get(field)).toBe(readDefault(text))
    const given = readSettings({
      kind: 'ConfigMap',
      metadata,
      data: { [key]: /bytes|KiB/.test(text) ? (/window|unread/.test(key) ? '70k' : '7k') : '7' },
    })
    expect(given.problems).toEqual([])
    const changed = Object.entries(given.settings).filter(
      ([name, value]) => value !== new Map(Object.entries(defaultSettings)).get(name),
    )
    expect(changed.map(([name]) => name)).toEqual([field])
  })
})
