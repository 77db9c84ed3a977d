import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Route } from '../router/table.ts'
import { rawAnswer } from './answer.ts'
import { answeringOn } from './answering-on.ts'
import { chooseBackend, describeUnavailable } from './choose-backend.ts'
import { finishRequest } from './finish-request.ts'
import { Http1Request } from './http1-request.ts'
import type { ProxyState } from './proxy-state.ts'
import { nextRequestId } from './request-id.ts'
import { refusalOfHead } from './request-rules.ts'
import { routeRequest } from './route-request.ts'
import { Tunnel } from './tunnel.ts'
import { refusalOfHandshake } from './websocket-handshake.ts'

/** The life of an upgrade: checked in full before one byte goes upstream, then handed to a tunnel. */
export function handleUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, proxy: ProxyState): void {
  const startedAt = performance.now()
  const request = new Http1Request(incoming)
  socket.on('error', () => socket.destroy())
  const refuse = (route: Route | undefined, status: number, text: string, more?: readonly string[]): void => {
    const requestId = nextRequestId()
    finishRequest(proxy, { lane: 'tunnel', request, route, status, startedAt, requestId, upstream: 0 })
    socket.end(rawAnswer(status, text, more), () => socket.destroy())
  }

  // An earlier request of this connection is still being answered: its bytes and ours would mix.
  if (answeringOn(socket) !== undefined) return void socket.destroy()
  const refusal = refusalOfHead(request) ?? refusalOfHandshake(request)
  // RFC 6455 section 4.2.2: a version we do not speak is answered with the one we do.
  if (refusal?.status === 426) return refuse(undefined, 426, refusal.text, ['Sec-WebSocket-Version', '13'])
  if (refusal !== undefined) return refuse(undefined, refusal.status, refusal.text)

  const { table } = proxy
  const routed = routeRequest(request, table)
  if ('status' in routed) return refuse(undefined, routed.status, routed.text)
  const { route, path } = routed
  if (route.action.kind !== 'forward') return refuse(route, 400, 'this path does not take upgrades')
  const backend = chooseBackend(route.action, table, proxy.balancer)
  if (backend === undefined || backend.endpoints.length === 0) {
    return refuse(route, 503, describeUnavailable(backend))
  }
  new Tunnel({ proxy, request, socket, head, route, backend, path, startedAt }).start()
}
