import { closedLoop } from './closed-loop.ts'
import { type Bench, entrantsOf, type Workload } from './workload.ts'

export function smallGet(bench: Bench): Workload {
  const hasFloor = bench.peers.some(({ abilities }) => !abilities.has('upstream'))
  return closedLoop(bench, {
    name: 'small-get',
    title: 'Small GET, HTTP/1.1, keep-alive',
    notes: [
      '109 bytes, 64 connections.',
      ...(hasFloor ? ['The bare node:http answers by itself: the floor, not a proxy.'] : []),
    ],
    entrants: entrantsOf(bench, []),
  })
}

export function smallGetTls(bench: Bench): Workload {
  return closedLoop(bench, {
    name: 'tls',
    title: 'Small GET, HTTP/1.1, keep-alive, TLS',
    entrants: entrantsOf(bench, ['tls']),
    tls: true,
  })
}
