import type { Backend, BackendId, Endpoint, EndpointId, WeightedBackend } from '../router/table.ts'

/** Who had the last turn, and where it stood in the list then. */
type Turn = { endpoint: EndpointId; index: number }

/** A set, or the keys of a map. */
type EndpointSet = { readonly size: number; has(id: EndpointId): boolean }

export type BalancerOptions = {
  /** As they are at the moment of each pick. */
  readonly ejected?: EndpointSet
  readonly random?: () => number
}

const none: EndpointSet = new Set<EndpointId>()

/** Whose turn it is, by backend id: it goes on across table swaps, from the endpoint that was served last. */
export class Balancer {
  readonly #turns = new Map<BackendId, Turn>()
  readonly #ejected: EndpointSet
  readonly #random: () => number

  constructor({ ejected = new Set(), random = Math.random }: BalancerOptions = {}) {
    this.#ejected = ejected
    this.#random = random
  }

  /**
   * Round robin over the endpoints that this request has not tried; undefined where there are none left. Ejected ones are passed by,
   * unless nobody else is left: then they are tried as if none were ejected.
   */
  pick(backend: Backend, tried: readonly EndpointId[]): Endpoint | undefined {
    if (this.#ejected.size === 0) return this.#next(backend, tried, none)
    return this.#next(backend, tried, this.#ejected) ?? this.#next(backend, tried, none)
  }

  #next({ id, endpoints }: Backend, tried: readonly EndpointId[], passedBy: EndpointSet): Endpoint | undefined {
    const count = endpoints.length
    const turn = this.#turns.get(id)
    // Every process begins elsewhere: otherwise the first endpoint would get the first request of all of them.
    let index = turn === undefined ? Math.floor(this.#random() * count) : indexAfter(turn, endpoints)
    for (let seen = 0; seen < count; seen++, index++) {
      const endpoint = endpoints[index % count]
      if (endpoint === undefined || tried.includes(endpoint.id)) continue
      if (passedBy.size > 0 && passedBy.has(endpoint.id)) continue
      if (turn === undefined) {
        this.#turns.set(id, { endpoint: endpoint.id, index: index % count })
      } else {
        turn.endpoint = endpoint.id
        turn.index = index % count
      }
      return endpoint
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

/** In a list that has changed, the place after the endpoint served last; where that is gone, the place where it was. */
function indexAfter({ endpoint, index }: Turn, endpoints: readonly Endpoint[]): number {
  if (endpoints[index]?.id === endpoint) return index + 1
  const moved = endpoints.findIndex(({ id }) => id === endpoint)
  return moved < 0 ? index : moved + 1
}
