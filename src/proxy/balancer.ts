import type { Backend, BackendId, Endpoint, EndpointId, WeightedBackend } from '../router/table.ts'

/** Where each backend's turn stands. Kept by id, so that it goes on across table swaps. */
export class Balancer {
  readonly #turns = new Map<BackendId, number>()
  readonly #random: () => number

  constructor({ random = Math.random }: { random?: () => number } = {}) {
    this.#random = random
  }

  /** Round robin over the endpoints that this request has not tried; undefined where there are none left. */
  pick(backend: Backend, tried: readonly EndpointId[]): Endpoint | undefined {
    const { endpoints } = backend
    const count = endpoints.length
    if (count === 0) return undefined
    // Every worker begins elsewhere: otherwise the first endpoint would get the first request of all of them.
    let turn = this.#turns.get(backend.id) ?? Math.floor(this.#random() * count)
    for (let seen = 0; seen < count; seen++) {
      const endpoint = endpoints[turn % count]
      turn = (turn + 1) % count
      if (endpoint !== undefined && !tried.includes(endpoint.id)) {
        this.#turns.set(backend.id, turn)
        return endpoint
      }
    }
    return undefined
  }

  /** Chooses among weighted backends by chance; undefined where no one has a share. */
  choose(backends: readonly WeightedBackend[]): WeightedBackend | undefined {
    const [only] = backends
    if (backends.length === 1 && only !== undefined && only.weight > 0) return only
    let total = 0
    for (const { weight } of backends) total += weight
    let point = this.#random() * total
    for (const candidate of backends) {
      point -= candidate.weight
      if (point < 0) return candidate
    }
    return undefined
  }

  /** Forgets the turns of backends that are gone. */
  retain(isLive: (id: BackendId) => boolean): void {
    for (const id of this.#turns.keys()) if (!isLive(id)) this.#turns.delete(id)
  }
}
