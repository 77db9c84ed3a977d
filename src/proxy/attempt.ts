import type { Readable } from 'node:stream'
import type { Settings } from '../router/table.ts'
import { describeFailure, type UpstreamFailure } from './errors.ts'
import type { Exchange, ResponseHead } from './exchange.ts'
import { Fields } from './fields.ts'
import { downstreamResponseHead, supplementaryFields } from './headers.ts'
import type { ConnectionUser } from './silence-watch.ts'
import type { UpstreamConnection, UpstreamHead, UpstreamListener } from './upstream-connection.ts'

/** How an attempt tells the request it belongs to what became of it. Exactly one of the two is called, once. */
export interface AttemptOwner {
  onAttemptComplete(attempt: Attempt): void
  onAttemptFailed(attempt: Attempt, failure: UpstreamFailure): void
  /** Another endpoint would take the request, if nothing of it has been sent yet. */
  canGoElsewhere(): boolean
}

export type AttemptRequest = {
  readonly path: string
  readonly fields: Fields
  readonly body: Readable | undefined
  readonly bodyLength: number | undefined
}

/** One try at one endpoint: sends the request, streams the answer through, carries an abort from either side to the other. */
export class Attempt implements UpstreamListener, ConnectionUser {
  readonly connection: UpstreamConnection
  status = 0
  /** Of the body of the answer. */
  bytes = 0
  /** Milliseconds, by performance.now(); 0: no answer has begun, or nobody wants to know. */
  headAt = 0
  readonly #exchange: Exchange
  readonly #owner: AttemptOwner
  readonly #isTimed: boolean
  #refused: Error | undefined

  constructor(connection: UpstreamConnection, exchange: Exchange, owner: AttemptOwner, isTimed: boolean) {
    this.connection = connection
    this.#exchange = exchange
    this.#owner = owner
    this.#isTimed = isTimed
  }

  start({ path, fields, body, bodyLength }: AttemptRequest, { readTimeoutMs }: Settings): void {
    const { connection } = this
    connection.user = this
    const { method } = this.#exchange.request
    connection.send({ method, path, fields, body, bodyLength, readTimeoutMs, trailers: this.#exchange }, this)
  }

  /** The client is gone: the endpoint need not go on. */
  abort(reason: Error): void {
    this.connection.abort(reason)
  }

  canGoElsewhere(): boolean {
    return !this.connection.hasSent && this.#owner.canGoElsewhere()
  }

  resume(): void {
    this.connection.resume()
  }

  onInterim(status: number, fields: Fields): void {
    // 103 Early Hints is the only interim answer with a meaning for the client; 100 is between us and the endpoint.
    if (status === 103) this.#exchange.inform(status, Fields.ofList(supplementaryFields(fields.list)))
  }

  onHead(head: UpstreamHead): void {
    if (this.#isTimed) this.headAt = performance.now()
    try {
      this.#exchange.respond(responseOf(head, this.#exchange))
      this.status = head.status
    } catch (error) {
      // Node's own check of what is passed on: in HTTP/2 there is no status above 599, for one.
      this.#refused = error instanceof Error ? error : new Error(String(error))
      this.connection.abort(this.#refused)
    }
  }

  onData(buffer: Buffer, from: number, to: number): boolean {
    if (this.#refused !== undefined) return true
    this.bytes += to - from
    return this.#exchange.write(buffer, from, to)
  }

  onLull(): void {
    if (this.#refused === undefined) this.#exchange.flush()
  }

  onEnd(trailers: Fields | undefined): void {
    if (this.#refused !== undefined) return this.onError(this.#refused)
    const isWanted = trailers !== undefined && this.#exchange.acceptsTrailers
    // The connection is free before the client may send its next request.
    this.#owner.onAttemptComplete(this)
    this.#exchange.end(isWanted ? Fields.ofList(supplementaryFields(trailers.list)) : undefined)
  }

  onError(error: Error): void {
    this.#owner.onAttemptFailed(this, describeFailure(error, this.connection.hasSent, this.status !== 0))
  }
}

/** As the reader of the head has filtered it, where it could. */
function responseOf({ status, fields, passing, hasDate, hasLength }: UpstreamHead, exchange: Exchange): ResponseHead {
  if (passing === undefined || (hasLength && (status === 204 || status === 205))) {
    return downstreamResponseHead(status, fields.list, exchange)
  }
  return { status, fields: Fields.ofLines(passing), hasDate, hasLength }
}
