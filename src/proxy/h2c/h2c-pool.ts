import type { Endpoint, EndpointId } from '../../router/table.ts'
import type { EndpointHealth } from '../endpoint-health.ts'
import { upstreamLimits } from '../upstream-limits.ts'
import { H2cConnection } from './h2c-connection.ts'
import { H2cStream } from './h2c-stream.ts'

/** Connections by endpoint: as few as carry what there is. */
export class H2cPool {
  readonly #connections = new Map<EndpointId, H2cConnection[]>()
  readonly #health: EndpointHealth
  readonly #connectTimeoutMs: () => number

  constructor(health: EndpointHealth, connectTimeoutMs: () => number) {
    this.#health = health
    this.#connectTimeoutMs = connectTimeoutMs
  }

  open(endpoint: Endpoint): H2cStream {
    return new H2cStream(this.#place(endpoint), this.#health)
  }

  /** To be called a few times a second. */
  checkTimes(): void {
    for (const connection of this.#all()) connection.checkTime()
  }

  /** Connections of endpoints that are gone end with the last of their streams. */
  retain(isLive: (id: EndpointId) => boolean): void {
    for (const connection of this.#all()) if (!isLive(connection.endpoint.id)) connection.retire()
  }

  close(): void {
    for (const connection of this.#all()) connection.destroy()
  }

  #all(): readonly H2cConnection[] {
    return [...this.#connections.values()].flat()
  }

  /** The oldest that has room: where there is less to do, the younger ones fall idle and end. */
  #place(endpoint: Endpoint): H2cConnection {
    const state = this.#health.stateOf(endpoint)
    for (const connection of this.#connections.get(endpoint.id) ?? []) {
      // Of an endpoint that was gone for a while, only new connections know the state that it has now.
      if (connection.state !== state || connection.silences !== state.silences) connection.retire()
      if (connection.hasRoom) return connection
    }
    return this.#connect(endpoint)
  }

  #connect(endpoint: Endpoint): H2cConnection {
    const known = this.#connections.get(endpoint.id) ?? []
    const connection = new H2cConnection({
      endpoint,
      health: this.#health,
      connectTimeoutMs: this.#connectTimeoutMs(),
      maxStreams: known[0]?.maxStreams ?? upstreamLimits.streamsPerConnection,
      onClose: this.#onClose,
      onOverflow: this.#onOverflow,
    })
    this.#connections.set(endpoint.id, [...known, connection])
    return connection
  }

  readonly #onClose = (connection: H2cConnection): void => {
    const { id } = connection.endpoint
    const left = (this.#connections.get(id) ?? []).filter((other) => other !== connection)
    if (left.length === 0) this.#connections.delete(id)
    else this.#connections.set(id, left)
  }

  readonly #onOverflow = (stream: H2cStream): void => {
    stream.moveTo(this.#place(stream.endpoint))
  }
}
