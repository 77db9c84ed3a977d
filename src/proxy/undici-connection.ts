import { Socket } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'
import type { Endpoint } from '../router/table.ts'
import type { EndpointHealth, EndpointState } from './endpoint-health.ts'
import { Fields } from './fields.ts'
import type { PoolSlot } from './pool-slot.ts'
import type { ConnectionUser } from './silence-watch.ts'
import type { UpstreamConnection, UpstreamListener, UpstreamRequest } from './upstream-connection.ts'
import { upstreamLimits } from './upstream-limits.ts'

export type UndiciConnectionOptions = {
  readonly endpoint: Endpoint
  readonly slot: PoolSlot
  readonly health: EndpointHealth
  readonly connector: buildConnector.connector
  readonly onClose: (connection: UndiciConnection) => void
}

/** One connector serves all connections. */
export function undiciConnector(connectTimeoutMs: number): buildConnector.connector {
  return buildConnector({ timeout: connectTimeoutMs, keepAliveInitialDelay: 30_000 })
}

/**
 * A connection that undici speaks on. A `Client` each: undici's `Pool` takes a refused request for a busy connection and can be
 * brought to a standstill by a few of them, and costs 18 KB for each endpoint that is never called.
 */
export class UndiciConnection implements UpstreamConnection {
  readonly endpoint: Endpoint
  readonly state: EndpointState
  isTunnel = false
  socket: Socket | undefined
  isConnected = false
  connectedAt = 0
  readonly slot: PoolSlot
  isKept = false
  isBusy = false
  idleUntil = 0
  /** undici closes what rests for too long by itself. */
  readonly idleTicks = Number.POSITIVE_INFINITY
  silences: number
  user: ConnectionUser | undefined
  quietSince: number
  readBytes = -1
  writtenBytes = 0
  hasSent = false
  readonly #client: Client
  #current: Exchange | undefined

  constructor({ endpoint, slot, health, connector, onClose }: UndiciConnectionOptions) {
    const state = health.stateOf(endpoint)
    this.endpoint = endpoint
    this.state = state
    this.slot = slot
    this.silences = state.silences
    this.quietSince = health.now
    this.#client = new Client(`http://${endpoint.id}`, {
      connect: (options, callback) => {
        // It returns the socket that is connecting, though its type does not say so.
        const socket: unknown = connector(options, (...result) => {
          if (result[0] !== null) health.onConnectFailed(state, codeOf(result[0]))
          callback(...result)
        })
        if (socket instanceof Socket) this.socket = socket
      },
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: upstreamLimits.keepAliveMs,
      keepAliveMaxTimeout: upstreamLimits.keepAliveMaxMs,
      maxHeaderSize: upstreamLimits.headBytes,
    })
    this.#client.on('connect', () => {
      this.isConnected = true
      this.connectedAt = performance.now()
      health.onConnected(state)
    })
    this.#client.on('disconnect', () => {
      this.isConnected = false
      onClose(this)
    })
  }

  get isReusable(): boolean {
    return this.isConnected && !this.#client.destroyed
  }

  send(request: UpstreamRequest, listener: UpstreamListener): void {
    this.hasSent = false
    const current = new Exchange(listener, () => {
      this.hasSent = true
    })
    this.#current = current
    const options: Dispatcher.DispatchOptions & { readonly servername: string } = {
      method: request.method as Dispatcher.HttpMethod,
      path: request.path,
      headers: [...request.fields.list],
      // It can say nothing behind a body: what `request.trailers` has stays here.
      body: request.body ?? null,
      headersTimeout: request.readTimeoutMs,
      bodyTimeout: request.readTimeoutMs,
      // Left out, undici closes the connection after each HEAD, and after a GET with a body.
      reset: false,
      // Left out, undici makes one of the Host field, and tests with a large pattern whether that is an address.
      servername: this.endpoint.address,
    }
    this.#client.dispatch(options, current)
  }

  resume(): void {
    this.#current?.controller?.resume()
  }

  abort(reason: Error): void {
    this.#current?.abort(reason)
  }

  destroy(): void {
    // It can only reject because the client is destroyed already, which is what we want.
    this.#client.destroy().catch(() => {})
  }

  /** undici has timers of its own. */
  checkTime(): void {}
}

/** What undici tells of one exchange, in the words of the proxy. */
class Exchange implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined
  readonly #listener: UpstreamListener
  readonly #onStart: () => void
  #aborted: Error | undefined
  #isSettled = false

  constructor(listener: UpstreamListener, onStart: () => void) {
    this.#listener = listener
    this.#onStart = onStart
  }

  abort(reason: Error): void {
    this.#aborted = reason
    this.controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    this.#onStart()
    if (this.#aborted !== undefined) controller.abort(this.#aborted)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const fields = Fields.ofList(rawFields(controller.rawHeaders))
    if (status < 200) return this.#listener.onInterim(status, fields)
    this.#listener.onHead({ status, fields, passing: undefined, hasDate: false, hasLength: false })
    // undici does not tell when it has used up what came; the first bytes of the body mostly come with the head.
    process.nextTick(() => {
      if (!this.#isSettled) this.#listener.onLull()
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#listener.onData(chunk, 0, chunk.length)) controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#isSettled = true
    const trailers = rawFields(controller.rawTrailers)
    this.#listener.onEnd(trailers.length > 0 ? Fields.ofList(trailers) : undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#listener.onError(error)
  }
}

function codeOf(error: NodeJS.ErrnoException): string | undefined {
  return error.code
}

/** Bytes as latin1, one character each, so that they leave as they came. */
function rawFields(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return []
  const fields = new Array<string>(raw.length)
  for (let i = 0; i < raw.length; i++) {
    const field: Buffer | string = raw[i] ?? ''
    fields[i] = typeof field === 'string' ? field : field.toString('latin1')
  }
  return fields
}
