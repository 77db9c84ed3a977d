import type { Readable } from 'node:stream'
import { createLogger } from '../../src/log.ts'
import { Counters } from '../../src/proxy/counters.ts'
import { EndpointHealth } from '../../src/proxy/endpoint-health.ts'
import { describeFailure } from '../../src/proxy/errors.ts'
import { Fields } from '../../src/proxy/fields.ts'
import type { TrailerSource } from '../../src/proxy/request-trailers.ts'
import { SilenceWatch } from '../../src/proxy/silence-watch.ts'
import type { UpstreamConnection, UpstreamHead, UpstreamListener } from '../../src/proxy/upstream-connection.ts'
import { UpstreamPool } from '../../src/proxy/upstream-pool.ts'
import type { Endpoint, UpstreamProtocol } from '../../src/router/table.ts'
import type { UpstreamClient } from './bed.ts'

export type Asked = {
  readonly method?: string
  readonly path?: string
  readonly body?: Readable
  readonly bodyLength?: number
  readonly readTimeoutMs?: number
  readonly fields?: string
  readonly trailers?: TrailerSource
}

/** One request on one connection, and all that is heard of it. The connection goes back to its pool as it does in the proxy. */
export class Exchange implements UpstreamListener {
  readonly connection: UpstreamConnection
  /** In the order in which they came; runs of the same are one. */
  readonly events: string[] = []
  readonly interim: { readonly status: number; readonly list: readonly string[] }[] = []
  head: UpstreamHead | undefined
  body = ''
  trailers: readonly string[] | undefined
  error: Error | undefined
  lulls = 0
  /** What `onData` answers. */
  takesMore = true
  /** Called with each event. */
  onEvent: (event: string) => void = () => {}
  readonly #pool: UpstreamPool
  readonly #finished = Promise.withResolvers<void>()
  #hasReturned = false

  constructor(pool: UpstreamPool, connection: UpstreamConnection) {
    this.#pool = pool
    this.connection = connection
  }

  /** `end`, or the reason for which it failed. */
  get outcome(): string | undefined {
    if (this.events.at(-1) === 'end') return 'end'
    if (this.error === undefined) return undefined
    return describeFailure(this.error, this.connection.hasSent, this.head !== undefined).reason
  }

  /** Resolves when it has ended, well or not. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  ask(port: number, { method = 'GET', path = '/', body, bodyLength, readTimeoutMs = 10_000, ...more }: Asked): this {
    const length = bodyLength === undefined ? '' : `Content-Length: ${bodyLength}\r\n`
    const fields = Fields.ofLines(`Host: 127.0.0.1:${port}\r\nX-Asked: yes\r\n${length}${more.fields ?? ''}`)
    this.connection.send({ method, path, fields, body, bodyLength, readTimeoutMs, trailers: more.trailers }, this)
    this.#hasReturned = true
    return this
  }

  onInterim(status: number, fields: Fields): void {
    this.#hear('interim')
    this.interim.push({ status, list: fields.list })
  }

  onHead(head: UpstreamHead): void {
    this.head = head
    this.#hear('head')
  }

  onData(buffer: Buffer, from: number, to: number): boolean {
    this.body += buffer.toString('latin1', from, to)
    this.#hear('data')
    return this.takesMore
  }

  onLull(): void {
    this.lulls++
    if (!this.#hasReturned || this.#hasFinished) throw new Error(`a lull after: ${this.events}`)
  }

  onEnd(trailers: Fields | undefined): void {
    this.trailers = trailers?.list
    this.#hear('end')
    this.#pool.release(this.connection)
    this.#finished.resolve()
  }

  onError(error: Error): void {
    this.#hear('error')
    this.error = error
    this.#pool.discard(this.connection)
    this.#finished.resolve()
  }

  get #hasFinished(): boolean {
    return this.events.includes('end') || this.events.includes('error')
  }

  #hear(event: string): void {
    if (!this.#hasReturned) throw new Error(`${event} before send has returned`)
    if (this.#hasFinished) throw new Error(`${event} after: ${this.events}`)
    if (this.events.at(-1) !== event || event === 'interim') this.events.push(event)
    this.onEvent(event)
  }
}

export type PoolBed = {
  readonly pool: UpstreamPool
  readonly health: EndpointHealth
  /** Asks the endpoint with that port. */
  ask(port: number, asked?: Asked): Exchange
  /** What happens a few times a second. */
  tick(): void
  close(): void
}

export function startPool(
  client: UpstreamClient,
  {
    connectTimeoutMs = 5_000,
    isTicking = true,
    protocol = 'http',
  }: { connectTimeoutMs?: number; isTicking?: boolean; protocol?: UpstreamProtocol } = {},
): PoolBed {
  const health = new EndpointHealth({
    log: createLogger({ level: 'error', format: 'json' }),
    counters: new Counters(),
    onEjected: () => {},
  })
  const pool = new UpstreamPool({ connectTimeoutMs, health, lean: client === 'lean' })
  const watch = isTicking
    ? new SilenceWatch({ health, connections: () => pool.busy, onTick: () => pool.checkTimes() })
    : undefined
  const endpoints = new Map<number, Endpoint>()
  return {
    pool,
    health,
    ask(port, asked = {}) {
      const endpoint = endpoints.get(port) ?? { id: `127.0.0.1:${port}`, address: '127.0.0.1', port, zone: undefined }
      endpoints.set(port, endpoint)
      return new Exchange(pool, pool.acquire(endpoint, protocol)).ask(port, asked)
    },
    tick() {
      health.tick()
      pool.checkTimes()
    },
    close() {
      watch?.stop()
      health.stop()
      pool.close()
    },
  }
}
