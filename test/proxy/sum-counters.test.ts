import { describe, expect, it } from 'vitest'
import { Counters, type CountersSnapshot } from '../../src/proxy/counters.ts'
import { CounterTotals, sumCounters } from '../../src/proxy/sum-counters.ts'
import type { Route } from '../../src/router/table.ts'

function routeOf(host: string): Route {
  return {
    id: host,
    origin: { kind: 'Ingress', namespace: 'shop', name: 'web', field: 'spec.rules[0].http.paths[0]' },
    host,
    path: '/',
    pathType: 'Prefix',
    action: { kind: 'forward', backends: [{ backend: 'shop/web:80', weight: 1 }] },
  }
}

function counted(...hosts: string[]): Counters {
  const counters = new Counters()
  for (const host of hosts) counters.countRequest(routeOf(host), 'GET', 200, 0.5)
  return counters
}

function requestsOf(snapshot: CountersSnapshot): Record<string, number> {
  return Object.fromEntries(
    snapshot.series.map(({ labels, requests }) => [labels.host, requests.reduce((sum, count) => sum + count, 0)]),
  )
}

describe('the sum of counters', () => {
  it('of none is nothing', () => {
    const sum = sumCounters([])
    expect(sum).toMatchObject({ series: [], retries: 0, requestsInFlight: 0, connections: 0, tunnels: 0 })
    expect(Object.values(sum.upstreamErrors).every((count) => count === 0)).toBe(true)
  })

  it('adds series with the same labels and keeps the others', () => {
    const a = counted('a', 'b')
    const b = counted('b', 'c')
    b.countRequest(undefined, 'GET', 404, 0.5)
    const sum = sumCounters([a.snapshot(), b.snapshot()])
    expect(requestsOf(sum)).toEqual({ a: 1, b: 2, c: 1, '': 1 })
    const both = sum.series.find(({ labels }) => labels.host === 'b')
    expect(both?.durationSum).toBe(1)
    expect(both?.durations.reduce((total, count) => total + count, 0)).toBe(2)
  })

  it('adds errors, retries and gauges', () => {
    const a = counted()
    const b = counted()
    for (const counters of [a, b]) {
      counters.upstreamErrors['bad-response'] = 2
      counters.retries = 3
      counters.connections = 4
      counters.requestsInFlight = 5
      counters.tunnels = 6
      counters.accessLogLinesDropped = 7
      counters.logLinesDropped = 8
    }
    const sum = sumCounters([a.snapshot(), b.snapshot()])
    expect(sum.upstreamErrors).toMatchObject({ 'bad-response': 4, 'connect-refused': 0 })
    expect(sum).toMatchObject({ retries: 6, connections: 8, requestsInFlight: 10, tunnels: 12 })
    expect(sum).toMatchObject({ accessLogLinesDropped: 14, logLinesDropped: 16 })
  })

  it('adds ejections, but no endpoints: all processes know the same ones', () => {
    const [a, b] = [counted(), counted()]
    a.ejections.refused = 3
    b.ejections.refused = 4
    b.ejections.silent = 1
    a.endpointsEjected = 3
    b.endpointsEjected = 2
    expect(sumCounters([a.snapshot(), b.snapshot()])).toMatchObject({
      ejections: { refused: 7, unreachable: 0, silent: 1 },
      endpointsEjected: 3,
    })
  })

  it('leaves what it adds as it was', () => {
    const snapshots = [counted('a').snapshot(), counted('a').snapshot()]
    expect(requestsOf(sumCounters(snapshots))).toEqual({ a: 2 })
    expect(snapshots.map(requestsOf)).toEqual([{ a: 1 }, { a: 1 }])
  })
})

describe('totals over the life of processes', () => {
  it('take the last snapshot of each process', () => {
    const totals = new CounterTotals()
    const counters = counted('a')
    totals.add('worker-1', counters.snapshot())
    counters.countRequest(routeOf('a'), 'GET', 200, 1)
    totals.add('worker-1', counters.snapshot())
    totals.add('worker-2', counted('a').snapshot())
    expect(requestsOf(totals.total())).toEqual({ a: 3 })
  })

  it('never go backwards when a process is replaced, while its connections are gone', () => {
    const totals = new CounterTotals()
    const first = counted('a', 'a')
    first.connections = 7
    first.retries = 2
    totals.add('worker-1', first.snapshot())
    totals.retire('worker-1')
    expect(totals.total()).toMatchObject({ connections: 0, retries: 2 })
    totals.add('worker-2', counted('a').snapshot())
    expect(requestsOf(totals.total())).toEqual({ a: 3 })
    totals.retire('worker-2')
    totals.retire('worker-2')
    totals.retire('never seen')
    expect(requestsOf(totals.total())).toEqual({ a: 3 })
  })

  it('forget the routes of ended processes that are gone, and never the requests that fitted none', () => {
    const totals = new CounterTotals()
    const counters = counted('a', 'b')
    counters.countRequest(undefined, 'GET', 404, 1)
    totals.add('worker-1', counters.snapshot())
    totals.retire('worker-1')
    totals.retain(({ host }) => host === 'b')
    expect(requestsOf(totals.total())).toEqual({ b: 1, '': 1 })
  })
})
