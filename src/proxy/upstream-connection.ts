import type { Readable } from 'node:stream'
import type { Endpoint } from '../router/table.ts'
import type { Fields } from './fields.ts'
import type { WatchedConnection } from './silence-watch.ts'

/** One request as an endpoint gets it. */
export type UpstreamRequest = {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** All of them: `Host` and, where the length of the body is known, `Content-Length` included. */
  readonly fields: Fields
  readonly body: Readable | undefined
  /** Bytes of the body; undefined: none, or the body says itself where it ends (chunked). */
  readonly bodyLength: number | undefined
  /** Milliseconds for the head of the answer to come once the request is sent, and between two reads of its body. */
  readonly readTimeoutMs: number
}

/** The head of a final answer. */
export type UpstreamHead = {
  readonly status: number
  /** As they came, without changes. */
  readonly fields: Fields
  /** Bytes of the body as they will come; undefined: its end comes without notice. */
  readonly length: number | undefined
}

/**
 * Who hears of an answer: `onStart` once, `onInterim` any number of times, `onHead` once, `onData` any number of times, `onEnd` once.
 * `onError` once, at any moment before `onEnd`, and nothing after it.
 */
export interface UpstreamListener {
  /** Connected: from now on the endpoint may have seen the request. */
  onStart(): void
  onInterim(status: number, fields: Fields): void
  onHead(head: UpstreamHead): void
  /** The bytes are the caller's again when this returns. False: no more until `resume`. */
  onData(chunk: Buffer): boolean
  onEnd(trailers: Fields | undefined): void
  onError(error: Error): void
}

/** One connection at a time carries one request: what comes back can only be the answer to it. */
export interface UpstreamConnection extends WatchedConnection {
  readonly endpoint: Endpoint
  /** It has carried an exchange before, so the endpoint may be closing it as idle at this very moment. */
  isKept: boolean
  /** Those of the endpoint when this connection last worked. */
  silences: number
  /** It may carry another request. */
  readonly isReusable: boolean

  /** Never calls the listener before it returns. */
  send(request: UpstreamRequest, listener: UpstreamListener): void
  resume(): void
  /** The request is given up: the listener hears `onError` with this, later, unless it has heard the end. */
  abort(reason: Error): void
  /** Nothing is heard from it any more. */
  destroy(): void
}
