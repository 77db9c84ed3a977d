import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRoutingTable, createTableBuilder } from '../../src/router/build.ts'
import { chunkPatch, diffTables, isEmptyPatch } from '../../src/router/diff.ts'
import { match } from '../../src/router/match.ts'
import { applyPatch, applyPatchInPlace } from '../../src/router/patch.ts'
import type { Host, HostTable, Route, RoutingTable } from '../../src/router/table.ts'
import { applyChanges, emptyClusterState } from '../../src/watch/cluster-state.ts'
import type { Ingress } from '../../src/watch/objects.ts'
import { change } from './cluster.ts'
import { certificate, input, options, question } from './inputs.ts'

const secrets = [
  new Map(),
  new Map([
    ['default/a', certificate('default/a', ['a.com'])],
    ['default/b', certificate('default/b', ['*.com'])],
  ]),
]
const steps = fc.array(
  fc.record({
    changes: fc.array(change, { maxLength: 8 }),
    certificates: fc.constantFrom(...secrets),
    externalAddresses: fc.constantFrom(new Map(), new Map([['x.com', ['10.9.9.9']]])),
  }),
  { minLength: 1, maxLength: 6 },
)

function hostsOf(table: RoutingTable): HostTable | undefined {
  return table.listeners.get('http')?.hosts
}

describe('createTableBuilder', () => {
  it('gives after any changes what a build from scratch gives', () => {
    const variants = [
      options,
      { ...options, defaultBackendService: { namespace: 'default', name: 'c', port: undefined } },
      {
        ...options,
        watchNamespaceSelector: 'team=shop',
        configMap: 'default/settings',
        defaultCertificate: 'default/a',
      },
    ]
    fc.assert(
      fc.property(steps, fc.constantFrom(...variants), (list, chosen) => {
        const build = createTableBuilder(chosen)
        let state = emptyClusterState
        for (const { changes, ...rest } of list) {
          state = applyChanges(state, changes)
          const kept = build(input(state, rest))
          const fresh = buildRoutingTable(input(state, rest), chosen)
          const { generation } = kept.table
          expect(kept).toEqual({ ...fresh, table: { ...fresh.table, generation } })
          expect(kept.table.listeners.get('https')?.hosts).toBe(hostsOf(kept.table))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same table for the same contents, and a new generation with each that differs', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const build = createTableBuilder(options)
        let state = emptyClusterState
        let before = build(input(state)).table
        for (const { changes, ...rest } of list) {
          state = applyChanges(state, changes)
          const { table } = build(input(state, rest))
          const isSame = isEmptyPatch(diffTables(before, table))
          expect(table === before).toBe(isSame)
          expect(table.generation).toBe(before.generation + (isSame ? 0 : 1))
          before = table
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('applyPatch', () => {
  it('makes the second table of the first, whole or in pieces, and listeners go on to share their hosts', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (list, size) => {
        const build = createTableBuilder(options)
        let state = emptyClusterState
        let before: RoutingTable | undefined
        for (const { changes, ...rest } of list) {
          state = applyChanges(state, changes)
          const after = build(input(state, rest)).table
          const patch = structuredClone(diffTables(before, after))
          expect(applyPatch(before, patch)).toEqual(after)
          const patched = chunkPatch(patch, size).reduce<RoutingTable | undefined>(applyPatch, before)
          expect(patched).toEqual(after)
          expect(patched && hostsOf(patched)).toBe(patched?.listeners.get('https')?.hosts)
          before = patched
        }
      }),
      { numRuns: 200 },
    )
  })

  it('makes the same in place, and listeners that go on with the old hosts do not see it', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const build = createTableBuilder(options)
        let state = emptyClusterState
        let before = buildRoutingTable(input({}), options).table
        let own = applyPatch(undefined, diffTables(undefined, before))
        for (const { changes, ...rest } of list) {
          state = applyChanges(state, changes)
          const after = build(input(state, rest)).table
          own = applyPatchInPlace(own, diffTables(before, after))
          expect(own).toEqual(after)
          before = after
        }
        const { hosts } = own.listeners.get('http') ?? {}
        const kept = structuredClone(hosts)
        const other = applyPatch(undefined, diffTables(undefined, buildRoutingTable(input({}), options).table))
        const http = other.listeners.get('http')
        const apart =
          http === undefined ? own : { ...own, listeners: new Map([...own.listeners, ['http', http] as const]) }
        expect(applyPatchInPlace(own, diffTables(own, apart))).toEqual(apart)
        expect(hosts).toEqual(kept)
      }),
      { numRuns: 100 },
    )
  })

  it('tells listeners apart that shared their hosts, and makes those share that did not', () => {
    const table = buildRoutingTable(input({}), options).table
    const rest: Host = { name: '*', exact: new Map(), prefixes: [], fallback: undefined }
    const hosts: HostTable = { exact: new Map(), oneLabel: new Map(), anyLabel: new Map(), rest }
    const apart: RoutingTable = {
      ...table,
      listeners: new Map([...table.listeners, ['https', { id: 'https', protocol: 'https', hosts }]]),
    }
    expect(applyPatch(table, diffTables(table, apart))).toEqual(apart)
    expect(applyPatch(apart, diffTables(apart, table))).toEqual(table)
    expect(applyPatch(table, diffTables(table, { ...table, listeners: new Map() })).listeners.size).toBe(0)
  })
})

describe('match', () => {
  const path = fc.constantFrom('/', '/a', '/a/', '/a/b', '/a/b/', '/ab', '/ab/c', '/a/bc', '/b')
  const name = fc.constantFrom('a.com', 'b.com', 'x.com', 'y.b.com', 'z.y.b.com', 'com')

  it('finds what trying every path of every host finds', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), name, path, (changes, host, asked) => {
        const { table } = buildRoutingTable(input(applyChanges(emptyClusterState, changes)), options)
        const hosts = hostsOf(table)
        expect(match(table, question(host, asked))).toBe(hosts && naiveMatch(hosts, host, asked))
      }),
      { numRuns: 1000 },
    )
  })
})

