import { parseHostHeader } from '../router/host-name.ts'
import { match } from '../router/match.ts'
import { normalisePath } from '../router/normalise-path.ts'
import type { Route } from '../router/table.ts'
import { answer } from './answer.ts'
import { chooseBackend, describeUnavailable } from './choose-backend.ts'
import type { DownstreamRequest, Exchange } from './exchange.ts'
import { Forward } from './forward.ts'
import type { ProxyState } from './proxy-state.ts'
import { RequestQuestion } from './question.ts'
import { isAcceptableRequestId, nextRequestId } from './request-id.ts'

/** The life of a request, whatever lane it came by: checked, matched, then forwarded or answered here. */
export function handleRequest(exchange: Exchange, proxy: ProxyState): void {
  const { request } = exchange
  const startedAt = performance.now()
  const requestId = requestIdOf(request)

  const answerHere = (route: Route | undefined, status: number, text: string, more?: readonly string[]): void => {
    answer(exchange, status, text, requestId, more)
    proxy.counters.countRequest(route, request.method, status, (performance.now() - startedAt) / 1000)
  }

  // Who sends such a thing may have meant more with it than we can see: nothing else is read from this connection.
  const refuse = (status: number, text: string): void => {
    exchange.closeAfterwards()
    answerHere(undefined, status, text)
  }

  // RFC 9110 section 9.3.7: OPTIONS * is about the server as a whole, and that is us.
  if (request.target === '*') return answerHere(undefined, 200, 'this is a proxy', ['Allow', 'GET, HEAD, OPTIONS'])
  const host = parseHostHeader(request.authority)
  if (host === undefined) return refuse(400, 'malformed Host')
  const path = normalisePath(request.target)
  if (path === undefined) return refuse(400, 'malformed or ambiguous path')

  const table = proxy.table
  const route = match(table, new RequestQuestion(request, host, path.match))
  if (route === undefined) return answerHere(undefined, 404, 'no route for this host and path')

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
      new Forward({ proxy, exchange, route, backend, table, path: path.forward, requestId, startedAt }).start()
      return
    }
    default:
      action satisfies never
  }
}

function requestIdOf(request: DownstreamRequest): string {
  const { requestIds, requestId } = request.fields
  return requestIds === 1 && isAcceptableRequestId(requestId) ? requestId : nextRequestId()
}
