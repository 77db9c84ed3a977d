import type { ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Readable } from 'node:stream'
import type { Exchange, ExchangeEvents, ResponseHead } from './exchange.ts'
import type { Fields } from './fields.ts'
import { addFields, fieldsObject } from './http2-fields.ts'
import type { Http2Request } from './http2-request.ts'
import { passingTrailers } from './request-trailers.ts'

/** Up to this size a body costs less as a string than as a buffer of its own. */
const heldBytes = 4_096

/** Node ends the stream of these by itself. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])
const withTrailers = { waitForTrailers: true }
const withoutTrailers = {}
/** An array is what `respond` takes since Node 24.7 (nodejs/node pull request 59455). */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const takesLists = major > 24 || (major === 24 && minor >= 7)

export type Http2ExchangeOptions = {
  readonly stream: ServerHttp2Stream
  readonly request: Http2Request
  readonly hasBody: boolean
  readonly expectsContinue: boolean
}

/** A request that node:http2 has parsed (core API: the compatibility layer costs more and hides the pseudo-headers). */
export class Http2Exchange implements Exchange {
  readonly lane = 'h2'
  readonly request: Http2Request
  readonly bodySource: Readable | undefined
  readonly expectsContinue: boolean
  readonly acceptsTrailers = true
  /** How often something was given to the stream. */
  writes = 0
  requestTrailers: Fields | undefined
  readonly #stream: ServerHttp2Stream
  #events: ExchangeEvents | undefined
  #trailers: Fields | undefined
  /** The first piece of the body, until it is known whether it is all of it: then it leaves together with the end. */
  #held: string | undefined
  #hasWritten = false
  #awaitsDrain = false
  #isEnded = false

  constructor({ stream, request, hasBody, expectsContinue }: Http2ExchangeOptions) {
    this.#stream = stream
    this.request = request
    this.bodySource = hasBody ? stream : undefined
    if (hasBody) stream.once('trailers', (_trailers, _flags, raw: readonly string[]) => this.#onTrailers(raw))
    this.expectsContinue = expectsContinue
  }

  #onTrailers(raw: readonly string[]): void {
    this.requestTrailers = passingTrailers(raw)
  }

  /** Bytes that the client has not taken yet. */
  get pendingBytes(): number {
    return this.#stream.bufferSize
  }

  get committed(): boolean {
    return this.#stream.headersSent
  }

  subscribe(events: ExchangeEvents): void {
    this.#events = events
  }

  /**
   * To be called when the stream is closed, at the latest. A client may also leave with NO_ERROR, by a reset or with its whole
   * connection: Node then ends the stream for us, and how it was closed does not tell who closed it.
   */
  onClosed(): void {
    if (!this.#isEnded) this.#events?.onClientGone()
  }

  inform(status: number, fields: Fields): void {
    if (!this.#writable || this.#stream.headersSent) return
    this.#stream.additionalHeaders(fieldsObject(addFields([':status', String(status)], fields)))
  }

  respond({ status, fields, hasLength }: ResponseHead): void {
    if (!this.#writable) return
    this.writes++
    const list = addFields([':status', String(status)], fields)
    // A body whose length was told has no trailers: it came without chunks (RFC 9112 section 6.3), or is our own.
    const mayHaveTrailers = !hasLength && this.request.method !== 'HEAD' && !bodiless.has(status)
    this.#stream.respond(takesLists ? list : fieldsObject(list), mayHaveTrailers ? withTrailers : withoutTrailers)
    if (mayHaveTrailers) this.#stream.once('wantTrailers', () => this.#sendTrailers())
  }

  write(buffer: Buffer, from: number, to: number): boolean {
    // A HEAD request, and a 204 or 304, have ended their stream with the head.
    if (!this.#writable || this.#stream.writableEnded) return true
    this.writes++
    if (!this.#hasWritten && to - from <= heldBytes) {
      this.#hasWritten = true
      this.#held = buffer.toString('latin1', from, to)
      return true
    }
    this.flush()
    this.#hasWritten = true
    const mayGoOn = this.#stream.write(Buffer.copyBytesFrom(buffer, from, to - from))
    if (!mayGoOn) this.#awaitDrain()
    return mayGoOn
  }

  /** node:http2 gathers frames until the end of the turn by itself. */
  flush(): void {
    const held = this.#takeHeld()
    if (held !== undefined && this.#writable) this.#stream.write(held, 'latin1')
  }

  end(trailers: Fields | undefined): void {
    const stream = this.#stream
    const held = this.#takeHeld()
    this.#isEnded = true
    this.#trailers = trailers
    if (this.#writable && !stream.writableEnded) {
      if (held === undefined) stream.end()
      else stream.end(held, 'latin1')
    }
    if (this.bodySource !== undefined && !stream.readableEnded) this.#refuseRest()
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return
    this.#awaitsDrain = true
    this.#stream.once('drain', () => {
      this.#awaitsDrain = false
      this.#events?.onDrain()
    })
  }

  #takeHeld(): string | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }

  #sendTrailers(): void {
    this.#stream.sendTrailers(this.#trailers === undefined ? {} : fieldsObject(addFields([], this.#trailers)))
  }

  /** RFC 9113 section 8.1: who has answered in full may ask the client to stop sending, with a reset that is no error. */
  #refuseRest(): void {
    const stream = this.#stream
    const close = (): void => stream.close(constants.NGHTTP2_NO_ERROR)
    stream.once('finish', () => setImmediate(close))
    if (stream.writableFinished) setImmediate(close)
  }

  abort(): void {
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** Connections are closed by GOAWAY, once for all streams: see the lane's drain. */
  closeAfterwards(): void {}

  /** One that is destroyed is closed as well. */
  get #writable(): boolean {
    return !this.#stream.closed
  }
}
