import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { DownstreamClient } from './downstream-client.ts'
import { handleRequest, refuseRequest } from './handle-request.ts'
import { plainAddress, tlsVersionOf } from './http1-request.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { Http2Head } from './http2-head.ts'
import { Http2Request } from './http2-request.ts'
import { refusalOfHttp2 } from './http2-rules.ts'
import type { ProxyState } from './proxy-state.ts'
import { stallTimeoutMs } from './stall.ts'

export type Http2ConnectionOptions = {
  readonly session: ServerHttp2Session
  readonly socket: Socket
  readonly proxy: ProxyState
  readonly onClose: (connection: Http2Connection) => void
}

/** What was seen of an exchange when it was last looked at. */
type Progress = { writes: number; pendingBytes: number; atMs: number }

/** One client and its streams. */
export class Http2Connection {
  readonly session: ServerHttp2Session
  readonly #proxy: ProxyState
  readonly #client: DownstreamClient
  readonly #open = new Map<ServerHttp2Stream, Http2Exchange>()
  /** Only of those that were open when somebody looked: most are done before. */
  readonly #progress = new Map<ServerHttp2Stream, Progress>()
  #activeAtMs = performance.now()

  constructor({ session, socket, proxy, onClose }: Http2ConnectionOptions) {
    this.session = session
    this.#proxy = proxy
    this.#client = new DownstreamClient('https', plainAddress(socket.remoteAddress ?? ''), tlsVersionOf(socket))
    session.on('stream', (stream, _headers, flags, rawHeaders) => this.#onStream(stream, flags, rawHeaders))
    session.on('ping', () => {
      this.#activeAtMs = performance.now()
    })
    session.on('error', () => session.destroy())
    session.on('close', () => onClose(this))
  }

  /** To be called every few seconds, in place of a timer for each stream, which would be set anew with all that moves. */
  checkTimes(now: number): void {
    const { keepAliveMs } = this.#proxy.table.settings
    if (this.#open.size > 0) {
      this.#activeAtMs = now
      for (const [stream, exchange] of this.#open) this.#checkStall(stream, exchange, now)
    } else if (now - this.#activeAtMs > keepAliveMs && !this.session.closed) {
      this.session.close()
    }
  }

  #onStream(stream: ServerHttp2Stream, flags: number, rawHeaders: readonly string[]): void {
    const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0
    const head = new Http2Head(rawHeaders)
    const request = new Http2Request(head, this.#client)
    const exchange = new Http2Exchange({ stream, request, hasBody, expectsContinue: head.expectsContinue })
    this.#open.set(stream, exchange)
    stream.on('error', ignore)
    stream.on('close', () => this.#onStreamClose(stream, exchange))
    if (hasBody) this.#watchBody(stream, exchange)
    const refusal = refusalOfHttp2(head)
    if (refusal === undefined) handleRequest(exchange, this.#proxy)
    else refuseRequest(exchange, refusal, this.#proxy)
  }

  #onStreamClose(stream: ServerHttp2Stream, exchange: Http2Exchange): void {
    this.#open.delete(stream)
    this.#progress.delete(stream)
    if (this.#open.size === 0) this.#activeAtMs = performance.now()
    exchange.onClosed()
  }

  /** Bytes of a body are seen by nobody but Node's own timer; and while they are unread, a stream that was reset is not closed. */
  #watchBody(stream: ServerHttp2Stream, exchange: Http2Exchange): void {
    stream.on('aborted', () => exchange.onClosed())
    stream.setTimeout(stallTimeoutMs(this.#proxy.table.settings), () => stream.close(constants.NGHTTP2_CANCEL))
  }

  #checkStall(stream: ServerHttp2Stream, exchange: Http2Exchange, now: number): void {
    if (exchange.bodySource !== undefined) return
    const { writes, pendingBytes } = exchange
    const progress = this.#progress.get(stream)
    if (progress === undefined) this.#progress.set(stream, { writes, pendingBytes, atMs: now })
    else if (progress.writes !== writes || progress.pendingBytes !== pendingBytes) {
      progress.writes = writes
      progress.pendingBytes = pendingBytes
      progress.atMs = now
    } else if (now - progress.atMs > stallTimeoutMs(this.#proxy.table.settings)) {
      stream.close(constants.NGHTTP2_CANCEL)
    }
  }
}

function ignore(): void {}
