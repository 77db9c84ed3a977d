import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { handleRequest, refuseRequest } from './handle-request.ts'
import { singleHeader } from './headers.ts'
import { Http2Exchange } from './http2-exchange.ts'
import type { ProxyState } from './proxy-state.ts'
import { type Refusal, refusalOfFields, refusalOfMethod } from './request-rules.ts'
import { stallTimeoutMs } from './stall.ts'

const limits = {
  streams: 100,
  headerBytes: 32 * 1024,
  headerFields: 100,
  /** Node's own is unlimited: one connection could hold any amount of memory. In MB. */
  sessionMemoryMb: 10,
} as const

/** HTTP/2 for connections whose TLS handshake agreed on it. */
export class Http2Lane {
  readonly #server: Http2Server
  readonly #sessions = new Set<ServerHttp2Session>()

  constructor(proxy: ProxyState) {
    this.#server = createServer({
      maxSessionMemory: limits.sessionMemoryMb,
      maxHeaderListPairs: limits.headerFields,
      // A second `X-Content-Type-Options` or the like is the endpoint's to answer for: it passes, as in HTTP/1.1.
      strictSingleValueFields: false,
      settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes, enablePush: false },
      // Rapid reset (CVE-2023-44487): far below Node's 1,000 at once and 33 a second.
      streamResetBurst: 200,
      streamResetRate: 20,
    })
    this.#server.on('session', (session) => this.#watch(session, proxy))
    this.#server.on('stream', (stream: ServerHttp2Stream, headers, flags, rawHeaders) => {
      stream.on('error', () => {})
      stream.setTimeout(stallTimeoutMs(proxy.table.settings), () => stream.close(constants.NGHTTP2_CANCEL))
      const exchange = new Http2Exchange(stream, headers, rawHeaders, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
      const refusal = refusalOf(exchange, rawHeaders)
      if (refusal === undefined) handleRequest(exchange, proxy)
      else refuseRequest(exchange, refusal, proxy)
    })
  }

  /** Takes over a connection after its handshake. */
  accept(socket: Socket): void {
    // The listener allows half-open connections. In HTTP/2 a client that ends its side is gone; its streams would stay.
    socket.once('end', () => socket.destroy())
    this.#server.emit('connection', socket)
  }

  /** A GOAWAY that still allows every stream: clients take their next request elsewhere, none is lost on the way. */
  announceEnd(): void {
    for (const session of this.#sessions) announce(session)
  }

  /** No new streams; those in progress end in peace, then the connection closes (RFC 9113 section 6.8). */
  drain(): void {
    for (const session of this.#sessions) session.close()
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy()
  }

  #watch(session: ServerHttp2Session, proxy: ProxyState): void {
    this.#sessions.add(session)
    session.on('error', () => session.destroy())
    session.setTimeout(proxy.table.settings.keepAliveMs, () => session.close())
    session.on('close', () => this.#sessions.delete(session))
    if (proxy.draining) announce(session)
  }
}

/** RFC 9113 section 6.8: a first GOAWAY with the highest stream id, the real one when the round trip is over. */
function announce(session: ServerHttp2Session): void {
  if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1)
}

function refusalOf({ request }: Http2Exchange, rawHeaders: readonly string[]): Refusal | undefined {
  let bytes = 0
  for (const field of rawHeaders) bytes += field.length
  // node:http2 announces a limit and does not hold it; 32 a field is what RFC 9113 section 6.5.2 counts besides the bytes.
  if (bytes + rawHeaders.length * 16 > limits.headerBytes)
    return { status: 431, text: 'the header fields are too large' }
  const host = singleHeader(rawHeaders, 'host')
  const authority = singleHeader(rawHeaders, ':authority')
  // RFC 9113 section 8.3.1: an intermediary must not let the two disagree.
  if (host !== undefined && authority !== undefined && host !== authority) {
    return { status: 400, text: ':authority and host differ' }
  }
  return refusalOfMethod(request.method) ?? refusalOfFields(request.fields)
}
