import type { Route } from '../router/table.ts'
import { chooseBackend, describeUnavailable } from './choose-backend.ts'
import { finishRequest } from './finish-request.ts'
import type { ProxyState } from './proxy-state.ts'
import { nextRequestId } from './request-id.ts'
import type { Refusal } from './request-rules.ts'
import { routeRequest } from './route-request.ts'
import { Tunnel } from './tunnel.ts'
import type { TunnelClient } from './tunnel-client.ts'

type Asking = {
  readonly client: TunnelClient
  readonly proxy: ProxyState
  /** Milliseconds, by performance.now(). */
  readonly startedAt: number
  readonly route?: Route
}

/** Finds out where a tunnel leads, and begins it. */
export function openTunnel(client: TunnelClient, proxy: ProxyState, startedAt: number): void {
  const { table } = proxy
  const asking = { client, proxy, startedAt }
  const routed = routeRequest(client.request, table)
  if ('status' in routed) return refuseTunnel(asking, routed)
  const { route, path } = routed
  if (route.action.kind !== 'forward') {
    return refuseTunnel({ ...asking, route }, { status: 400, text: 'this path does not take upgrades' })
  }
  const backend = chooseBackend(route.action, table, proxy.balancer)
  if (backend === undefined || backend.endpoints.length === 0) {
    return refuseTunnel({ ...asking, route }, { status: 503, text: describeUnavailable(backend) })
  }
  new Tunnel({ proxy, client, route, backend, path, startedAt }).start()
}

export function refuseTunnel({ client, proxy, startedAt, route }: Asking, { status, text }: Refusal): void {
  const { request } = client
  finishRequest(proxy, { lane: 'tunnel', request, route, status, startedAt, requestId: nextRequestId(), upstream: 0 })
  // RFC 6455 section 4.2.2: a version we do not speak is answered with the one we do.
  client.refuse(status, text, status === 426 ? ['Sec-WebSocket-Version', '13'] : undefined)
}
