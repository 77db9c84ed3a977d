import { Socket } from 'node:net'
import { buildConnector, Client } from 'undici'
import type { Endpoint, EndpointId } from '../router/table.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import { type WatchedConnection, watchedConnection } from './silence-watch.ts'

/**
 * Below the 5 s after which many servers (Node's among them) close an idle connection: a request that meets such a close
 * half way cannot always be repeated.
 */
const keepAliveMs = 4_000
const keepAliveMaxMs = 60_000
const maxHeadBytes = 64 * 1024

/** One connection at a time carries one request: what comes back can only be the answer to it. */
export type UpstreamConnection = WatchedConnection & {
  readonly client: Client
  readonly endpoint: Endpoint
  /** It has carried an exchange before, so the endpoint may be closing it as idle at this very moment. */
  isKept: boolean
  /** Those of the endpoint when this connection last worked. */
  silences: number
}

export type UpstreamPoolOptions = { readonly connectTimeoutMs: number; readonly health: EndpointHealth }

/**
 * Keep-alive connections by endpoint. Made of undici's `Client`s: its `Pool` takes a refused request for a busy connection
 * and can be brought to a standstill by a few of them, and costs 18 KB for each endpoint that is never called.
 */
export class UpstreamPool {
  /** Idle connections, the one used last at the end: it is the one least likely to be closed by the other side. */
  readonly #idle = new Map<EndpointId, UpstreamConnection[]>()
  readonly #busy = new Set<UpstreamConnection>()
  readonly #health: EndpointHealth
  #connectTimeoutMs: number
  #connector: buildConnector.connector
  #isLive: (id: EndpointId) => boolean = () => true

  constructor({ connectTimeoutMs, health }: UpstreamPoolOptions) {
    this.#health = health
    this.#connectTimeoutMs = connectTimeoutMs
    this.#connector = buildConnector({ timeout: connectTimeoutMs, keepAliveInitialDelay: 30_000 })
  }

  setConnectTimeout(connectTimeoutMs: number): void {
    if (connectTimeoutMs === this.#connectTimeoutMs) return
    this.#connectTimeoutMs = connectTimeoutMs
    this.#connector = buildConnector({ timeout: connectTimeoutMs, keepAliveInitialDelay: 30_000 })
  }

  /** Those that carry an exchange now. */
  get busy(): Iterable<WatchedConnection> {
    return this.#busy
  }

  acquire(endpoint: Endpoint): UpstreamConnection {
    const kept = this.#idle.get(endpoint.id)?.pop()
    if (kept === undefined) return this.acquireNew(endpoint)
    if (kept.silences !== kept.state.silences) {
      destroy(kept.client)
      return this.acquireNew(endpoint)
    }
    kept.quietSince = this.#health.now
    kept.readBytes = -1
    this.#busy.add(kept)
    return kept
  }

  acquireNew(endpoint: Endpoint): UpstreamConnection {
    const connection = this.#open(endpoint)
    this.#busy.add(connection)
    return connection
  }

  /** Gives back a connection whose exchange is complete. */
  release(connection: UpstreamConnection): void {
    this.#busy.delete(connection)
    const { client, endpoint, state } = connection
    connection.user = undefined
    state.heardAt = this.#health.now
    if (client.destroyed) return
    // Of an endpoint that was gone for a while, only new connections know the state that it has now.
    if (!this.#isLive(endpoint.id) || this.#health.isForgotten(state) || !connection.isConnected) {
      destroy(client)
      return
    }
    connection.isKept = true
    connection.silences = state.silences
    const idle = this.#idle.get(endpoint.id)
    if (idle === undefined) this.#idle.set(endpoint.id, [connection])
    else idle.push(connection)
  }

  /** Ends a connection whose exchange broke: nothing may be read from it any more. */
  discard(connection: UpstreamConnection): void {
    this.#busy.delete(connection)
    connection.user = undefined
    destroy(connection.client)
  }

  /** Closes the idle connections of endpoints that are gone; busy ones end with their exchange. */
  retain(isLive: (id: EndpointId) => boolean): void {
    this.#isLive = isLive
    for (const [id, connections] of this.#idle) {
      if (isLive(id)) continue
      this.#idle.delete(id)
      for (const { client } of connections) destroy(client)
    }
  }

  get size(): number {
    let count = this.#busy.size
    for (const connections of this.#idle.values()) count += connections.length
    return count
  }

  close(): void {
    for (const connections of this.#idle.values()) for (const { client } of connections) destroy(client)
    this.#idle.clear()
    for (const { client } of this.#busy) destroy(client)
    this.#busy.clear()
  }

  #open(endpoint: Endpoint): UpstreamConnection {
    const health = this.#health
    const state = health.stateOf(endpoint)
    const connector = this.#connector
    const client = new Client(`http://${endpoint.id}`, {
      connect: (options, callback) => {
        // It returns the socket that is connecting, though its type does not say so.
        const socket: unknown = connector(options, (...result) => {
          if (result[0] !== null) health.onConnectFailed(state, codeOf(result[0]))
          callback(...result)
        })
        if (socket instanceof Socket) connection.socket = socket
      },
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMaxMs,
      maxHeaderSize: maxHeadBytes,
    })
    const connection: UpstreamConnection = {
      ...watchedConnection(state, health.now),
      client,
      endpoint,
      isKept: false,
      silences: state.silences,
    }
    client.on('connect', () => {
      connection.isConnected = true
      health.onConnected(state)
    })
    client.on('disconnect', () => {
      connection.isConnected = false
      this.#forget(connection)
    })
    return connection
  }

  /** An idle connection that the other side has closed. A busy one is told of by its request's failure. */
  #forget(connection: UpstreamConnection): void {
    if (this.#busy.has(connection)) return
    const idle = this.#idle.get(connection.endpoint.id)
    const at = idle?.indexOf(connection) ?? -1
    if (idle === undefined || at < 0) return
    idle.splice(at, 1)
    if (idle.length === 0) this.#idle.delete(connection.endpoint.id)
    destroy(connection.client)
  }
}

function codeOf(error: NodeJS.ErrnoException): string | undefined {
  return error.code
}

function destroy(client: Client): void {
  // It can only reject because the client is destroyed already, which is what we want.
  client.destroy().catch(() => {})
}
