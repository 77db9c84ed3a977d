import { measureLoad } from '../measure/sample.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

type Streams = {
  readonly name: string
  readonly title: string
  readonly connections: number
  /** Requests under way on each. */
  readonly streams: number
  readonly path?: string
  readonly share?: number
}

export function http2(bench: Bench): Workload {
  return overHttp2(bench, { name: 'h2', title: 'Small GET, HTTP/2, TLS', connections: 16, streams: 8 })
}

export function http2OneConnection(bench: Bench): Workload {
  return overHttp2(bench, {
    name: 'h2-one',
    title: 'Small GET, HTTP/2, TLS, one connection',
    connections: 1,
    streams: 32,
    share: 0.67,
  })
}

export function http2OneStream(bench: Bench): Workload {
  return overHttp2(bench, {
    name: 'h2-many',
    title: 'Small GET, HTTP/2, TLS, one request at a time',
    connections: 64,
    streams: 1,
    share: 0.67,
  })
}

export function http2Response64k(bench: Bench): Workload {
  return overHttp2(bench, {
    name: 'h2-64k',
    title: 'Response of 64 KB, HTTP/2, TLS',
    connections: 16,
    streams: 8,
    path: '/64k',
    share: 0.67,
  })
}

function overHttp2(bench: Bench, { name, title, connections, streams, path = '/', share = 1 }: Streams): Workload {
  const { tools, coresFor, folder } = bench
  const { http2: load } = tools
  return {
    ...defaults,
    name,
    title,
    share,
    notes: [`${connections} connection${connections === 1 ? '' : 's'} with ${streams} requests under way on each.`],
    loadBy: 'h2load',
    entrants: entrantsOf(bench, ['h2', 'tls', 'upstream']),
    unavailable: load === undefined ? 'h2load is not installed' : undefined,
    measure(_entrant, instance, seconds) {
      if (load === undefined) throw new Error('h2load is not installed')
      const { tlsPort } = instance
      const cores = coresFor(1).load
      return measureLoad(instance, () => load({ tlsPort, path, seconds, connections, streams, cores, folder }))
    },
  }
}
