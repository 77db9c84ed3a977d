import type { BackendId, EndpointId, Route } from '../router/table.ts'
import type { UpstreamErrorReason } from './counters.ts'
import type { DownstreamRequest, Lane } from './exchange.ts'

/** An attempt that another one followed. */
export type EarlierAttempt = {
  readonly endpoint: EndpointId
  /** What the client would have got, had it been the last. */
  readonly status: number
  readonly seconds: number
}

export const noEarlier: readonly EarlierAttempt[] = []

/** What became of the way to an endpoint. */
export type UpstreamOutcome = {
  /** The one that was chosen. */
  readonly backend: BackendId
  /** Of that backend. */
  readonly service: string
  /** The one that was tried last. */
  readonly endpoint: EndpointId | undefined
  readonly attempts: number
  /** Those before the last, where there is an access log; empty: nobody asks for them. */
  readonly earlier: readonly EarlierAttempt[]
  /** Of the last attempt, where it failed. */
  readonly failure: UpstreamErrorReason | undefined
  /** Bytes of the request's body that were read. */
  readonly requestBytes: number
  /** Bytes of the answer's body that were handed to the client's connection. */
  readonly responseBytes: number
  /** Of the last attempt, as all after it; undefined: no final answer has begun. */
  readonly upstreamStatus: number | undefined
  /** Bytes of the body of its answer. */
  readonly upstreamBytes: number
  /** Milliseconds, by performance.now(), as the two after it. */
  readonly attemptStartedAt: number
  /** When its connection came about, which may be long ago; 0: it did not, or nobody knows. */
  readonly connectedAt: number
  /** When its answer began; 0: it did not, or the access log has no use for it. */
  readonly headAt: number
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
