import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Endpoint } from '../router/table.ts'
import { type EndpointHealth, type EndpointState, silentTicks, tickMs } from './endpoint-health.ts'
import { connectTimeoutError, endpointSilentError } from './errors.ts'

/** Whoever waits for an answer on a connection. */
export interface ConnectionUser {
  /** Nothing has been sent yet, and an endpoint that takes connections is left for it. */
  canGoElsewhere(): boolean
}

/** A connection to an endpoint from which somebody waits for bytes. */
export type WatchedConnection = {
  readonly state: EndpointState
  /** Of a tunnel that is open: to be quiet is nothing unusual. */
  isTunnel: boolean
  socket: Socket | undefined
  isConnected: boolean
  user: ConnectionUser | undefined
  /** Tick at which it last carried something, or was taken for a request. */
  quietSince: number
  /** What it had carried when it was last looked at; below 0: not looked at since it was taken. */
  readBytes: number
  writtenBytes: number
}

function watchedConnection(state: EndpointState, now: number): WatchedConnection {
  return {
    state,
    isTunnel: false,
    socket: undefined,
    isConnected: false,
    user: undefined,
    quietSince: now,
    readBytes: -1,
    writtenBytes: 0,
  }
}

export type SilenceWatchOptions = {
  readonly health: EndpointHealth
  /** Those that carry a request now. */
  readonly connections: () => Iterable<WatchedConnection>
  /** Called at each tick, for those who have no timer of their own. */
  readonly onTick: () => void
}

/**
 * Notices endpoints whose host has died. TCP alone takes a quarter of an hour for that, and Node has no TCP_USER_TIMEOUT. It looks
 * at all busy connections a few times a second, so that no request needs a timer; most are done before they are looked at twice.
 */
export class SilenceWatch {
  readonly #health: EndpointHealth
  readonly #tunnels = new Set<WatchedConnection>()
  readonly #connections: () => Iterable<WatchedConnection>
  readonly #onTick: () => void
  readonly #timer: NodeJS.Timeout

  constructor({ health, connections, onTick }: SilenceWatchOptions) {
    this.#health = health
    this.#connections = connections
    this.#onTick = onTick
    this.#timer = setInterval(() => this.#sweep(), tickMs).unref()
  }

  /** The connection of a handshake, from its first packet to the end of the tunnel that it may become. */
  watch(request: ClientRequest, endpoint: Endpoint, user: ConnectionUser): WatchedConnection {
    const health = this.#health
    const connection = watchedConnection(health.stateOf(endpoint), health.now)
    connection.user = user
    request.on('socket', (socket) => {
      connection.socket = socket
      this.#tunnels.add(connection)
      socket.once('connect', () => {
        connection.isConnected = true
        health.onConnected(connection.state)
      })
      socket.once('close', () => this.#tunnels.delete(connection))
    })
    return connection
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#health.stop()
  }

  #sweep(): void {
    this.#health.tick()
    this.#onTick()
    for (const connection of this.#connections()) this.#look(connection)
    for (const tunnel of this.#tunnels) this.#look(tunnel)
  }

  #look(connection: WatchedConnection): void {
    const { state, socket, quietSince, readBytes, isTunnel } = connection
    const { now, ejected } = this.#health
    if (socket === undefined) return
    if (isTunnel && ejected.size === 0) {
      connection.readBytes = -1
      return
    }
    const quietFor = now - quietSince
    if (readBytes >= 0 && !isDue(quietFor, ejected.size > 0)) return
    if (!connection.isConnected) {
      if (quietFor > silentTicks || this.#health.isForgotten(state)) this.#onConnectSlow(connection, socket)
    } else if (!this.#hasMoved(connection, socket) && quietFor > silentTicks) {
      this.#onQuiet(connection, socket)
    }
  }

  #onConnectSlow({ state, user }: WatchedConnection, socket: Socket): void {
    const health = this.#health
    health.onConnectSlow(state)
    const isLost = health.ejected.has(state.endpoint.id) || health.isForgotten(state)
    if (isLost && user?.canGoElsewhere()) socket.destroy(connectTimeoutError())
  }

  #hasMoved(connection: WatchedConnection, socket: Socket): boolean {
    const { state, readBytes, writtenBytes } = connection
    connection.readBytes = socket.bytesRead
    connection.writtenBytes = socket.bytesWritten
    if (readBytes < 0 || (connection.readBytes === readBytes && connection.writtenBytes === writtenBytes)) return false
    connection.quietSince = this.#health.now
    // What we write may get no further than the kernel.
    if (connection.readBytes !== readBytes) state.heardAt = this.#health.now
    return true
  }

  #onQuiet({ state, isTunnel, quietSince }: WatchedConnection, socket: Socket): void {
    const health = this.#health
    // With bytes unread it is we who wait: for a client that is slow to read.
    if (socket.readableLength > 0 || !health.isSilent(state)) return
    if (!isTunnel) health.suspect(state, quietSince)
    if (health.isGone(state, isTunnel)) socket.destroy(endpointSilentError())
  }
}

/** Long polls are many and mostly quiet: they are looked at once a second, and more often only while something is wrong. */
function isDue(quietFor: number, isUrgent: boolean): boolean {
  return quietFor > silentTicks && (isUrgent || quietFor % silentTicks === 1)
}
