import type { UpstreamFailure } from './errors.ts'

/** Tries of one request, each on another endpoint, without misses. */
const maxAttempts = 3
/** While a backend is scaled down, or a node is dead, many endpoints take no connection at the same time. */
const maxMisses = 10

/** RFC 9110 section 9.2.2. CONNECT is never proxied, TRACE neither. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

export type AttemptOutcome = {
  readonly method: string
  readonly failure: UpstreamFailure
  /** Tries made so far, misses included. */
  readonly attempts: number
  /** Tries of endpoints that took no connection, while another might. */
  readonly misses: number
  /** The response head has gone to the client. */
  readonly committed: boolean
  /** What the endpoint took of the request body can be sent again. */
  readonly bodyReplayable: boolean
}

/**
 * May the request be tried on another endpoint? A request that nobody has seen may always; one that may have been worked
 * on only where doing it twice is the same as doing it once.
 */
export function mayRetry({ method, failure, committed, bodyReplayable, ...tries }: AttemptOutcome): boolean {
  if (committed || !bodyReplayable || !mayTryAgain(tries)) return false
  if (!failure.requestSent) return true
  switch (failure.reason) {
    case 'reset-before-head':
    case 'endpoint-silent':
      return idempotent.has(method)
    // The endpoint is there and slow, or answers nonsense: another try would double the load or the nonsense.
    default:
      return false
  }
}

/** For a request that nobody has seen. */
export function mayTryAgain({ attempts, misses }: Pick<AttemptOutcome, 'attempts' | 'misses'>): boolean {
  return attempts - misses < maxAttempts && misses < maxMisses
}

/**
 * Holds retries of requests that an endpoint has seen to a fifth of the traffic and 10 a second, so that an outage is not
 * multiplied. Requests that nobody has seen cost no endpoint anything and are not counted.
 */
export class RetryBudget {
  #tokens = 10
  #refilledAt: number
  readonly #now: () => number

  /** `now`: milliseconds of a clock that never goes back. */
  constructor({ now = () => performance.now() }: { now?: () => number } = {}) {
    this.#now = now
    this.#refilledAt = now()
  }

  onRequest(): void {
    this.#tokens = Math.min(this.#tokens + 0.2, 100)
  }

  take(): boolean {
    const now = this.#now()
    this.#tokens = Math.min(this.#tokens + ((now - this.#refilledAt) / 1000) * 10, 100)
    this.#refilledAt = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
