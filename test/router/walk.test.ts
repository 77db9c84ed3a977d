import { describe, expect, it } from 'vitest'
import { explain, formatExplanation } from '../../src/router/explain.ts'
import { formatTable, tableToJson } from '../../src/router/format.ts'
import { withWildcards } from '../../src/router/host-index.ts'
import { match } from '../../src/router/match.ts'
import { compilePaths } from '../../src/router/paths.ts'
import {
  type Condition,
  defaultSettings,
  type Host,
  type Question,
  type Route,
  type RoutingTable,
} from '../../src/router/table.ts'
import { certificate, question } from './inputs.ts'

const free: Condition = { methods: undefined, headers: [], query: [], cookies: [] }

function route(id: string, path = '/'): Route {
  const origin = { kind: 'Ingress', namespace: 'default', name: 'web', field: id }
  return { id, origin, host: 'a.com', path, pathType: 'Prefix', action: { kind: 'respond', status: 204 } }
}

function host(name: string, prefixes: Readonly<Record<string, readonly (readonly [Route, Condition?])[]>>): Host {
  const candidates = Object.entries(prefixes).map(
    ([path, list]) => [path, list.map(([each, condition]) => ({ route: each, condition }))] as const,
  )
  return { name, ...compilePaths(new Map(), new Map(candidates)), fallback: undefined }
}

function tableOf(exact: readonly Host[], anyLabel: readonly Host[] = []): RoutingTable {
  const hosts = {
    exact: new Map(exact.map((each) => [each.name, each])),
    oneLabel: new Map(),
    anyLabel: withWildcards(new Map(), new Map(anyLabel.map((each) => [each.name, each]))),
    rest: undefined,
  }
  return {
    generation: 1,
    listeners: new Map([['http', { id: 'http', protocol: 'http', hosts }]]),
    backends: new Map(),
    certificates: new Map([['', certificate('default/c', ['c.com'])]]),
    settings: defaultSettings,
  }
}

describe('conditions', () => {
  const rows: readonly (readonly [string, Condition, Partial<Question>])[] = [
    ['method', { ...free, methods: ['PUT'] }, { method: 'PUT' }],
    [
      'header',
      { ...free, headers: [{ name: 'x', value: '1' }] },
      { header: (name) => (name === 'x' ? '1' : undefined) },
    ],
    ['query', { ...free, query: [{ name: 'x', value: '1' }] }, { query: (name) => (name === 'x' ? '1' : undefined) }],
    [
      'cookie',
      { ...free, cookies: [{ name: 'x', value: '1' }] },
      { cookie: (name) => (name === 'x' ? '1' : undefined) },
    ],
  ]

  it.each(rows)('on the %s choose the candidate, else the next one', (_what, condition, asked) => {
    const [canary, plain] = [route('canary'), route('plain')]
    const table = tableOf([host('a.com', { '': [[canary, condition], [plain]] })])
    expect(match(table, question('a.com', '/', asked))).toBe(canary)
    expect(match(table, question('a.com', '/'))).toBe(plain)
  })

  it('that none of a longer path fits leave the request to a shorter one', () => {
    const [long, short] = [route('long', '/a'), route('short')]
    const table = tableOf([host('a.com', { '/a': [[long, { ...free, methods: ['PUT'] }]], '': [[short]] })])
    expect(match(table, question('a.com', '/a/b'))).toBe(short)
    expect(explain(table, question('a.com', '/a/b')).candidates.map(({ verdict }) => verdict)).toEqual([
      'condition-failed',
      'taken',
    ])
  })
})

describe('hosts of any number of labels', () => {
  const table = tableOf(
    [host('a.b.com', { '': [[route('exact')]] })],
    [host('*.com', { '': [[route('com')]] }), host('*.b.com', { '': [[route('b.com')]] })],
  )

  it.each([
    ['a.b.com', 'exact'],
    ['x.b.com', 'b.com'],
    ['x.y.b.com', 'b.com'],
    ['b.com', 'com'],
    ['x.y.com', 'com'],
    ['com', undefined],
  ])('serve %s by the longest that fits', (name, id) => {
    expect(match(table, question(name, '/'))?.id).toBe(id)
  })
})

describe('explain', () => {
  const table = tableOf([
    host('a.com', { '/a': [[route('a', '/a')]], '/a/b': [[route('ab', '/a/b')]], '/a/bc': [[route('abc', '/a/bc')]] }),
  ])

  it('tells why each candidate lost', () => {
    expect(formatExplanation(explain(table, question('a.com', '/a/b/c')))).toBe(`GET http://a.com/a/b/c
host a.com, named exactly
  prefix /a/b [ab]: taken
  prefix /a [a]: no: the one taken is more specific
route ab
204: the answer of the rule itself
`)
    expect(explain(table, question('a.com', '/a/bcd')).candidates).toEqual([
      { kind: 'prefix', path: '/a/bc', route: 'abc', verdict: 'not-whole-segment' },
      { kind: 'prefix', path: '/a/b', route: 'ab', verdict: 'not-whole-segment' },
      { kind: 'prefix', path: '/a', route: 'a', verdict: 'taken' },
    ])
  })

  it.each([
    ['no-host', question('b.com', '/')],
    ['no-path', question('a.com', '/x')],
    ['no-listener', question('a.com', '/', { listener: 'tcp' })],
  ])('tells %s', (reason, asked) => {
    expect(explain(table, asked).outcome).toEqual({ kind: 'none', reason })
    expect(formatExplanation(explain(table, asked))).toContain('404')
  })
})

describe('the printed table', () => {
  it('has no private key in it', () => {
    const table = tableOf([])
    expect(JSON.stringify(tableToJson(table, [])) + formatTable(table, [])).not.toContain('PRIVATE')
    expect(JSON.stringify(tableToJson(table, []))).toContain('default/c')
  })
})
