import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Http2Connection } from './http2-connection.ts'
import { maxHeaderBytes } from './http2-rules.ts'
import type { ProxyState } from './proxy-state.ts'

const sessionOptions = {
  /** Node's own is unlimited: one connection could hold any amount of memory. In MB. */
  maxSessionMemory: 10,
  maxHeaderListPairs: 100,
  // A second `X-Content-Type-Options` or the like is the endpoint's to answer for: it passes, as in HTTP/1.1.
  strictSingleValueFields: false,
  settings: { maxConcurrentStreams: 100, maxHeaderListSize: maxHeaderBytes, enablePush: false },
  // Rapid reset (CVE-2023-44487): far below Node's 1,000 at once and 33 a second.
  streamResetBurst: 200,
  streamResetRate: 20,
}

const sweepEveryMs = 1_000

/** HTTP/2 for connections whose TLS handshake agreed on it. */
export class Http2Lane {
  readonly #proxy: ProxyState
  readonly #connections = new Set<Http2Connection>()
  #timer: NodeJS.Timeout | undefined

  constructor(proxy: ProxyState) {
    this.#proxy = proxy
  }

  /** Takes over a connection after its handshake. */
  accept(socket: Socket): void {
    // The listener allows half-open connections. In HTTP/2 a client that ends its side is gone; its streams would stay.
    socket.once('end', () => socket.destroy())
    const proxy = this.#proxy
    const session = performServerHandshake(socket, sessionOptions)
    this.#connections.add(new Http2Connection({ session, socket, proxy, onClose: this.#onClose }))
    this.#timer ??= setInterval(() => this.#sweep(), sweepEveryMs).unref()
    if (proxy.draining) announce(session)
  }

  /** A GOAWAY that still allows every stream: clients take their next request elsewhere, none is lost on the way. */
  announceEnd(): void {
    for (const { session } of this.#connections) announce(session)
  }

  /** No new streams; those in progress end in peace, then the connection closes (RFC 9113 section 6.8). */
  drain(): void {
    for (const { session } of this.#connections) session.close()
  }

  destroy(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const { session } of this.#connections) session.destroy()
  }

  #sweep(): void {
    const now = performance.now()
    for (const connection of this.#connections) connection.checkTimes(now)
  }

  readonly #onClose = (connection: Http2Connection): void => {
    this.#connections.delete(connection)
  }
}

/** RFC 9113 section 6.8: a first GOAWAY with the highest stream id, the real one when the round trip is over. */
function announce(session: ServerHttp2Session): void {
  if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1)
}
