import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Readable } from 'node:stream'
import { parseHostHeader } from '../router/host-name.ts'
import type { DownstreamRequest, Exchange, ExchangeEvents, ResponseHead } from './exchange.ts'
import type { Fields } from './fields.ts'
import { identityLines, passingLines, singleHeader } from './headers.ts'
import { plainAddress, tlsVersionOf } from './http1-request.ts'
import { contentLengthOf, givenIdOf, type KeyFields, readKeyFields } from './key-fields.ts'

/** A request that node:http2 has parsed (core API: the compatibility layer costs more and hides the pseudo-headers). */
export class Http2Exchange implements Exchange {
  readonly lane = 'h2'
  readonly request: Http2Request
  readonly bodySource: Readable | undefined
  readonly expectsContinue: boolean
  readonly acceptsTrailers = true
  readonly #stream: ServerHttp2Stream
  #trailers: OutgoingHttpHeaders | undefined
  #isEnded = false

  constructor(
    stream: ServerHttp2Stream,
    received: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    endsHere: boolean,
  ) {
    this.#stream = stream
    this.request = new Http2Request(stream, received, rawHeaders)
    this.bodySource = endsHere ? undefined : stream
    this.expectsContinue = received.expect?.toLowerCase() === '100-continue'
  }

  get committed(): boolean {
    return this.#stream.headersSent
  }

  subscribe(events: ExchangeEvents): void {
    const stream = this.#stream
    stream.on('drain', () => events.onDrain())
    // A client may also leave with NO_ERROR, by a reset or with its whole connection: Node then ends the stream for us, and
    // how it was closed does not tell who closed it.
    const leave = (): void => {
      if (!this.#isEnded) events.onClientGone()
    }
    stream.on('aborted', leave)
    stream.on('close', leave)
  }

  inform(status: number, fields: Fields): void {
    if (!this.#writable || this.#stream.headersSent) return
    this.#stream.additionalHeaders(lowerCased(fields.list, status))
  }

  respond({ status, fields }: ResponseHead): void {
    if (!this.#writable) return
    this.#stream.respond(lowerCased(fields.list, status), { waitForTrailers: true })
    this.#stream.once('wantTrailers', () => {
      this.#stream.sendTrailers(this.#trailers ?? {})
    })
  }

  write(buffer: Buffer, from: number, to: number): boolean {
    // A HEAD request, and a 204 or 304, have ended their stream with the head.
    if (!this.#writable || this.#stream.writableEnded) return true
    return this.#stream.write(Buffer.copyBytesFrom(buffer, from, to - from))
  }

  /** node:http2 gathers frames until the end of the turn by itself. */
  flush(): void {}

  end(trailers: Fields | undefined): void {
    this.#isEnded = true
    if (trailers !== undefined) this.#trailers = lowerCased(trailers.list)
    if (this.#writable && !this.#stream.writableEnded) this.#stream.end()
    if (this.bodySource !== undefined && !this.#stream.readableEnded) this.#refuseRest()
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

  get #writable(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed
  }
}

class Http2Request implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly scheme = 'https'
  readonly httpVersion = '2.0'
  readonly headers: readonly string[]
  readonly fields: KeyFields
  readonly clientAddress: string
  readonly contentLength: number | undefined
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, received: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#stream = stream
    this.method = received[':method'] ?? ''
    this.target = received[':path'] ?? ''
    this.authority = received[':authority'] ?? received.host ?? ''
    this.headers = ordinaryFields(rawHeaders)
    this.fields = readKeyFields(this.headers)
    this.clientAddress = plainAddress(stream.session?.socket.remoteAddress ?? '')
    this.contentLength = contentLengthOf(this.fields)
  }

  get tlsVersion(): string | undefined {
    const socket = this.#stream.session?.socket
    return socket === undefined ? undefined : tlsVersionOf(socket)
  }

  field(lowerName: string): string | undefined {
    return singleHeader(this.headers, lowerName)
  }

  get host(): string | undefined {
    return parseHostHeader(this.authority)
  }

  get identity(): string {
    return identityLines(this)
  }

  get passing(): string {
    return passingLines(this.headers)
  }

  get givenId(): string {
    return givenIdOf(this.fields)
  }
}

/** Without pseudo-headers and `host` (`:authority` says it); cookie crumbs joined (RFC 9113 section 8.2.3). */
function ordinaryFields(raw: readonly string[]): string[] {
  const fields: string[] = []
  let cookie: string | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (name.startsWith(':') || name === 'host') continue
    if (name === 'cookie') cookie = cookie === undefined ? value : `${cookie}; ${value}`
    else fields.push(name, value)
  }
  if (cookie !== undefined) fields.push('cookie', cookie)
  return fields
}

function lowerCased(flat: readonly string[], status?: number): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null)
  if (status !== undefined) fields[':status'] = status
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = (flat[i] ?? '').toLowerCase()
    // HTTP/1.1 allows white space around a value; in HTTP/2 it makes the whole answer malformed (RFC 9113 section 8.2.1).
    const value = (flat[i + 1] ?? '').trim()
    const known = fields[name]
    if (known === undefined) fields[name] = value
    else if (Array.isArray(known)) fields[name] = [...known, value]
    else fields[name] = [String(known), value]
  }
  return fields
}
