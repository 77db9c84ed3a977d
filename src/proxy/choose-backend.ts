import type { Action, Backend, RoutingTable } from '../router/table.ts'
import type { Balancer } from './balancer.ts'

/** The backend that a forwarding route's next request goes to; undefined where none has a share, or it is gone. */
export function chooseBackend(action: Action, table: RoutingTable, balancer: Balancer): Backend | undefined {
  if (action.kind !== 'forward') return undefined
  const chosen = balancer.choose(action.backends)
  return chosen === undefined ? undefined : table.backends.get(chosen.backend)
}
