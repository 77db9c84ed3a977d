import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../router/table.ts'
import { type EndpointHealth, type EndpointState, tickMs } from '../endpoint-health.ts'
import { connectTimeoutError } from '../errors.ts'
import { upstreamLimits } from '../upstream-limits.ts'
import type { H2cStream } from './h2c-stream.ts'

const keepAliveDelayMs = 30_000
/** All streams of a connection share it: a slow one holds none of it, as Node gives back what it has taken off the wire. */
const connectionWindowBytes = 1024 * 1024

const sessionOptions = {
  settings: { enablePush: false, maxHeaderListSize: upstreamLimits.headBytes },
  // A second field of a name that should be there once is the client's to answer for: it passes, as in HTTP/1.1.
  strictSingleValueFields: false,
}

export type H2cConnectionOptions = {
  readonly endpoint: Endpoint
  readonly health: EndpointHealth
  readonly connectTimeoutMs: number
  /** So many streams may be open, as far as is known of this endpoint. */
  readonly maxStreams: number
  readonly onClose: (connection: H2cConnection) => void
  /** The endpoint takes fewer streams than were given to the connection. */
  readonly onOverflow: (stream: H2cStream) => void
}

/**
 * A connection with HTTP/2 from its first byte ("prior knowledge", RFC 9113 section 3.3), shared by many requests. It is used when
 * the endpoint's SETTINGS are in: until then, what is there may be no HTTP/2 server at all, and nothing is lost by going elsewhere.
 */
export class H2cConnection {
  readonly endpoint: Endpoint
  readonly state: EndpointState
  readonly socket: Socket
  connectedAt = 0
  /** Times that the endpoint had fallen silent when this connection last worked. */
  silences: number
  /** Requests may be sent. */
  isReady = false
  /** Why it broke. */
  error: Error | undefined
  maxStreams: number
  /** RFC 9113 section 6.8: of streams above it the endpoint has not seen anything. */
  lastStreamId = Number.POSITIVE_INFINITY
  readonly #health: EndpointHealth
  readonly #options: H2cConnectionOptions
  readonly #session: ClientHttp2Session
  #requests = 0
  readonly #streams = new Set<H2cStream>()
  readonly #openedAt: number
  #idleSince: number
  /** It takes no new stream. */
  #isGoing = false
  #hasConnected = false
  #hasCarried = false

  constructor(options: H2cConnectionOptions) {
    const { endpoint, health, maxStreams } = options
    this.endpoint = endpoint
    this.maxStreams = maxStreams
    this.state = health.stateOf(endpoint)
    this.silences = this.state.silences
    this.#health = health
    this.#options = options
    this.#openedAt = health.now
    this.#idleSince = health.now
    const socket = connect({
      host: endpoint.address,
      port: endpoint.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    })
    this.socket = socket
    socket.on('connect', () => this.#onConnect())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onSocketError(error))
    this.#session = this.#openSession(socket)
  }

  get isKept(): boolean {
    return this.#hasCarried
  }

  get hasRoom(): boolean {
    const { closed, destroyed } = this.#session
    return !this.#isGoing && !closed && !destroyed && this.#streams.size < this.maxStreams
  }

  add(stream: H2cStream): void {
    this.#streams.add(stream)
  }

  /** The stream is done, or was never begun. */
  remove(stream: H2cStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return
    this.#idleSince = this.#health.now
    if (this.#isGoing) this.destroy()
  }

  /** @throws where Node will not send such a head. */
  begin(head: readonly string[], hasBody: boolean): ClientHttp2Stream {
    this.#hasCarried = true
    if (++this.#requests === upstreamLimits.requestsPerConnection) this.retire()
    return this.#session.request(head, { endStream: !hasBody })
  }

  /** Something came from the endpoint. */
  onHeard(): void {
    this.silences = this.state.silences
    this.state.heardAt = this.#health.now
  }

  /** No new streams; it ends with the last of those that it has. */
  retire(): void {
    this.#isGoing = true
    if (this.#streams.size === 0) this.destroy()
  }

  /** To be called a few times a second. */
  checkTime(): void {
    const { now } = this.#health
    if (!this.isReady) {
      const waitedMs = (now - this.#openedAt - 1) * tickMs
      if (waitedMs >= this.#options.connectTimeoutMs) this.socket.destroy(connectTimeoutError())
    } else if (this.#streams.size === 0 && (now - this.#idleSince) * tickMs > upstreamLimits.keepAliveMaxMs) {
      this.retire()
    }
  }

  destroy(): void {
    this.#isGoing = true
    this.#session.destroy()
    // Before it is connected, Node leaves the socket to itself.
    if (!this.isReady) this.socket.destroy()
  }

  #openSession(socket: Socket): ClientHttp2Session {
    const session = connectHttp2(`http://${this.endpoint.id}`, {
      createConnection: () => socket,
      ...sessionOptions,
    })
    session.on('connect', () => session.setLocalWindowSize(connectionWindowBytes))
    session.on('remoteSettings', ({ maxConcurrentStreams }) => this.#onSettings(maxConcurrentStreams))
    session.on('goaway', (_code, lastStreamId) => {
      this.lastStreamId = lastStreamId
      this.#isGoing = true
    })
    session.on('error', (error) => {
      this.error ??= error
    })
    session.on('close', () => this.#onClose())
    return session
  }

  #onConnect(): void {
    this.#hasConnected = true
    this.connectedAt = performance.now()
    this.#health.onConnected(this.state)
  }

  #onSettings(peerMaxStreams = upstreamLimits.streamsPerConnection): void {
    // A server may say none for a while: the request then waits its turn in node:http2, and is answered or times out.
    this.maxStreams = Math.max(1, Math.min(peerMaxStreams, upstreamLimits.streamsPerConnection))
    if (this.isReady) return
    this.isReady = true
    let places = this.maxStreams
    for (const stream of [...this.#streams]) {
      if (places-- > 0) stream.onReady()
      else {
        this.#streams.delete(stream)
        this.#options.onOverflow(stream)
      }
    }
  }

  #onSocketError(error: NodeJS.ErrnoException): void {
    this.error ??= error
    if (!this.#hasConnected) this.#health.onConnectFailed(this.state, error.code)
  }

  #onClose(): void {
    this.#isGoing = true
    this.isReady = false
    this.#options.onClose(this)
    // Those that were begun hear it from their streams as well.
    for (const stream of [...this.#streams]) stream.onConnectionLost()
  }
}
