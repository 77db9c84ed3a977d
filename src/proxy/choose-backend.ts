import type { Action, Backend, BackendState, RoutingTable } from '../router/table.ts'
import type { Balancer } from './balancer.ts'

const whyUnavailable: Readonly<Record<BackendState, string>> = {
  ok: 'the service has no ready endpoints',
  'no-ready-endpoints': 'the service has no ready endpoints',
  'service-not-found': 'the service does not exist',
  'port-not-found': 'the service has no such port',
  unsupported: 'the service cannot be used as a backend',
}

/** For the answer to a client: why nobody can be asked. */
export function describeUnavailable(backend: Backend | undefined): string {
  return backend === undefined ? 'no backend has a share of this route' : whyUnavailable[backend.state]
}

/** The backend that a forwarding route's next request goes to; undefined where none has a share, or it is gone. */
export function chooseBackend(action: Action, table: RoutingTable, balancer: Balancer): Backend | undefined {
  if (action.kind !== 'forward') return undefined
  const chosen = balancer.choose(action.backends)
  return chosen === undefined ? undefined : table.backends.get(chosen.backend)
}
