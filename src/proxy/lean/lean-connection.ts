import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../router/table.ts'
import { type EndpointHealth, type EndpointState, tickMs } from '../endpoint-health.ts'
import { badResponseError, bodyTimeoutError, connectTimeoutError, headTimeoutError } from '../errors.ts'
import { Fields } from '../fields.ts'
import type { PoolSlot } from '../pool-slot.ts'
import type { ConnectionUser } from '../silence-watch.ts'
import type { UpstreamConnection, UpstreamListener, UpstreamRequest } from '../upstream-connection.ts'
import { upstreamLimits } from '../upstream-limits.ts'
import { ChunkedDecoder } from './chunked-decoder.ts'
import { RequestWriter } from './request-writer.ts'
import { type Framing, mayBecomeHead, readResponseHead } from './response-head.ts'

/** Most heads are shorter: what is behind them need not become a string. */
const headSlice = 4 * 1024
const maxInterim = 100
/** What an endpoint says of its own limit may be on the way for a while. */
const keepAliveMarginMs = 1_000
const keepAliveDelayMs = 30_000

/** What came is used up before the next read of any connection, so that all share it. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

export type LeanConnectionOptions = {
  readonly endpoint: Endpoint
  readonly slot: PoolSlot
  readonly health: EndpointHealth
  readonly connectTimeoutMs: number
  /** It is closed, and may have been idle. */
  readonly onClose: (connection: LeanConnection) => void
}

const idle = 0
const awaitingHead = 1
const inBody = 2
const broken = 3

/**
 * A plain HTTP/1.1 connection to an endpoint on a raw socket: one string out, bytes in, nothing per request but what the request
 * itself needs. Time is looked at from outside (`checkTime`), so that a request costs no timer.
 */
export class LeanConnection implements UpstreamConnection {
  readonly endpoint: Endpoint
  readonly state: EndpointState
  readonly socket: Socket
  isTunnel = false
  isConnected = false
  connectedAt = 0
  readonly slot: PoolSlot
  isKept = false
  isBusy = false
  silences: number
  user: ConnectionUser | undefined
  quietSince: number
  readBytes = -1
  writtenBytes = 0
  hasSent = false
  idleUntil = 0
  readonly #health: EndpointHealth
  readonly #connectTimeoutMs: number
  readonly #onClose: (connection: LeanConnection) => void
  #phase = idle
  #listener: UpstreamListener | undefined
  #request: UpstreamRequest | undefined
  #writer: RequestWriter | undefined
  /** The beginning of a head that has not come in whole. */
  #partial = ''
  #interim = 0
  #framing: Framing = 'length'
  #left = 0
  #decoder: ChunkedDecoder | undefined
  #isPaused = false
  #keepsAlive = true
  /** What the endpoint says of how long it keeps an idle connection; below 0: nothing. */
  #keepAliveSeconds = -1
  /** It will carry nothing more; asked here, as the socket's own answer costs more than the question is worth. */
  #isEnded = false
  /** Tick at which the endpoint, or we, last did something. */
  #movedAt = 0
  #error: Error | undefined

