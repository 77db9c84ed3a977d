import type { MetricsInput } from '../../src/admin/metrics-input.ts'
import { Counters } from '../../src/proxy/counters.ts'
import type { Route } from '../../src/router/table.ts'
import { makeTableCertificate } from '../support/certificates.ts'

export const route: Route = {
  id: 'Ingress/shop/web/spec.rules[0].http.paths[0]',
  origin: { kind: 'Ingress', namespace: 'shop', name: 'web', field: 'spec.rules[0].http.paths[0]' },
  host: 'shop.example.com',
  path: '/',
  pathType: 'Prefix',
  action: { kind: 'forward', backends: [{ backend: 'shop/web:80', weight: 1 }] },
}

/** One of everything, so that no metric stays without a sample. */
export function fullInput(changed: Partial<MetricsInput> = {}): MetricsInput {
  const counters = new Counters()
  counters.countRequest(route, 'GET', 200, 0.003)
  const health = { eventLoopDelay: { p50: 0.01, p99: 0.02, max: 0.5 }, residentBytes: 50_000_000 }
  return {
    ready: true,
    counters: counters.snapshot(),
    logLinesDropped: 2,
    config: { generation: 7, lastSuccess: 1_790_000_000, lastBuildSeconds: 0.25 },
    problems: [
      {
        object: { kind: 'Ingress', namespace: 'shop', name: 'web' },
        field: 'spec.tls[0].secretName',
        reason: 'TlsSecretNotFound',
        message: 'no such Secret',
        instead: 'default certificate',
      },
    ],
    certificates: new Map([['shop.example.com', makeTableCertificate(['shop.example.com'])]]),
    watches: [{ kind: 'Ingress', connected: true }],
    controlPlane: { connected: true, lastContact: 1_790_000_001 },
    workers: { alive: 2, restarts: 1 },
    processes: [
      { ...health, process: 'primary', generation: undefined },
      { ...health, process: 'worker-1', generation: 7 },
    ],
    ...changed,
  }
}

export type ParsedSample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type ParsedFamily = { readonly type: string; readonly help: string; readonly samples: readonly ParsedSample[] }

/** Reads the text format as Prometheus does; throws where it would refuse the scrape. */
export function parseMetrics(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, { type: string; help: string; samples: ParsedSample[] }>()
  const seen = new Set<string>()
  let current = ''
  for (const line of text.split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, keyword, name = '', rest = ''] = comment
      if (keyword === 'HELP') {
        if (families.has(name)) throw new Error(`${name} comes twice`)
        families.set(name, { type: '', help: rest, samples: [] })
      }
      const family = families.get(name)
      if (family !== undefined && keyword === 'TYPE') family.type = rest
      current = name
      continue
    }
    const [, name = '', labelText = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line) ?? []
    if (name === '' || name.replace(/_(?:bucket|sum|count)$/, '') !== current.replace(/_(?:bucket|sum|count)$/, '')) {
      throw new Error(`not a sample of ${current}: ${line}`)
    }
    const identity = `${name}{${labelText}}`
    if (seen.has(identity)) throw new Error(`${identity} comes twice`)
    seen.add(identity)
    families.get(current)?.samples.push({ name, labels: parseLabels(labelText), value: Number(value) })
  }
  return families
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/gy
  let end = 0
  for (const match of text.matchAll(label)) {
    const [whole, name = '', value = ''] = match
    labels[name] = value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
    end = match.index + whole.length
  }
  if (end !== text.length) throw new Error(`bad labels: ${text}`)
  return labels
}
