import type { Endpoint, EndpointId } from '../router/table.ts'
import { type EndpointHealth, tickMs } from './endpoint-health.ts'
import { LeanConnection } from './lean/lean-connection.ts'
import type { WatchedConnection } from './silence-watch.ts'
import { UndiciConnection, undiciConnector } from './undici-connection.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/**
 * Below the 5 s after which many servers (Node's among them) close an idle connection: a request that meets such a close
 * half way cannot always be repeated.
 */
const keepAliveMs = 4_000
const keepAliveMaxMs = 60_000
/** What an endpoint says of its own limit may be on the way for a while. */
const keepAliveMarginMs = 1_000

export type UpstreamPoolOptions = {
  readonly connectTimeoutMs: number
  readonly health: EndpointHealth
  /** False: undici carries all. */
  readonly lean: boolean
}

/** Idle connections of one endpoint, the one used last at the end: it is the one least likely to be closed by the other side. */
type IdleList = UpstreamConnection[]

/** Keep-alive connections by endpoint, whoever speaks on them. */
export class UpstreamPool {
  readonly #idle = new Map<EndpointId, IdleList>()
  readonly #busy = new Set<UpstreamConnection>()
  readonly #health: EndpointHealth
  readonly #lean: boolean
  #connectTimeoutMs: number
  #connector: ReturnType<typeof undiciConnector>
  #isLive: (id: EndpointId) => boolean = () => true

  constructor({ connectTimeoutMs, health, lean }: UpstreamPoolOptions) {
    this.#health = health
    this.#lean = lean
    this.#connectTimeoutMs = connectTimeoutMs
    this.#connector = undiciConnector(connectTimeoutMs)
  }

  setConnectTimeout(connectTimeoutMs: number): void {
    if (connectTimeoutMs === this.#connectTimeoutMs) return
    this.#connectTimeoutMs = connectTimeoutMs
    this.#connector = undiciConnector(connectTimeoutMs)
  }

  /** Those that carry an exchange now. */
  get busy(): Iterable<WatchedConnection> {
    return this.#busy
  }

  acquire(endpoint: Endpoint): UpstreamConnection {
    const kept = this.#idle.get(endpoint.id)?.pop()
    if (kept === undefined) return this.acquireNew(endpoint)
    if (kept.silences !== kept.state.silences) {
      kept.destroy()
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
    const { endpoint, state } = connection
    connection.user = undefined
    state.heardAt = this.#health.now
    // Of an endpoint that was gone for a while, only new connections know the state that it has now.
    if (!connection.isReusable || !this.#isLive(endpoint.id) || this.#health.isForgotten(state)) {
      connection.destroy()
      return
    }
    connection.isKept = true
    connection.silences = state.silences
    if (connection instanceof LeanConnection) connection.idleUntil = this.#health.now + idleTicks(connection)
    const idle = this.#idle.get(endpoint.id)
    if (idle === undefined) this.#idle.set(endpoint.id, [connection])
    else idle.push(connection)
  }

  /** Ends a connection whose exchange broke: nothing may be read from it any more. */
  discard(connection: UpstreamConnection): void {
    this.#busy.delete(connection)
    connection.user = undefined
    connection.destroy()
  }

  /** To be called a few times a second: closes what was idle for too long, and what is late. */
  checkTimes(): void {
    for (const connection of this.#busy) connection.checkTime()
    const { now } = this.#health
    for (const idle of this.#idle.values()) {
      for (let i = idle.length - 1; i >= 0; i--) {
        const connection = idle[i]
        if (!(connection instanceof LeanConnection) || now <= connection.idleUntil) continue
        idle.splice(i, 1)
        connection.destroy()
      }
    }
  }

  /** Closes the idle connections of endpoints that are gone; busy ones end with their exchange. */
  retain(isLive: (id: EndpointId) => boolean): void {
    this.#isLive = isLive
    for (const [id, connections] of this.#idle) {
      if (isLive(id)) continue
      this.#idle.delete(id)
      for (const connection of connections) connection.destroy()
    }
  }

  get size(): number {
    let count = this.#busy.size
    for (const connections of this.#idle.values()) count += connections.length
    return count
  }

  close(): void {
    for (const connections of this.#idle.values()) for (const connection of connections) connection.destroy()
    this.#idle.clear()
    for (const connection of this.#busy) connection.destroy()
    this.#busy.clear()
  }

  #open(endpoint: Endpoint): UpstreamConnection {
    const shared = { endpoint, health: this.#health, onClose: this.#forget }
    return this.#lean
      ? new LeanConnection({ ...shared, connectTimeoutMs: this.#connectTimeoutMs })
      : new UndiciConnection({ ...shared, connector: this.#connector })
  }

  /** An idle connection that the other side has closed. A busy one is told of by its request's failure. */
  readonly #forget = (connection: UpstreamConnection): void => {
    if (this.#busy.has(connection)) return
    const idle = this.#idle.get(connection.endpoint.id)
    const at = idle?.indexOf(connection) ?? -1
    if (idle === undefined || at < 0) return
    idle.splice(at, 1)
    if (idle.length === 0) this.#idle.delete(connection.endpoint.id)
    connection.destroy()
  }
}

/** How long it may be kept without a request. */
function idleTicks({ keepAliveSeconds }: LeanConnection): number {
  if (keepAliveSeconds < 0) return keepAliveMs / tickMs
  const ms = Math.min(keepAliveSeconds * 1_000 - keepAliveMarginMs, keepAliveMaxMs)
  return Math.max(Math.floor(ms / tickMs), 0)
}
