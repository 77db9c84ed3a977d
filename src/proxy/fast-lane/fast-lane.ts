import type { Socket } from 'node:net'
import type { HandoverReason } from '../counters.ts'
import { clientOn } from '../downstream-client.ts'
import { http1Limits } from '../http1-limits.ts'
import type { ProxyState } from '../proxy-state.ts'
import { FastConnection } from './fast-connection.ts'

const sweepEveryMs = 1_000
/** As long as the standard lane waits for a head. */
const firstRequestSweeps = http1Limits.headersTimeoutMs / sweepEveryMs
/** When the process ends, a client that has only just connected may be about to send. */
const drainingFirstRequestSweeps = 2_000 / sweepEveryMs

/** Connections whose requests are plain HTTP/1.1; the first one that is not takes its connection to the standard lane. */
export class FastLane {
  /** Of the sweeps. */
  now = 0
  readonly #proxy: ProxyState
  readonly #handOver: (socket: Socket) => void
  readonly #connections = new Map<Socket, FastConnection>()
  readonly #timer: NodeJS.Timeout

  constructor(proxy: ProxyState, handOver: (socket: Socket) => void) {
    this.#proxy = proxy
    this.#handOver = handOver
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs).unref()
  }

  accept(socket: Socket, scheme: 'http' | 'https'): void {
    const connection = new FastConnection({
      socket,
      client: clientOn(socket, scheme, this.#proxy),
      proxy: this.#proxy,
      clock: this,
      onClose: this.#onClose,
      onHandover: this.#onHandover,
    })
    this.#connections.set(socket, connection)
  }

  /** A request on this connection is being answered here. */
  isBusy(socket: Socket): boolean {
    return this.#connections.get(socket)?.isBusy === true
  }

  /** Closes what is idle now. */
  closeIdle(): void {
    for (const connection of this.#connections.values()) {
      if (connection.isBusy) continue
      if (connection.hasServed || connection.idleFor >= drainingFirstRequestSweeps) connection.socket.destroySoon()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  readonly #onHandover = ({ socket }: FastConnection, reason: HandoverReason, bytes: Buffer): void => {
    this.#connections.delete(socket)
    this.#proxy.counters.handovers[reason]++
    // In this order: nothing may flow before the other side listens, and what came last must come first.
    socket.pause()
    socket.unshift(bytes)
    this.#handOver(socket)
    socket.resume()
  }

  readonly #onClose = ({ socket }: FastConnection): void => {
    this.#connections.delete(socket)
  }

  #sweep(): void {
    this.now++
    const idleSweeps = Math.max(1, Math.ceil(this.#proxy.table.settings.keepAliveMs / sweepEveryMs))
    for (const connection of this.#connections.values()) {
      const { idleFor } = connection
      const limit = connection.isClosing ? 1 : connection.hasServed ? idleSweeps : firstRequestSweeps
      if (idleFor > limit) connection.socket.destroy()
    }
  }
}
