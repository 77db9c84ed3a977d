import { Budget } from './budget.ts'
import { errorCode } from './error-code.ts'
import type { Http2Limits, LimitReason } from './limits.ts'

/** Clients widen two windows for some of the data that they read, some of them for each frame of it. */
const framesPerData = 3
/** Priorities of RFC 7540, window updates before the first data, a PING to measure the round trip. */
const framesPerRequest = 5

/** A frame of less is worth no more than one that brings nothing: DATA of one byte must not pay for three PINGs. */
const smallData = 64
/** Who has one answer in ten given up is no attacker; who has every second one is. */
const resetsPerAnswer = 0.1
/** A client that has not read our SETTINGS yet opens a hundred streams more than it may, if any. */
const framesPerRefusal = 4

/** A smaller step is no use to anybody who reads: each makes us send a frame for a few bytes. */
const smallestStep = 64
const smallStepCost = framesPerData + 1

/**
 * Counts what a client does that costs us and brings no request forward. A code is a connection error for one that has gone too far:
 * real clients stay far below. What moves requests forward earns some of it back, so that long and busy connections never come near.
 */
export class AbuseWatch {
  /** The last limit that was exceeded; empty: none. */
  reason: LimitReason | '' = ''
  readonly #clock: { readonly now: number }
  readonly #onLimit: (reason: LimitReason) => void
  readonly #resets: Budget
  readonly #streamErrors: Budget
  readonly #idleFrames: Budget

  constructor(limits: Http2Limits, clock: { readonly now: number }, onLimit: (reason: LimitReason) => void) {
    this.#clock = clock
    this.#onLimit = onLimit
    this.#resets = new Budget(limits.resets, clock.now)
    this.#streamErrors = new Budget(limits.streamErrors, clock.now)
    this.#idleFrames = new Budget(limits.idleFrames, clock.now)
  }

  onRequest(): void {
    this.#idleFrames.earn(framesPerRequest)
  }

  /** To a client that waited for it. */
  onAnswered(): void {
    this.#resets.earn(resetsPerAnswer)
  }

  /** Data in a DATA frame, from the client or to it. */
  onData(bytes: number): void {
    this.#idleFrames.earn(bytes < smallData ? 1 : framesPerData)
  }

  /** More streams than it may have. */
  onRefusal(): number | undefined {
    this.exceed('streams')
    return this.onIdleFrame(framesPerRefusal)
  }

  /** A header list that is too large. To read one costs us more than to send it. */
  onOversizedHead(): number | undefined {
    this.exceed('header-list')
    return this.onStreamError()
  }

  /** The client gave a stream up. */
  onReset(): number | undefined {
    return this.#resets.spend(1, this.#clock.now) ? undefined : this.exceed('resets')
  }

  onStreamError(): number | undefined {
    return this.#streamErrors.spend(1, this.#clock.now) ? undefined : this.exceed('stream-errors')
  }

  onIdleFrame(cost = 1): number | undefined {
    return this.#idleFrames.spend(cost, this.#clock.now) ? undefined : this.exceed('idle-frames')
  }

  onWindowUpdate(increment: number): number | undefined {
    return this.onIdleFrame(increment < smallestStep ? smallStepCost : 1)
  }

  /** Of a limit whose measure is taken elsewhere. */
  exceed(reason: LimitReason): number {
    this.reason = reason
    this.#onLimit(reason)
    return errorCode.enhanceYourCalm
  }
}
