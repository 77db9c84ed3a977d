import { match } from '../router/match.ts'
import { normalisePath } from '../router/normalise-path.ts'
import type { Route, RoutingTable } from '../router/table.ts'
import type { DownstreamRequest } from './exchange.ts'
import { RequestQuestion } from './question.ts'
import type { Refusal } from './request-rules.ts'

/** `path`: path and query as an endpoint shall see them. */
export type Routed = { readonly route: Route; readonly path: string }

/** One way from a request to its route, for ordinary requests and upgrades: no spelling may be read differently by the two. */
export function routeRequest(request: DownstreamRequest, table: RoutingTable): Routed | Refusal {
  const { host } = request
  if (host === undefined) return { status: 400, text: 'malformed Host' }
  const path = normalisePath(request.target)
  if (path === undefined) return { status: 400, text: 'malformed or ambiguous path' }
  const route = match(table, new RequestQuestion(request, host, path.match))
  if (route === undefined) return { status: 404, text: 'no route for this host and path' }
  return { route, path: path.forward }
}
