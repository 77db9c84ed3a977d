import { Budget } from './budget.ts'
import type { Http2Limits } from './limits.ts'

/**
 * Counts what a client does that costs us and brings no request forward. Each `true` is a client that has gone too far: real ones
 * stay far below. What moves requests forward earns some of it back, so that long and busy connections never come near.
 */
export class AbuseWatch {
  readonly #clock: { readonly now: number }
  readonly #resets: Budget
  readonly #streamErrors: Budget
  readonly #idleFrames: Budget

  constructor({ resets, streamErrors, idleFrames }: Http2Limits, clock: { readonly now: number }) {
    this.#clock = clock
    this.#resets = new Budget(resets, clock.now)
    this.#streamErrors = new Budget(streamErrors, clock.now)
    this.#idleFrames = new Budget(idleFrames, clock.now)
  }

  onRequest(): void {
    this.#idleFrames.earn(framesPerRequest)
  }

  /** To a client that waited for it. */
  onAnswered(): void {
    this.#resets.earn(1)
  }

  /** Data in a DATA frame, from the client or to it. */
  onData(): void {
    this.#idleFrames.earn(framesPerData)
  }

  /** The client gave a stream up. */
  onReset(): boolean {
    return !this.#resets.spend(1, this.#clock.now)
  }

  onStreamError(): boolean {
    return !this.#streamErrors.spend(1, this.#clock.now)
  }

  onIdleFrame(cost = 1): boolean {
    return !this.#idleFrames.spend(cost, this.#clock.now)
  }
}

/** Clients widen two windows for some of the data that they read, some of them for each frame of it. */
const framesPerData = 3
/** Priorities of RFC 7540, window updates before the first data, a PING to measure the round trip. */
const framesPerRequest = 5
