import { ApiError } from './api-error.ts'

/** What a server asks for, up to this, goes before our own limit. */
const maxAskedMs = 60_000

export type BackoffOptions = {
  readonly minMs: number
  readonly maxMs: number
  /** 0 up to 1. */
  readonly random: () => number
}

/** Waits that double, with full jitter, so that all replicas do not come back to a recovered server at one moment. */
export class Backoff {
  readonly #options: BackoffOptions
  #failures = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  reset(): void {
    this.#failures = 0
  }

  /** Milliseconds to wait after this failure; no less than what the server asks for. */
  next(error?: unknown): number {
    const { minMs, maxMs, random } = this.#options
    const limit = Math.min(maxMs, minMs * 2 ** Math.min(this.#failures++, 30))
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    return Math.max(Math.min(asked, maxAskedMs), random() * limit)
  }
}

/** Resolves after that time, or at once when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
