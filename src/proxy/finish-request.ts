import type { EndpointId, Route } from '../router/table.ts'
import type { UpstreamErrorReason } from './counters.ts'
import type { DownstreamRequest, Lane } from './exchange.ts'
import type { ProxyState } from './proxy-state.ts'

/** What became of the way to an endpoint. */
export type UpstreamOutcome = {
  /** The one that was tried last. */
  readonly endpoint: EndpointId | undefined
  readonly attempts: number
  /** Of the last attempt, where it failed. */
  readonly failure: UpstreamErrorReason | undefined
  /** Bytes of the body of its answer. */
  readonly bytes: number
}

export type RequestOutcome = {
  readonly lane: Lane | 'tunnel'
  readonly request: DownstreamRequest
  /** undefined: none was found, or nobody looked for one. */
  readonly route: Route | undefined
  readonly status: number
  /** Milliseconds, by performance.now(). */
  readonly startedAt: number
  readonly requestId: string
  /** undefined: answered here. */
  readonly upstream: UpstreamOutcome | undefined
}

/** The one place where requests are counted, whatever lane they came by and however they ended. */
export function finishRequest({ counters }: ProxyState, outcome: RequestOutcome): void {
  const { lane, request, route, status, startedAt } = outcome
  counters.requestsByLane[lane]++
  counters.countRequest(route, request.method, status, (performance.now() - startedAt) / 1000)
}
