import type { Route } from '../router/table.ts'
import type { UpstreamErrorReason } from './counters.ts'

/** What is told of one exchange when it has ended, however it ended. Plain data: what a line looks like is a format's business. */
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
  /** Bytes of the body that were read. */
  readonly requestBytes: number
  /** Bytes of the body that were handed to the client's connection. */
  readonly responseBytes: number
  /** Seconds, from the head of the request to the end of the exchange. */
  readonly duration: number
  readonly route: Route | undefined
  /** Of the backend that was chosen. */
  readonly service: string | undefined
  /** Endpoint id of the last attempt. */
  readonly endpoint: string | undefined
  readonly attempts: number
  /** Of the last failed attempt. */
  readonly reason: UpstreamErrorReason | undefined
  readonly userAgent: string | undefined
  readonly referer: string | undefined
}
