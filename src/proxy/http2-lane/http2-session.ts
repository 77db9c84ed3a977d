import type { Socket } from 'node:net'
import { clientOn, type DownstreamClient } from '../downstream-client.ts'
import { handleRequest, refuseRequest } from '../handle-request.ts'
import type { Http2Limits, LimitReason } from '../http2/limits.ts'
import type { RequestHead } from '../http2/message-head.ts'
import { type ConnectionUser, type Patience, ServerConnection } from '../http2/server-connection.ts'
import type { Stream } from '../http2/stream.ts'
import { openTunnel } from '../open-tunnel.ts'
import type { ProxyState } from '../proxy-state.ts'
import { keepAliveDelayMs } from '../tunnel-client.ts'
import { giveWriteBuffer } from '../write-buffers.ts'
import { flushSoon } from './flush-queue.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { Http2Request } from './http2-request.ts'
import { refusalOfHttp2 } from './http2-rules.ts'
import { Http2TunnelClient } from './http2-tunnel-client.ts'

/** Up to this size output is copied, so that a client which does not read holds what there is and not a whole buffer. */
const copiedBytes = 8 * 1024

/** So long a client has to read why its connection ends. */
const lingerMs = 3_000

export type Http2SessionOptions = {
  readonly socket: Socket
  readonly scheme: 'http' | 'https'
  readonly proxy: ProxyState
  readonly limits: Http2Limits
  /** Milliseconds; moves on with each sweep of the lane. */
  readonly clock: { readonly now: number }
  readonly onClose: (session: Http2Session) => void
}

/** One client: its socket, and what is said on it. */
export class Http2Session implements ConnectionUser {
  readonly #socket: Socket
  readonly #proxy: ProxyState
  readonly #limits: Http2Limits
  readonly #clock: { readonly now: number }
  readonly #client: DownstreamClient
  readonly #connection: ServerConnection
  readonly #onClose: (session: Http2Session) => void
  #isPaused = false
  #unread = 0
  #readAtMs: number
  #endedAtMs = 0

  constructor({ socket, scheme, proxy, limits, clock, onClose }: Http2SessionOptions) {
    this.#socket = socket
    this.#proxy = proxy
    this.#limits = limits
    this.#clock = clock
    this.#readAtMs = clock.now
    this.#onClose = onClose
    this.#client = clientOn(socket, scheme, proxy)
    this.#connection = new ServerConnection({ limits, clock, user: this })
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('drain', () => this.#onDrain())
    // The listener allows half-open connections. In HTTP/2 a client that ends its side is gone; its streams would stay.
    socket.on('end', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#onSocketClose())
    this.#connection.start()
  }

  announceEnd(): void {
    this.#connection.announceEnd()
  }

  drain(): void {
    this.#connection.drain()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  checkTimes(patience: Patience): void {
    const { now } = this.#clock
    this.#connection.checkTimes(patience)
    const unread = this.#socket.writableLength
    if (unread < this.#unread || unread === 0) this.#readAtMs = now
    this.#unread = unread
    // Who still reads the last answers may have them; whom a rule was broken by may not.
    const isDone = this.#connection.isBroken || unread === 0
    const isOver = this.#connection.isEnded && isDone && now - this.#endedAtMs > lingerMs
    const isUnread = now - this.#readAtMs > patience.stallMs
    if (isUnread) this.onLimit('write-stall')
    if (isOver || isUnread) this.#socket.destroy()
  }

  onRequest(stream: Stream, head: RequestHead, hasBody: boolean): void {
    const request = new Http2Request(head, this.#client)
    const refusal = refusalOfHttp2(head, request, hasBody)
    if (refusal === undefined && head.protocol !== undefined) return this.#onTunnel(stream, request)
    const exchange = new Http2Exchange(this.#connection, stream, request, hasBody)
    stream.user = exchange
    if (refusal === undefined) handleRequest(exchange, this.#proxy)
    else refuseRequest(exchange, refusal, this.#proxy)
  }

  /** A fault of ours that one client's bytes bring out must not end the process, and with it everybody else. */
  #receive(bytes: Buffer): void {
    try {
      this.#connection.receive(bytes)
    } catch (error) {
      this.#proxy.log.error({ error, client: this.#client.peerAddress }, 'HTTP/2 connection given up')
      this.#socket.destroy()
    }
  }

  #onTunnel(stream: Stream, request: Http2Request): void {
    const startedAt = performance.now()
    // A tunnel may be quiet for as long as it likes: nothing else would ever tell that its client has vanished.
    this.#socket.setKeepAlive(true, keepAliveDelayMs)
    openTunnel(new Http2TunnelClient(this.#connection, stream, request), this.#proxy, startedAt)
  }

  onOutput(): void {
    flushSoon(this)
  }

  onLimit(reason: LimitReason): void {
    this.#proxy.counters.http2Limits[reason]++
  }

  onEnd(): void {
    this.#endedAtMs = this.#clock.now
    flushSoon(this)
  }

  onOutputFull(): void {
    this.#send()
    this.#connection.noteUnread(this.#socket.writableLength)
  }

  flush(): void {
    this.#send()
    if (this.#connection.isEnded) return void this.#socket.end()
    this.#checkUnread()
  }

  #send(): void {
    const socket = this.#socket
    for (const { buffer, length } of this.#connection.take()) {
      if (socket.destroyed) giveWriteBuffer(buffer)
      else if (length > copiedBytes) socket.write(buffer.subarray(0, length), () => giveWriteBuffer(buffer))
      else {
        socket.write(Buffer.copyBytesFrom(buffer, 0, length))
        giveWriteBuffer(buffer)
      }
    }
  }

  #onDrain(): void {
    this.#checkUnread()
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }

  #checkUnread(): void {
    const unread = this.#socket.writableLength
    this.#connection.setUnread(unread)
    // Heads have no window: a client that asks and asks and never reads must not make us hold all the answers.
    if (unread <= 2 * this.#limits.unreadBytes || this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
  }

  #onSocketClose(): void {
    this.#connection.close()
    this.#onClose(this)
  }
}
