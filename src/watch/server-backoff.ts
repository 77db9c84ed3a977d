import { ApiError, hasStatus } from './api-error.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'

/**
 * One for all requests of one kind of work: an API server that as a whole cannot answer now must not be asked for the next
 * object at once, and the next, however many there are.
 */
export class ServerBackoff {
  readonly #backoff: Backoff
  #notBeforeMs = 0

  constructor(options: BackoffOptions) {
    this.#backoff = new Backoff(options)
  }

  /** Milliseconds until the next request may go; 0: now. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - performance.now())
  }

  onSuccess(): void {
    this.#backoff.reset()
  }

  /** False: it is about this one request, and others may go on. */
  onFailure(error: unknown): boolean {
    const isAboutServer = !(error instanceof ApiError) || hasStatus(error, 401, 429, 502, 503, 504)
    if (isAboutServer) this.#notBeforeMs = performance.now() + this.#backoff.next(error)
    return isAboutServer
  }
}