function naiveMatch(hosts: HostTable, name: string, path: string): Route | undefined {
  const wildcards = [...hosts.oneLabel.values()].flat()
  const host =
    hosts.exact.get(name) ??
    wildcards.find((each) => name.replace(/^[^.]+/, '*') === each.name && name.includes('.')) ??
    hosts.rest
  const segments = path.split('/').filter((text) => text !== '')
  const fitting = (host?.prefixes ?? []).filter((entry) => {
    const wanted = entry.path.split('/').filter((text) => text !== '')
    return wanted.every((text, at) => segments[at] === text)
  })
  const longest = fitting.sort((a, b) => b.path.length - a.path.length)[0]
  return (host?.exact.get(path) ?? longest ?? host?.fallback)?.candidates[0]?.route
}

describe('spec.defaultBackend beside rules', () => {
  // The route was labelled `*`, a host that this table does not have: its counters were forgotten with every change.
  it('makes a route of each of its hosts, under the name of that host', () => {
    const spec = {
      defaultBackend: { service: { name: 'a', port: { number: 80 } } },
      rules: [{ host: 'a.com' }, { host: '*.b.com' }],
    }
    const ingress: Ingress = { kind: 'Ingress', metadata: { name: 'a', namespace: 'default' }, spec }
    const { table } = buildRoutingTable(input({ ingresses: new Map([['default/a', ingress]]) }), options)
    const hosts = ['a.com', 'x.b.com'].map((host) => match(table, question(host, '/'))?.host)
    expect(hosts).toEqual(['a.com', '*.b.com'])
  })
})

describe('an Ingress of any shape', () => {
  it('makes problems at worst', () => {
    const broken = fc.oneof(
      fc.jsonValue(),
      fc.record({ rules: fc.jsonValue(), tls: fc.jsonValue(), defaultBackend: fc.jsonValue() }),
      fc.record({
        rules: fc.array(fc.record({ host: fc.jsonValue(), http: fc.record({ paths: fc.array(fc.jsonValue()) }) })),
        ingressClassName: fc.jsonValue(),
        tls: fc.array(fc.record({ hosts: fc.jsonValue(), secretName: fc.jsonValue() })),
      }),
    )
    fc.assert(
      fc.property(broken, (spec) => {
        const ingress = { kind: 'Ingress', metadata: { name: 'x', namespace: 'default' }, spec } as Ingress
        const build = buildRoutingTable(input({ ingresses: new Map([['default/x', ingress]]) }), options)
        expect(build.table.generation).toBe(1)
        for (const { message, field } of build.problems) expect(message !== '' && field !== '').toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
