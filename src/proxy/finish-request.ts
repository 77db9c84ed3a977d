import type { EndpointId, Route } from '../router/table.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import type { UpstreamErrorReason } from './counters.ts'
import type { DownstreamRequest, Lane } from './exchange.ts'
import type { ProxyState } from './proxy-state.ts'

/** What became of the way to an endpoint. */
export type UpstreamOutcome = {
  /** Of the backend that was chosen. */
  readonly service: string
  /** The one that was tried last. */
  readonly endpoint: EndpointId | undefined
  readonly attempts: number
  /** Of the last attempt, where it failed. */
  readonly failure: UpstreamErrorReason | undefined
  /** Bytes of the request's body that were read. */
  readonly requestBytes: number
  /** Bytes of the answer's body that were handed to the client's connection. */
  readonly responseBytes: number
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
  /** A number: answered here, with a body of that many bytes. */
  readonly upstream: UpstreamOutcome | number
}

/** The one place where requests are counted and logged, whatever lane they came by and however they ended. */
export function finishRequest({ counters, accessLog }: ProxyState, outcome: RequestOutcome): void {
  const { lane, request, route, status, startedAt } = outcome
  const seconds = (performance.now() - startedAt) / 1000
  counters.requestsByLane[lane]++
  counters.countRequest(route, request.method, status, seconds)
  if (accessLog !== undefined) accessLog.write(entryOf(outcome, seconds))
}

function entryOf(
  { lane, request, route, status, requestId, upstream }: RequestOutcome,
  duration: number,
): AccessLogEntry {
  const isHere = typeof upstream === 'number'
  return {
    time: Date.now(),
    requestId,
    clientAddress: request.clientAddress,
    method: request.method,
    host: request.authority,
    target: request.target,
    httpVersion: request.httpVersion,
    scheme: request.scheme,
    tlsVersion: request.tlsVersion,
    lane,
    status,
    requestBytes: isHere ? 0 : upstream.requestBytes,
    responseBytes: isHere ? upstream : upstream.responseBytes,
    duration,
    route,
    service: isHere ? undefined : upstream.service,
    endpoint: isHere ? undefined : upstream.endpoint,
    attempts: isHere ? 0 : upstream.attempts,
    reason: isHere ? undefined : upstream.failure,
    userAgent: request.field('user-agent'),
    referer: request.field('referer'),
  }
}
