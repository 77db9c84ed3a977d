import type { NewConnections } from '../load/clients/new-connections.ts'
import { runClient } from '../load/run.ts'
import { measureLoad } from '../measure/sample.ts'
import { closedLoop } from './closed-loop.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

export function newConnections(bench: Bench): Workload {
  return closedLoop(bench, {
    name: 'connect',
    title: 'New connection per request',
    entrants: entrantsOf(bench, []),
    share: 0.67,
    load: { connectEachTime: true },
  })
}

export function fullHandshakes(bench: Bench): Workload {
  return handshakes(bench, 'full', 'New connection per request, full TLS 1.3 handshake')
}

export function resumedHandshakes(bench: Bench): Workload {
  return handshakes(bench, 'resumed', 'New connection per request, resumed TLS 1.3 session')
}

/** Our own client, as none of the usual ones says which of the two it did. */
function handshakes(bench: Bench, handshake: NewConnections['handshake'], title: string): Workload {
  return {
    ...defaults,
    name: `tls-${handshake}`,
    title,
    notes: ['16 at a time. A handshake of the other kind counts as an error.'],
    loadBy: 'our own client, which costs as much as the proxy',
    entrants: entrantsOf(bench, ['gateway']),
    share: 0.67,
    measure(_entrant, instance, seconds) {
      const options: NewConnections = { port: instance.tlsPort, handshake, seconds, connections: 16 }
      return measureLoad(instance, () => runClient(bench.coresFor(1).load, 'new-connections.ts', options))
    },
  }
}
