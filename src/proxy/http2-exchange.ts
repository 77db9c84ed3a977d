import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Readable } from 'node:stream'
import type { DownstreamRequest, Exchange, ExchangeEvents } from './exchange.ts'
import { plainAddress } from './http1-request.ts'
import { contentLengthOf, readKeyFields } from './key-fields.ts'

/** A request that node:http2 has parsed (core API: the compatibility layer costs more and hides the pseudo-headers). */
export class Http2Exchange implements Exchange {
  readonly request: DownstreamRequest
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
    const headers = ordinaryFields(rawHeaders)
    const fields = readKeyFields(headers)
    this.request = {
      method: received[':method'] ?? '',
      target: received[':path'] ?? '',
      authority: received[':authority'] ?? received.host ?? '',
      scheme: 'https',
      httpVersion: '2.0',
      headers,
      clientAddress: plainAddress(stream.session?.socket.remoteAddress ?? ''),
      fields,
      contentLength: contentLengthOf(fields),
    }
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

  inform(status: number, headers: readonly string[]): void {
    if (!this.#writable || this.#stream.headersSent) return
    this.#stream.additionalHeaders({ ...lowerCased(headers), ':status': status })
  }

  respond(status: number, headers: string[]): void {
    if (!this.#writable) return
    const fields: OutgoingHttpHeaders = { ...lowerCased(headers), ':status': status }
    this.#stream.respond(fields, { waitForTrailers: true })
    this.#stream.once('wantTrailers', () => {
      this.#stream.sendTrailers(this.#trailers ?? {})
    })
  }

  write(chunk: Buffer): boolean {
    // A HEAD request, and a 204 or 304, have ended their stream with the head.
    if (!this.#writable || this.#stream.writableEnded) return true
    return this.#stream.write(chunk)
  }

  end(trailers: readonly string[]): void {
    this.#isEnded = true
    if (trailers.length > 0) this.#trailers = lowerCased(trailers)
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

function lowerCased(flat: readonly string[]): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = (flat[i] ?? '').toLowerCase()
    // HTTP/1.1 allows white space around a value; in HTTP/2 it makes the whole answer malformed (RFC 9113 section 8.2.1).
    const value = (flat[i + 1] ?? '').trim()
    const known = fields[name]
    if (known === undefined) fields[name] = value
    else if (typeof known === 'string') fields[name] = [known, value]
    else known.push(value)
  }
  return fields
}
