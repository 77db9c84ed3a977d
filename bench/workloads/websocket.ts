import { runClient } from '../load/run.ts'
import { measureLoad } from '../measure/sample.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

export function websocket(bench: Bench): Workload {
  return {
    ...defaults,
    name: 'websocket',
    title: 'WebSocket echo',
    notes: ['Figures are per message of 64 bytes and its echo; 64 connections.'],
    loadBy: 'our own client',
    entrants: entrantsOf(bench, ['websocket']),
    share: 0.67,
    measure(_entrant, instance, seconds) {
      const options = { port: instance.port, seconds, connections: 64 }
      return measureLoad(instance, () => runClient(bench.coresFor(1).load, 'websocket-echo.ts', options))
    },
  }
}
