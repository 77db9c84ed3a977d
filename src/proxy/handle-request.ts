import type { Route } from '../router/table.ts'
import { answer } from './answer.ts'
import { chooseBackend, describeUnavailable } from './choose-backend.ts'
import type { Exchange } from './exchange.ts'
import { finishRequest } from './finish-request.ts'
import { Forward } from './forward.ts'
import type { ProxyState } from './proxy-state.ts'
import { nextRequestId, requestIdFor } from './request-id.ts'
import type { Refusal } from './request-rules.ts'
import { routeRequest } from './route-request.ts'

/** The life of a request, whatever lane it came by: checked, matched, then forwarded or answered here. */
export function handleRequest(exchange: Exchange, proxy: ProxyState): void {
  const { request } = exchange
  const startedAt = performance.now()
  const requestId = requestIdFor(request.givenId)

  const answerHere = (route: Route | undefined, status: number, text: string, more?: readonly string[]): void => {
    const upstream = answer(exchange, status, text, requestId, more)
    finishRequest(proxy, { lane: exchange.lane, request, route, status, startedAt, requestId, upstream })
  }

  // RFC 9110 section 9.3.7: OPTIONS * is about the server as a whole, and that is us.
  if (request.target === '*') return answerHere(undefined, 200, 'this is a proxy', ['Allow', 'GET, HEAD, OPTIONS'])
  const { table } = proxy
  const routed = routeRequest(request, table)
  if ('status' in routed) {
    // Who sends a malformed one may have meant more with it than we can see: nothing else is read from this connection.
    if (routed.status === 400) exchange.closeAfterwards()
    return answerHere(undefined, routed.status, routed.text)
  }

  const { route, path } = routed
  const { action } = route
  switch (action.kind) {
    case 'redirect':
      return answerHere(route, action.status, 'moved', ['Location', action.location])
    case 'respond':
      return answerHere(
        route,
        action.status,
        action.status === 503 ? 'the backend of this route cannot be used' : 'a fixed answer of this route',
      )
    case 'forward': {
      const backend = chooseBackend(action, table, proxy.balancer)
      if (backend === undefined || backend.endpoints.length === 0) {
        return answerHere(route, 503, describeUnavailable(backend))
      }
      const { maxBodyBytes } = table.settings
      if (maxBodyBytes > 0 && (request.contentLength ?? 0) > maxBodyBytes) {
        return answerHere(route, 413, `the body is larger than ${maxBodyBytes} bytes`)
      }
      new Forward({ proxy, exchange, route, backend, table, path, requestId, startedAt }).start()
      return
    }
    default:
      action satisfies never
  }
}

/** A request that breaks a rule of its lane: answered here, and nothing is asked of the routing table. */
export function refuseRequest(exchange: Exchange, { status, text }: Refusal, proxy: ProxyState): void {
  const { lane, request } = exchange
  const requestId = nextRequestId()
  const startedAt = performance.now()
  const upstream = answer(exchange, status, text, requestId)
  finishRequest(proxy, { lane, request, route: undefined, status, startedAt, requestId, upstream })
}
