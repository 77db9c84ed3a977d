import type { Readable } from 'node:stream'
import type { Fields } from './fields.ts'

/** Who parses a request and writes its answer. */
export type Lane = 'fast' | 'standard' | 'h2'

/** What a lane has read of a request before it is routed. */
export interface DownstreamRequest {
  readonly method: string
  /** In origin form, `/path?query`, as sent; or `*`. */
  readonly target: string
  /** Host field or `:authority`, as sent. */
  readonly authority: string
  /** The host of it, as routes are found by; undefined: malformed. */
  readonly host: string | undefined
  readonly scheme: 'http' | 'https'
  readonly httpVersion: string
  /** Flat list, [name, value, …], without pseudo-header fields. */
  readonly headers: readonly string[]
  /** Of the client's own fields those that go on to an endpoint, as lines (see headers.ts). */
  readonly passing: string
  /** Fields that tell an endpoint who asks, as lines, up to the value of X-Request-ID (see headers.ts). */
  readonly identity: string
  /** The client's own X-Request-ID; empty where there is none, or more than one. */
  readonly givenId: string
  readonly clientAddress: string
  /** As node:tls says it; undefined without TLS. */
  readonly tlsVersion: string | undefined
  /** Bytes, where the client said so. */
  readonly contentLength: number | undefined
  /** The value of the only field of that name; undefined where there is none or more than one. */
  field(lowerName: string): string | undefined
}

/** The head of an answer as the client gets it. */
export type ResponseHead = {
  readonly status: number
  readonly fields: Fields
  /** A Date is among the fields. */
  readonly hasDate: boolean
  /** Content-Length is among the fields. */
  readonly hasLength: boolean
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
 * The answer is `inform`* `respond` (`write` | `flush`)* `end`, or `abort` at any moment.
 */
export interface Exchange {
  readonly lane: Lane
  readonly request: DownstreamRequest
  /** undefined: the request has no body. */
  readonly bodySource: Readable | undefined
  readonly expectsContinue: boolean
  /** Of the fields behind the request's body those that go on; known when `bodySource` has ended. */
  readonly requestTrailers: Fields | undefined
  /** The client can take trailers. */
  readonly acceptsTrailers: boolean
  /** The head of the final answer is out: nothing can be said any more but the rest of the body. */
  readonly committed: boolean

  subscribe(events: ExchangeEvents): void
  /** An interim answer (1xx); ignored where the client could not understand it. */
  inform(status: number, fields: Fields): void
  respond(head: ResponseHead): void
  /** Bytes `from` up to `to` of a buffer that is the caller's again when this returns. False: wait for `onDrain`. */
  write(buffer: Buffer, from: number, to: number): boolean
  /** More will come later: what was held back to leave in one piece leaves now. */
  flush(): void
  end(trailers: Fields | undefined): void
  /** Breaks the connection or stream, so that a cut answer never looks complete. */
  abort(): void
  /** Asks the client not to send another request on this connection. */
  closeAfterwards(): void
}
