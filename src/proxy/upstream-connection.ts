import type { Readable } from 'node:stream'
import type { Endpoint } from '../router/table.ts'
import type { Fields } from './fields.ts'
import type { PoolSlot } from './pool-slot.ts'
import type { TrailerSource } from './request-trailers.ts'
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
  /** What stands behind the body; undefined: nobody knows of any. */
  readonly trailers: TrailerSource | undefined
}

/** The head of a final answer. */
export type UpstreamHead = {
  readonly status: number
  /** As they came, without changes. */
  readonly fields: Fields
  /**
   * What a client gets of them, as lines, where whoever read the head has filtered it on the way (see headers.ts); undefined: it is
   * still to be done.
   */
  readonly passing: string | undefined
  /** Of what passes: it has a Date. */
  readonly hasDate: boolean
  /** Of what passes: it says with Content-Length how long the body is. */
  readonly hasLength: boolean
}

/**
 * Who hears of an answer: `onInterim` any number of times, `onHead` once, `onData` any number of times, `onEnd` once. `onError` once,
 * at any moment before `onEnd`, and nothing after it.
 */
export interface UpstreamListener {
  onInterim(status: number, fields: Fields): void
  onHead(head: UpstreamHead): void
  /** Bytes `from` up to `to` of a buffer that is the caller's again when this returns. False: no more until `resume`. */
  onData(buffer: Buffer, from: number, to: number): boolean
  /** More will come, and nothing is at hand now: what was held back to leave in one piece should leave. */
  onLull(): void
  onEnd(trailers: Fields | undefined): void
  onError(error: Error): void
}

/**
 * What carries one request at a time, so that what comes back can only be the answer to it: a connection of its own, or a stream of one
 * that is shared.
 */
export interface UpstreamConnection extends WatchedConnection {
  readonly endpoint: Endpoint
  /** It has carried an exchange before, so the endpoint may be closing it as idle at this very moment. */
  isKept: boolean
  readonly slot: PoolSlot
  /** Milliseconds, by performance.now(); 0: not yet. */
  readonly connectedAt: number
  /** It carries an exchange now. */
  isBusy: boolean
  /** Tick after which it is not used again. */
  idleUntil: number
  /** For how long it may rest now, between two requests. */
  readonly idleTicks: number
  /** Those of the endpoint when this connection last worked. */
  silences: number
  /** The endpoint may have seen something of the request that was sent last. */
  readonly hasSent: boolean
  /** It may carry another request. */
  readonly isReusable: boolean

  /** Never calls the listener before it returns. */
  send(request: UpstreamRequest, listener: UpstreamListener): void
  resume(): void
  /** The request is given up: the listener hears `onError` with this, later, unless it has heard the end. */
  abort(reason: Error): void
  /** Nothing is heard from it any more. */
  destroy(): void
  /** To be called a few times a second while it carries a request: it has no timer of its own for that. */
  checkTime(): void
}
