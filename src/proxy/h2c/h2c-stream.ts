import { type ClientHttp2Stream, constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { Endpoint } from '../../router/table.ts'
import { type EndpointHealth, type EndpointState, tickMs } from '../endpoint-health.ts'
import { badResponseError, bodyTimeoutError, headTimeoutError, streamRefusedError } from '../errors.ts'
import type { Fields } from '../fields.ts'
import type { PoolSlot } from '../pool-slot.ts'
import type { ConnectionUser } from '../silence-watch.ts'
import type { UpstreamConnection, UpstreamListener, UpstreamRequest } from '../upstream-connection.ts'
import { H2cBody, type H2cBodyOwner } from './h2c-body.ts'
import type { H2cConnection } from './h2c-connection.ts'
import { receivedFields, requestHead } from './h2c-fields.ts'

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants
const maxInterim = 100
/** RFC 9113 section 6.2. */
const headersFrame = 1

/** A stream is never kept for another request. */
const noSlot: PoolSlot = { idle: [], isLive: false }

/** One request on a connection that others share: what the pool and an attempt see of it. */
export class H2cStream implements UpstreamConnection, H2cBodyOwner {
  readonly endpoint: Endpoint
  readonly state: EndpointState
  readonly slot = noSlot
  readonly isReusable = false
  readonly idleTicks = 0
  isTunnel = false
  isBusy = false
  idleUntil = 0
  isKept: boolean
  silences: number
  user: ConnectionUser | undefined
  quietSince: number
  readBytes = -1
  writtenBytes = 0
  hasSent = false
  readonly #health: EndpointHealth
  #connection: H2cConnection
  #request: UpstreamRequest | undefined
  #listener: UpstreamListener | undefined
  #stream: ClientHttp2Stream | undefined
  #body: H2cBody | undefined
  #hasHead = false
  #interim = 0
  #trailers: Fields | undefined
  /** All of the answer is here, though the client may not have taken it yet. */
  #isWhole = false
  #isPaused = false
  /** What came while the client took nothing. */
  readonly #held: Buffer[] = []
  #isLullDue = false
  /** Why it was given up. */
  #reason: Error | undefined
  #movedAt: number

  constructor(connection: H2cConnection, health: EndpointHealth) {
    this.#connection = connection
    this.#health = health
    this.endpoint = connection.endpoint
    this.state = connection.state
    this.silences = connection.silences
    this.isKept = connection.isKept
    this.quietSince = health.now
    this.#movedAt = health.now
    connection.add(this)
  }

  get socket(): Socket {
    return this.#connection.socket
  }

  get connectedAt(): number {
    return this.#connection.connectedAt
  }

  get isConnected(): boolean {
    return this.#connection.isReady
  }

  send(request: UpstreamRequest, listener: UpstreamListener): void {
    this.#request = request
    this.#listener = listener
    this.#movedAt = this.#health.now
    if (this.#connection.isReady) this.onReady()
  }

  /** The endpoint takes fewer streams on its connection than were given to it. */
  moveTo(connection: H2cConnection): void {
    this.#connection = connection
    connection.add(this)
    if (connection.isReady) this.onReady()
  }

  onReady(): void {
    const request = this.#request
    if (request === undefined || this.#reason !== undefined) return
    const { body, bodyLength: length } = request
    const stream = this.#begin(request)
    if (stream === undefined) return
    this.hasSent = true
    this.#movedAt = this.#health.now
    this.#stream = stream
    this.#watchEnd(stream)
    stream.on('headers', (_headers, _flags, raw: readonly string[]) => this.#onInterim(raw))
    stream.on('response', (_headers, flags, raw: readonly string[]) => this.#onResponse(stream, flags, raw))
    stream.on('trailers', (_headers, _flags, raw: readonly string[]) => {
      this.#trailers = receivedFields(raw)
    })
    stream.on('frameError', (type) => this.#onFrameError(type))
    stream.on('error', (error: NodeJS.ErrnoException) => this.#onStreamError(error))
    stream.on('close', () => this.#onClose())
    if (body !== undefined) this.#body = new H2cBody({ stream, body, length, owner: this })
  }

  #begin(request: UpstreamRequest): ClientHttp2Stream | undefined {
    try {
      return this.#connection.begin(requestHead(request, this.endpoint.id), request.body !== undefined)
    } catch (error) {
      // Node's own check: all that it could object to is dropped before.
      this.abort(error instanceof Error ? error : new Error(String(error)))
      return undefined
    }
  }

  resume(): void {
    this.#isPaused = false
    this.#movedAt = this.#health.now
    this.#drain()
    if (!this.#isWhole && !this.#isPaused) this.#stream?.resume()
  }

  abort(reason: Error): void {
    if (this.#listener === undefined || this.#reason !== undefined) return
    this.#reason = reason
    this.#reset()
    process.nextTick(() => this.#fail(reason))
  }

  destroy(): void {
    this.#listener = undefined
    this.#request = undefined
    this.#reset()
  }

  checkTime(): void {
    if (this.#request === undefined || this.#isWhole) return
    // Held up by its client: it is not the endpoint that is silent (see silence-watch.ts).
    if (this.#isPaused) this.quietSince = this.#health.now
    // The connection itself sees to it that it opens in time.
    if (!this.hasSent || this.#isPaused || this.#body?.isWaiting === true) return
    const quietMs = (this.#health.now - this.#movedAt - 1) * tickMs
    if (quietMs >= this.#request.readTimeoutMs) this.abort(this.#hasHead ? bodyTimeoutError() : headTimeoutError())
  }

  onConnectionLost(): void {
    if (this.#stream === undefined)
      this.#fail(this.#connection.error ?? new Error('the endpoint closed the connection'))
  }

  onBodyMoved(): void {
    this.#movedAt = this.#health.now
  }

  onWrongLength(): void {
    this.abort(new Error('the body of the request is not as long as it was announced'))
  }

  /**
   * For Node, a reset with NO_ERROR ends an answer as END_STREAM does; Node's own server sends one where a handler destroys its
   * stream in the middle. What tells them apart is that the stream is not closed yet when END_STREAM is read.
   */
  #watchEnd(stream: ClientHttp2Stream): void {
    const push = stream.push
    stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null && !stream.closed && !this.#isWhole) this.#onWhole(stream)
      return push.call(stream, chunk, encoding)
    }
  }

  /** The rest is at most a window of bytes: held here, it is safe from what becomes of stream and connection. */
  #onWhole(stream: ClientHttp2Stream): void {
    this.#isWhole = true
    for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) {
      // With the head, a listener for bytes comes, which hears of reads like this one.
      if (!this.#hasHead && chunk instanceof Buffer) this.#held.push(chunk)
    }
    stream.resume()
    // Head and trailers are told in ticks of their own, which come before this one.
    process.nextTick(() => this.#drain())
  }

  #drain(): void {
    while (!this.#isPaused) {
      const chunk = this.#held.shift()
      if (chunk === undefined) break
      this.#pass(chunk)
    }
    if (this.#isWhole && !this.#isPaused) this.#complete()
  }

  #onInterim(raw: readonly string[]): void {
    this.#onHeard()
    if (++this.#interim > maxInterim) this.abort(badResponseError('too many interim answers'))
    else if (this.#reason === undefined) this.#listener?.onInterim(statusOf(raw), receivedFields(raw))
  }

  #onResponse(stream: ClientHttp2Stream, flags: number, raw: readonly string[]): void {
    this.#onHeard()
    if (this.#reason !== undefined) return
    this.#hasHead = true
    const fields = receivedFields(raw)
    this.#listener?.onHead({ status: statusOf(raw), fields, passing: undefined, hasDate: false, hasLength: false })
    // In one turn, so that a client gets the end with the head as well: gRPC looks for its status there only then.
    if ((flags & NGHTTP2_FLAG_END_STREAM) !== 0) return this.#complete()
    stream.on('data', (chunk: Buffer) => this.#onData(stream, chunk))
    this.#scheduleLull()
  }

  #onData(stream: ClientHttp2Stream, chunk: Buffer): void {
    this.#onHeard()
    if (this.#isPaused || this.#held.length > 0) this.#held.push(chunk)
    else if (!this.#pass(chunk) && !this.#isWhole) stream.pause()
  }

  /** False: the client takes no more for now. */
  #pass(chunk: Buffer): boolean {
    if (this.#reason !== undefined || this.#listener === undefined) return true
    this.#scheduleLull()
    if (this.#listener.onData(chunk, 0, chunk.length)) return true
    this.#isPaused = true
    return false
  }

  /** What came in one read is handed over before: a short answer then leaves in one piece. */
  #scheduleLull(): void {
    if (this.#isLullDue) return
    this.#isLullDue = true
    setImmediate(() => {
      this.#isLullDue = false
      if (this.#reason === undefined) this.#listener?.onLull()
    })
  }

  #onHeard(): void {
    this.#movedAt = this.#health.now
    this.#connection.onHeard()
  }

  #complete(): void {
    const listener = this.#listener
    if (!this.#isWhole || this.#reason !== undefined || listener === undefined) return
    this.#listener = undefined
    this.#request = undefined
    this.#finish()
    listener.onEnd(this.#trailers)
  }

  /** An answer may come before the request is out: nobody waits for the rest (RFC 9113 section 8.1). */
  #finish(): void {
    if (this.#stream?.writableFinished === false) this.#reset()
    else this.#connection.remove(this)
  }

  /** The connection was told to end before the head could leave. */
  #onFrameError(type: number): void {
    if (type === headersFrame && !this.#hasHead) this.#fail(streamRefusedError())
  }

  #onStreamError(error: NodeJS.ErrnoException): void {
    // The connection had ended, and had not said so yet.
    if (error.code === 'ERR_HTTP2_INVALID_SESSION' || error.code === 'ERR_HTTP2_GOAWAY_SESSION') {
      return this.#fail(streamRefusedError())
    }
    // nghttp2 has met something that is no HTTP/2.
    if (error.code === 'ERR_HTTP2_ERROR' && !this.#isWhole) this.#fail(badResponseError(error.message))
  }

  #onClose(): void {
    if (!this.#isWhole) this.#fail(this.#reason ?? this.#failure())
  }

  #failure(): Error {
    const { rstCode, id = 0 } = this.#stream ?? {}
    const { error, lastStreamId } = this.#connection
    if (!this.#hasHead && (rstCode === NGHTTP2_REFUSED_STREAM || id > lastStreamId)) return streamRefusedError()
    if (error !== undefined) return error
    if (rstCode === NGHTTP2_PROTOCOL_ERROR) return badResponseError('the stream broke a rule of HTTP/2')
    return new Error(`the stream was reset with code ${rstCode}`)
  }

  #fail(error: Error): void {
    const listener = this.#listener
    this.#listener = undefined
    this.#request = undefined
    this.#reset()
    if (listener === undefined) return
    // RFC 9113 section 8.7: these have not been processed, whatever was written.
    if (isRefusal(error)) this.hasSent = false
    listener.onError(error)
  }

  /** Node destroys it when the reset is out. */
  #reset(): void {
    const stream = this.#stream
    this.#body?.stop()
    if (stream !== undefined && !stream.destroyed && !stream.closed) stream.close(NGHTTP2_CANCEL)
    this.#connection.remove(this)
  }
}

function isRefusal(error: NodeJS.ErrnoException): boolean {
  return error.code === 'HEADGATE_STREAM_REFUSED'
}

function statusOf(raw: readonly string[]): number {
  const at = raw.indexOf(':status')
  return Number(raw[at + 1])
}
