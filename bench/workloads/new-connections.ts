import type { NewConnections } from '../load/clients/new-connections.ts'
import { runClient } from '../load/run.ts'
import { measureLoad } from '../measure/sample.ts'
import type { Ability } from '../peers/peer.ts'
import { closedLoop } from './closed-loop.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

export function newConnections(bench: Bench): Workload {
  const name = 'connect'
  const title = 'New connection per request'
  if (!bench.tools.closedLoop.canConnectEachTime) return handshakes(bench, { name, title, handshake: 'none' }, [])
  const load = { connectEachTime: true }
  return closedLoop(bench, { name, title, entrants: entrantsOf(bench, []), share: 0.67, load })
}

export function fullHandshakes(bench: Bench): Workload {
  const title = 'New connection per request, full TLS 1.3 handshake'
  return handshakes(bench, { name: 'tls-full', title, handshake: 'full' }, ['gateway'])
}

export function resumedHandshakes(bench: Bench): Workload {
  const title = 'New connection per request, resumed TLS 1.3 session'
  return handshakes(bench, { name: 'tls-resumed', title, handshake: 'resumed' }, ['gateway'])
}

type Handshakes = Pick<Workload, 'name' | 'title'> & Pick<NewConnections, 'handshake'>

/** Our own client, as none of the usual ones says which of the handshakes it did. */
function handshakes(bench: Bench, { name, title, handshake }: Handshakes, abilities: readonly Ability[]): Workload {
  return {
    ...defaults,
    ...{ name, title },
    notes: ['16 at a time. A handshake of another kind counts as an error.'],
    loadBy: 'our own client, which costs as much as the proxy',
    entrants: entrantsOf(bench, abilities),
    share: 0.67,
    measure(_entrant, instance, seconds) {
      const port = handshake === 'none' ? instance.port : instance.tlsPort
      const options: NewConnections = { port, handshake, seconds, connections: 16 }
      return measureLoad(instance, () => runClient(bench.coresFor(1).load, 'new-connections.ts', options))
    },
  }
}
