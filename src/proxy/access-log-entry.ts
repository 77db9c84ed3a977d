import type { BackendId, Route } from '../router/table.ts'
import type { UpstreamErrorReason } from './counters.ts'
import type { EarlierAttempt } from './request-outcome.ts'

/**
 * What is told of one exchange when it has ended, however it ended: what a line looks like is a format's business. A value may cost
 * something to find out, so each is asked for by those formats only that have it.
 */
export type AccessLogEntry = {
  /** Milliseconds since 1970, at the end of the exchange. */
  readonly time: number
  readonly requestId: string
  readonly clientAddress: string
  /** Empty, as the two after it, where the head could not be read so far. */
  readonly method: string
  /** Host field or `:authority`, as sent. */
  readonly host: string
  /** As sent. */
  readonly target: string
  readonly httpVersion: string
  readonly scheme: 'http' | 'https'
  /** As node:tls says it; undefined without TLS, or where a lane does not know. */
  readonly tlsVersion: string | undefined
  readonly lane: 'fast' | 'standard' | 'h2' | 'tunnel'
  /** 499: the client left before the answer began. */
  readonly status: number
  /** Bytes of the head as it would be in HTTP/1.1, and of the body that were read. */
  readonly requestLength: number
  /** Bytes of the body that were read. */
  readonly requestBytes: number
  /** Bytes of the body that were handed to the client's connection. */
  readonly responseBytes: number
  /** Seconds, from the head of the request to the end of the exchange. */
  readonly duration: number
  /** Seconds that the last attempt waited for a new connection; undefined: it had one, or none came about. */
  readonly connectDuration: number | undefined
  /** Seconds from the head of the request to that of the endpoint's answer. */
  readonly firstByteDuration: number | undefined
  readonly route: Route | undefined
  /** The one that was chosen. */
  readonly backend: BackendId | undefined
  /** Of that backend. */
  readonly service: string | undefined
  /** Endpoint id of the last attempt. */
  readonly endpoint: string | undefined
  /** Of the last attempt, as the three after it: undefined where no answer began. */
  readonly upstreamStatus: number | undefined
  /** Bytes of the body of its answer; undefined: there was no attempt. */
  readonly upstreamBytes: number | undefined
  /** Seconds from its begin to the end of the exchange. */
  readonly upstreamDuration: number | undefined
  readonly attempts: number
  /** Those before the last; of a WebSocket they are not known. */
  readonly earlier: readonly EarlierAttempt[]
  /** Of the last failed attempt. */
  readonly reason: UpstreamErrorReason | undefined
  /** The name in the credentials of Basic authentication, whether or not anybody has checked them. */
  readonly user: string | undefined
  readonly userAgent: string | undefined
  readonly referer: string | undefined
}
