import { measureLoad } from '../measure/sample.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

export function http2(bench: Bench): Workload {
  const { tools, coresFor, folder } = bench
  const { http2: load } = tools
  return {
    ...defaults,
    name: 'h2',
    title: 'Small GET, HTTP/2, TLS',
    notes: ['16 connections with 8 requests under way on each.'],
    loadBy: 'h2load',
    entrants: entrantsOf(bench, ['h2', 'tls']),
    unavailable: load === undefined ? 'h2load is not installed' : undefined,
    measure(_entrant, instance, seconds) {
      if (load === undefined) throw new Error('h2load is not installed')
      const { tlsPort } = instance
      const cores = coresFor(1).load
      return measureLoad(instance, () => load({ tlsPort, seconds, connections: 16, streams: 8, cores, folder }))
    },
  }
}
