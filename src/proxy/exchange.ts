import type { Readable } from 'node:stream'
import type { KeyFields } from './key-fields.ts'

/** What a lane has read of a request before it is routed. */
export interface DownstreamRequest {
  readonly method: string
  /** In origin form, `/path?query`, as sent; or `*`. */
  readonly target: string
  /** Host field or `:authority`, as sent. */
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly httpVersion: string
  /** Flat list, [name, value, …], without pseudo-header fields. */
  readonly headers: readonly string[]
  readonly fields: KeyFields
  readonly clientAddress: string
  /** Bytes, where the client said so. */
  readonly contentLength: number | undefined
}

/** What a lane hears from the proxy about the client's side. */
export interface ExchangeEvents {
  /** The client has read what was written: more may be sent. */
  onDrain(): void
  /** The connection or stream is gone before the answer was complete. */
  onClientGone(): void
}

/**
 * One request and its answer, whoever parses and writes them. Lanes implement it; everything else is written against it.
 * The answer is `inform`* `respond` `write`* `end`, or `abort` at any moment.
 */
export interface Exchange {
  readonly request: DownstreamRequest
  /** undefined: the request has no body. */
  readonly bodySource: Readable | undefined
  readonly expectsContinue: boolean
  /** The client can take trailers. */
  readonly acceptsTrailers: boolean
  /** The head of the final answer is out: nothing can be said any more but the rest of the body. */
  readonly committed: boolean

  subscribe(events: ExchangeEvents): void
  /** An interim answer (1xx); ignored where the client could not understand it. */
  inform(status: number, headers: readonly string[]): void
  respond(status: number, headers: string[]): void
  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean
  end(trailers: readonly string[]): void
  /** Breaks the connection or stream, so that a cut answer never looks complete. */
  abort(): void
  /** Asks the client not to send another request on this connection. */
  closeAfterwards(): void
}
