import type { Socket } from 'node:net'
import type { Settings } from '../../router/table.ts'
import { type Http2Limits, limitsOf } from '../http2/limits.ts'
import type { ProxyState } from '../proxy-state.ts'
import { stallTimeoutMs } from '../stall.ts'
import { Http2Session } from './http2-session.ts'

const sweepEveryMs = 1_000

/** HTTP/2 for connections whose TLS handshake agreed on it, or that begin with it. */
export class Http2Lane {
  readonly #proxy: ProxyState
  readonly #sessions = new Set<Http2Session>()
  readonly #clock = { now: performance.now() }
  #timer: NodeJS.Timeout | undefined
  #settings: Settings | undefined
  #limits: Http2Limits | undefined

  constructor(proxy: ProxyState) {
    this.#proxy = proxy
  }

  /** Takes over a connection from its first byte on. */
  accept(socket: Socket, scheme: 'http' | 'https'): void {
    if (this.#timer === undefined) {
      this.#clock.now = performance.now()
      this.#timer = setInterval(() => this.#sweep(), sweepEveryMs).unref()
    }
    const session = new Http2Session({
      socket,
      scheme,
      proxy: this.#proxy,
      limits: this.#currentLimits(),
      clock: this.#clock,
      onClose: this.#onClose,
    })
    this.#sessions.add(session)
    if (this.#proxy.draining) session.announceEnd()
  }

  /** A GOAWAY that still allows every stream: clients take their next request elsewhere, none is lost on the way. */
  announceEnd(): void {
    for (const session of this.#sessions) session.announceEnd()
  }

  /** No new streams; those in progress end in peace, then the connection closes (RFC 9113 section 6.8). */
  drain(): void {
    for (const session of this.#sessions) session.drain()
  }

  destroy(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const session of this.#sessions) session.destroy()
  }

  /** One object for all connections until a setting changes. */
  #currentLimits(): Http2Limits {
    const { settings } = this.#proxy.table
    if (settings !== this.#settings || this.#limits === undefined) this.#limits = limitsOf(settings)
    this.#settings = settings
    return this.#limits
  }

  #sweep(): void {
    this.#clock.now = performance.now()
    const { settings } = this.#proxy.table
    const patience = { idleMs: settings.keepAliveMs, stallMs: stallTimeoutMs(settings) }
    for (const session of this.#sessions) session.checkTimes(patience)
  }

  readonly #onClose = (session: Http2Session): void => {
    this.#sessions.delete(session)
  }
}
