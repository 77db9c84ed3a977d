import type { Backend, Endpoint, EndpointId } from '../router/table.ts'
import type { UpstreamFailure } from './errors.ts'
import type { ProxyState } from './proxy-state.ts'

/** Connects that were not answered, and those that failed otherwise: no route to the host, for one. */
const mayBeMiss: ReadonlySet<UpstreamFailure['reason']> = new Set(['connect-timeout', 'connect-failed'])

/** The endpoints that one request has tried, and those that it may still try. */
export class Tries {
  readonly #proxy: ProxyState
  readonly #backend: Backend
  readonly #tried: EndpointId[] = []
  #misses = 0

  constructor(proxy: ProxyState, backend: Backend) {
    this.#proxy = proxy
    this.#backend = backend
  }

  get count(): number {
    return this.#tried.length
  }

  get misses(): number {
    return this.#misses
  }

  add(endpoint: Endpoint): void {
    this.#tried.push(endpoint.id)
  }

  /** A refusal comes at once. Of other ways to take no connection, those do not count against it while another endpoint might. */
  onFailure({ reason }: UpstreamFailure): void {
    if (reason === 'connect-refused' || (mayBeMiss.has(reason) && this.isAnyLeft())) this.#misses++
  }

  /** Whose turn it is among those that were not tried; undefined where there are none left. */
  next(): Endpoint | undefined {
    return this.#proxy.balancer.pick(this.#current(), this.#tried)
  }

  /** One is left that takes connections, as far as is known. */
  isAnyLeft(): boolean {
    const { ejected } = this.#proxy.health
    return this.#current().endpoints.some(({ id }) => !ejected.has(id) && !this.#tried.includes(id))
  }

  /** Where many endpoints go at once, those that the request was matched with may all be gone: the newest table is asked. */
  #current(): Backend {
    return this.#proxy.table.backends.get(this.#backend.id) ?? this.#backend
  }
}
