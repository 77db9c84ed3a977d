import type { Endpoint, EndpointId, UpstreamProtocol } from '../router/table.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import { H2cPool } from './h2c/h2c-pool.ts'
import { LeanConnection } from './lean/lean-connection.ts'
import type { PoolSlot } from './pool-slot.ts'
import { UndiciConnection, undiciConnector } from './undici-connection.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

export type UpstreamPoolOptions = {
  readonly connectTimeoutMs: number
  readonly health: EndpointHealth
  /** False: undici carries all. */
  readonly lean: boolean
}

/** Keep-alive connections by endpoint, whoever speaks on them. */
export class UpstreamPool {
  readonly #slots = new Map<EndpointId, PoolSlot>()
  readonly #all = new Set<UpstreamConnection>()
  readonly #h2c: H2cPool
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
    this.#h2c = new H2cPool(health, () => this.#connectTimeoutMs)
  }

  setConnectTimeout(connectTimeoutMs: number): void {
    if (connectTimeoutMs === this.#connectTimeoutMs) return
    this.#connectTimeoutMs = connectTimeoutMs
    this.#connector = undiciConnector(connectTimeoutMs)
  }

  /** Those that carry an exchange now. */
  get busy(): Iterable<UpstreamConnection> {
    return this.#findBusy()
  }

  *#findBusy(): Generator<UpstreamConnection> {
    for (const connection of this.#all) if (connection.isBusy) yield connection
  }

  acquire(endpoint: Endpoint, protocol: UpstreamProtocol = 'http'): UpstreamConnection {
    if (protocol === 'h2c') return this.acquireNew(endpoint, protocol)
    const idle = this.#slots.get(endpoint.id)?.idle
    for (let kept = idle?.pop(); kept !== undefined; kept = idle?.pop()) {
      if (kept.silences === kept.state.silences && kept.isReusable) {
        kept.quietSince = this.#health.now
        kept.readBytes = -1
        kept.isBusy = true
        return kept
      }
      this.#end(kept)
    }
    return this.acquireNew(endpoint)
  }

  /** A stream is always new; a connection that refused or lost one takes no other. */
  acquireNew(endpoint: Endpoint, protocol: UpstreamProtocol = 'http'): UpstreamConnection {
    const connection = protocol === 'h2c' ? this.#h2c.open(endpoint) : this.#open(endpoint)
    connection.isBusy = true
    this.#all.add(connection)
    return connection
  }

  /** Gives back a connection whose exchange is complete. */
  release(connection: UpstreamConnection): void {
    const { state, slot, idleTicks } = connection
    const { now } = this.#health
    connection.isBusy = false
    connection.user = undefined
    state.heardAt = now
    // Of an endpoint that was gone for a while, only new connections know the state that it has now.
    if (!connection.isReusable || !slot.isLive || idleTicks <= 0 || this.#health.isForgotten(state)) {
      this.#end(connection)
      return
    }
    connection.isKept = true
    connection.silences = state.silences
    connection.idleUntil = now + idleTicks
    slot.idle.push(connection)
  }

  /** Ends a connection whose exchange broke: nothing may be read from it any more. */
  discard(connection: UpstreamConnection): void {
    connection.isBusy = false
    connection.user = undefined
    this.#end(connection)
  }

  /** To be called a few times a second: closes what was idle for too long, and what is late. */
  checkTimes(): void {
    const { now } = this.#health
    this.#h2c.checkTimes()
    for (const connection of this.#all) {
      if (connection.isBusy) connection.checkTime()
      else if (now > connection.idleUntil) this.#end(connection)
    }
  }

  /** Closes the idle connections of endpoints that are gone; busy ones end with their exchange. */
  retain(isLive: (id: EndpointId) => boolean): void {
    this.#isLive = isLive
    this.#h2c.retain(isLive)
    for (const [id, slot] of this.#slots) {
      if (isLive(id)) continue
      slot.isLive = false
      this.#slots.delete(id)
      for (const connection of slot.idle.splice(0)) this.#end(connection)
    }
  }

  get size(): number {
    return this.#all.size
  }

  close(): void {
    for (const connection of this.#all) this.#end(connection)
    this.#h2c.close()
  }

  #open(endpoint: Endpoint): UpstreamConnection {
    const shared = { endpoint, slot: this.#slotOf(endpoint.id), health: this.#health, onClose: this.#onClose }
    return this.#lean
      ? new LeanConnection({ ...shared, connectTimeoutMs: this.#connectTimeoutMs })
      : new UndiciConnection({ ...shared, connector: this.#connector })
  }

  #slotOf(id: EndpointId): PoolSlot {
    const known = this.#slots.get(id)
    if (known !== undefined) return known
    const slot = { idle: [], isLive: this.#isLive(id) }
    if (slot.isLive) this.#slots.set(id, slot)
    return slot
  }

  /** One that is idle and that the other side has closed. A busy one is told of by its request's failure. */
  readonly #onClose = (connection: UpstreamConnection): void => {
    if (!connection.isBusy) this.#end(connection)
  }

  #end(connection: UpstreamConnection): void {
    if (!this.#all.delete(connection)) return
    const { idle } = connection.slot
    const at = idle.lastIndexOf(connection)
    if (at >= 0) idle.splice(at, 1)
    connection.destroy()
  }
}
