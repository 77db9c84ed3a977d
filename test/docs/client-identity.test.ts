import { describe, expect, it } from 'vitest'
import { hopsBehind } from '../../src/proxy/client-identity.ts'
import { droppedUpstream } from '../../src/proxy/headers.ts'
import { TrustedPeers } from '../../src/proxy/trusted-peers.ts'
import { defaultIdentitySettings } from '../../src/router/identity-settings.ts'
import { readSettings } from '../../src/router/settings.ts'
import { readPage } from './pages.ts'

const page = readPage('docs/client-identity.md')
const rows = [...page.matchAll(/^\| `([a-z-]+)` \| `(\w+)` \| (\w+) \|$/gm)].map(
  ([, key = '', field = '', text = '']) => [key, field, text] as const,
)
const defaults = new Map<string, unknown>(Object.entries(defaultIdentitySettings))

describe('docs/client-identity.md', () => {
  it('names every setting about clients', () => {
    expect(rows.map(([, field]) => field).toSorted()).toEqual([...defaults.keys()].toSorted())
  })

  it.each(rows)('says what %s sets, %s, and that it is %s without it', (key, field, text) => {
    const value = defaults.get(field)
    expect(Array.isArray(value) && value.length === 0 ? 'none' : String(value)).toBe(text)
    const data = { 'proxy-real-ip-cidr': '192.0.2.1', [key]: text === 'none' ? '10.0.0.0/8' : 'true' }
    const { settings, problems } = readSettings({ kind: 'ConfigMap', metadata: { name: 'settings' }, data })
    expect(problems).toEqual([])
    expect(new Map<string, unknown>(Object.entries(settings)).get(field)).not.toEqual(value)
  })

  const walks = [...page.matchAll(/^\| (`[^|]*`|none) \| ([0-9.]+) \| `([^|]*)` \|$/gm)]

  it.each(walks.map(([, sent = '', client = '', hops = '']) => [sent, client, hops] as const))(
    'shows the walk through %s as it is: %s, %s',
    (sent, client, hops) => {
      const walked = hopsBehind(sent === 'none' ? '' : sent.slice(1, -1), '10.0.0.1', new TrustedPeers(['10.0.0.0/8']))
      expect([walked[0], walked.join(', ')]).toEqual([client, hops])
    },
  )

  it('shows four walks', () => {
    expect(walks).toHaveLength(4)
  })

  it('names the fields that never come from a client', () => {
    const [, listed = ''] =
      /These never come from a client, nor from a trusted peer: ([\s\S]*?), and every/.exec(page) ?? []
    let base = ''
    const names = [...listed.matchAll(/`([A-Za-z-]+)`/g)].map(([, name = '']) => {
      if (!name.startsWith('-')) base = name
      return name.startsWith('-') ? `${base.split('-').slice(0, 2).join('-')}${name}` : name
    })
    const overwritten = ['for', 'host', 'port', 'proto'].map((part) => `x-forwarded-${part}`)
    const known = [...droppedUpstream].filter((name) => /^(x-|forwarded$|proxy$)/.test(name))
    expect(
      [...names.map((name) => name.toLowerCase()), ...overwritten, 'x-real-ip', 'x-request-id'].toSorted(),
    ).toEqual(known.toSorted())
  })
})