  constructor({ endpoint, slot, health, connectTimeoutMs, onClose }: LeanConnectionOptions) {
    this.endpoint = endpoint
    this.slot = slot
    this.state = health.stateOf(endpoint)
    this.silences = this.state.silences
    this.quietSince = health.now
    this.#health = health
    this.#connectTimeoutMs = connectTimeoutMs
    this.#onClose = onClose
    this.#movedAt = health.now
    const socket = connect({
      host: endpoint.address,
      port: endpoint.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
      onread: { buffer: readBuffer, callback: (count) => this.#onRead(count) },
    })
    this.socket = socket
    socket.on('connect', () => this.#onConnect())
    socket.on('drain', () => this.#writer?.onDrain())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error))
    socket.on('end', () => this.#onEndOfStream())
    socket.on('close', () => this.#onSocketClose())
  }

  get isReusable(): boolean {
    return this.#phase === idle && this.#keepsAlive && this.isConnected && !this.#isEnded
  }

  get idleTicks(): number {
    const seconds = this.#keepAliveSeconds
    if (seconds < 0) return upstreamLimits.keepAliveMs / tickMs
    return Math.floor(Math.min(seconds * 1_000 - keepAliveMarginMs, upstreamLimits.keepAliveMaxMs) / tickMs)
  }

  send(request: UpstreamRequest, listener: UpstreamListener): void {
    this.#request = request
    this.#listener = listener
    this.#phase = awaitingHead
    this.#movedAt = this.#health.now
    this.hasSent = false
    if (this.isConnected) this.#write(request)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#movedAt = this.#health.now
    this.socket.resume()
  }

  abort(reason: Error): void {
    if (this.#listener !== undefined) this.#endSocket(reason)
  }

  destroy(): void {
    this.#forgetRequest()
    this.#endSocket()
  }

  /** To be called a few times a second while it carries a request. */
  checkTime(): void {
    const request = this.#request
    if (request === undefined) return
    // Held up by its client: it is not the endpoint that is silent (see silence-watch.ts).
    if (this.#isPaused) this.quietSince = this.#health.now
    // It last moved between two ticks: the first of them does not count, so that nobody is given less than his time.
    const quietMs = (this.#health.now - this.#movedAt - 1) * tickMs
    if (!this.isConnected) {
      if (quietMs >= this.#connectTimeoutMs) this.#endSocket(connectTimeoutError())
      return
    }
    // Where we wait for the client, to read or to send, the endpoint is not late.
    if (quietMs < request.readTimeoutMs || this.#isPaused || this.#writer?.isWaiting === true) return
    this.#endSocket(this.#phase === awaitingHead ? headTimeoutError() : bodyTimeoutError())
  }

  #onConnect(): void {
    this.isConnected = true
    this.connectedAt = performance.now()
    this.#movedAt = this.#health.now
    this.#health.onConnected(this.state)
    if (this.#request !== undefined) this.#write(this.#request)
  }

  #write(request: UpstreamRequest): void {
    this.hasSent = true
    const { body, bodyLength, trailers } = request
    const head = `${request.method} ${request.path} HTTP/1.1\r\n${request.fields.lines}`
    if (body === undefined) {
      this.socket.write(`${head}\r\n`, 'latin1')
      return
    }
    this.#writer = new RequestWriter({
      socket: this.socket,
      body,
      length: bodyLength,
      trailers,
      onMoved: () => {
        this.#movedAt = this.#health.now
      },
    })
    this.#writer.start(head)
  }

  /** False: no more for now. */
  #onRead(count: number): boolean {
    this.#movedAt = this.#health.now
    const listener = this.#listener
    if (listener === undefined) {
      // Nobody asked for it: whatever it is, it would be taken for the answer to the next request.
      this.#leave()
      return false
    }
    const at = this.#phase === awaitingHead ? this.#readHead(count, listener) : 0
    if (at >= 0 && this.#phase === inBody) this.#readBody(at, count, listener)
    if (this.#phase === inBody && this.#listener === listener) listener.onLull()
    return !this.#isPaused
  }

  /** Where the body begins; below 0: not yet. */
  #readHead(count: number, listener: UpstreamListener): number {
    const before = this.#partial.length
    let text = this.#partial + readBuffer.toString('latin1', 0, Math.min(count, headSlice))
    let from = 0
    for (;;) {
      let close = text.indexOf('\r\n\r\n', Math.max(from, before - 3))
      if (close < 0 && text.length < before + count) {
        text = this.#partial + readBuffer.toString('latin1', 0, count)
        close = text.indexOf('\r\n\r\n', Math.max(from, before - 3))
      }
      if (close < 0) {
        this.#partial = from === 0 ? text : text.slice(from)
        if (this.#partial.length > upstreamLimits.headBytes) return this.#refuse('the head is too large')
        return mayBecomeHead(this.#partial) ? -1 : this.#refuse('the head is malformed')
      }
      const head =
        close - from > upstreamLimits.headBytes ? undefined : readResponseHead(text, from, this.#request?.method ?? '')
      // 101 answers an upgrade, and none was asked for.
      if (head === undefined || head.status === 101) return this.#refuse('the head is malformed')
      from = head.end
      if (head.status < 200) {
        if (++this.#interim > maxInterim) return this.#refuse('too many interim answers')
        listener.onInterim(head.status, Fields.ofLines(head.lines))
        if (this.#listener !== listener) return -1
        continue
      }
      this.#partial = ''
      this.#phase = inBody
      this.#framing = head.framing
      this.#left = head.length
      this.#keepsAlive = head.keepsAlive
      this.#keepAliveSeconds = head.keepAliveSeconds
      listener.onHead({
        status: head.status,
        fields: Fields.ofLines(head.lines),
        passing: head.passing,
        hasDate: head.hasDate,
        hasLength: head.hasLength,
      })
      return this.#listener === listener ? from - before : -1
    }
  }

  #readBody(from: number, count: number, listener: UpstreamListener): void {
    switch (this.#framing) {
      case 'length': {
        const to = Math.min(count, from + this.#left)
        this.#left -= to - from
        if (to > from) this.#pass(from, to, listener)
        if (this.#left === 0 && this.#listener === listener) this.#complete(undefined, to < count)
        return
      }
      case 'chunked':
        this.#readChunks(from, count, listener)
        return
      case 'close':
        if (count > from) this.#pass(from, count, listener)
    }
  }

  #readChunks(from: number, count: number, listener: UpstreamListener): void {
    this.#decoder ??= new ChunkedDecoder()
    const decoder = this.#decoder
    const outcome = decoder.feed(readBuffer, from, count, this)
    if (this.#listener !== listener) return
    if (outcome === 'malformed') this.#refuse(decoder.problem)
    else if (outcome === 'end') this.#complete(decoder.trailers, decoder.position < count)
  }

  /** Of the decoder. */
  onBytes(_buffer: Buffer, from: number, to: number): void {
    if (this.#listener !== undefined) this.#pass(from, to, this.#listener)
  }

  #pass(from: number, to: number, listener: UpstreamListener): void {
    if (!listener.onData(readBuffer, from, to)) this.#isPaused = true
  }

  #complete(trailers: Fields | undefined, hasMore: boolean): void {
    const listener = this.#listener
    // Bytes behind an answer nobody asked for; a request that is still being sent: neither leaves a clean connection.
    if (hasMore || this.#writer?.isDone === false) this.#keepsAlive = false
    this.#forgetRequest()
    this.#phase = idle
    listener?.onEnd(trailers)
  }

  #refuse(why: string): -1 {
    this.#phase = broken
    this.#endSocket(badResponseError(why))
    return -1
  }

  #endSocket(error?: Error): void {
    this.#isEnded = true
    this.socket.destroy(error)
  }

  #onError(error: NodeJS.ErrnoException): void {
    this.#isEnded = true
    this.#error = error
    if (!this.isConnected) this.#health.onConnectFailed(this.state, error.code)
    this.#leave()
  }

  #onEndOfStream(): void {
    this.#isEnded = true
    if (this.#phase === inBody && this.#framing === 'close') this.#complete(undefined, false)
    // Left to itself, Node would first send what the endpoint may never take.
    this.#leave()
  }

  /** The event `close` comes a moment later: until then, a request could be given to it. */
  #leave(): void {
    this.#onClose(this)
    this.#endSocket()
  }

  #onSocketClose(): void {
    this.#isEnded = true
    this.isConnected = false
    this.#onClose(this)
    const listener = this.#listener
    this.#forgetRequest()
    listener?.onError(this.#error ?? new Error('the endpoint closed the connection'))
  }

  #forgetRequest(): void {
    this.#writer?.stop()
    this.#writer = undefined
    this.#listener = undefined
    this.#request = undefined
    this.#decoder?.reset()
    this.#interim = 0
    this.#partial = ''
    if (this.#isPaused) this.resume()
  }
}
