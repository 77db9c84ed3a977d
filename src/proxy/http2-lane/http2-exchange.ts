import type { Readable } from 'node:stream'
import type { Exchange, ExchangeEvents, ResponseHead } from '../exchange.ts'
import type { Fields } from '../fields.ts'
import { httpDateLine } from '../http-date.ts'
import { errorCode } from '../http2/error-code.ts'
import type { HeaderField } from '../http2/hpack/header-field.ts'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream, StreamUser } from '../http2/stream.ts'
import { passingTrailers } from '../request-trailers.ts'
import { Http2Body } from './http2-body.ts'
import type { Http2Request } from './http2-request.ts'

/** One stream: a request and its answer. */
export class Http2Exchange implements Exchange, StreamUser {
  readonly lane = 'h2'
  readonly request: Http2Request
  readonly acceptsTrailers = true
  committed = false
  requestTrailers: Fields | undefined
  readonly #connection: ServerConnection
  readonly #stream: Stream
  readonly #body: Http2Body | undefined
  #events: ExchangeEvents | undefined
  #isBodiless = false

  constructor(connection: ServerConnection, stream: Stream, request: Http2Request, hasBody: boolean) {
    this.#connection = connection
    this.#stream = stream
    this.request = request
    this.#body = hasBody ? new Http2Body(connection, stream) : undefined
  }

  get bodySource(): Readable | undefined {
    return this.#body
  }

  get expectsContinue(): boolean {
    return this.request.expectsContinue
  }

  subscribe(events: ExchangeEvents): void {
    this.#events = events
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    this.#body?.receive(bytes, from, to)
  }

  onBodyEnd(trailers: readonly HeaderField[] | undefined): void {
    if (trailers !== undefined) this.requestTrailers = passingTrailers(listOf(trailers))
    this.#body?.finish()
  }

  onDrain(): void {
    this.#events?.onDrain()
  }

  onReset(): void {
    this.#events?.onClientGone()
  }

  inform(status: number, fields: Fields): void {
    this.#connection.inform(this.#stream, status, fields.lines)
  }

  respond({ status, fields, hasDate }: ResponseHead): void {
    this.committed = true
    // RFC 9110 section 6.4.1.
    this.#isBodiless = this.request.method === 'HEAD' || status === 204 || status === 205 || status === 304
    this.#connection.respond(this.#stream, status, hasDate ? fields.lines : fields.lines + httpDateLine())
  }

  write(buffer: Buffer, from: number, to: number): boolean {
    return this.#isBodiless || this.#connection.write(this.#stream, buffer, from, to)
  }

  /** All of a turn of the event loop leaves together anyway. */
  flush(): void {}

  end(trailers: Fields | undefined): void {
    this.#connection.end(this.#stream, this.#isBodiless ? undefined : trailers?.lines)
  }

  abort(): void {
    this.#connection.reset(this.#stream, errorCode.internal)
  }

  /** Connections are closed by GOAWAY, once for all streams: see the lane's drain. */
  closeAfterwards(): void {}
}

function listOf(fields: readonly HeaderField[]): readonly string[] {
  return fields.flatMap(({ name, value }) => [name, value])
}
