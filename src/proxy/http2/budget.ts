/** So much at once, and so much more with each second. */
export type Allowance = { readonly burst: number; readonly perSecond: number }

/** What a peer may still do of something that costs us and brings nobody forward. */
export class Budget {
  readonly #allowance: Allowance
  #left: number
  #filledAtMs: number

  constructor(allowance: Allowance, nowMs: number) {
    this.#allowance = allowance
    this.#left = allowance.burst
    this.#filledAtMs = nowMs
  }

  /** False: it is used up. */
  spend(cost: number, nowMs: number): boolean {
    if (this.#left < cost) this.#fill(nowMs)
    this.#left -= cost
    return this.#left >= 0
  }

  earn(gain: number): void {
    this.#left = Math.min(this.#allowance.burst, this.#left + gain)
  }

  #fill(nowMs: number): void {
    this.earn(((nowMs - this.#filledAtMs) / 1_000) * this.#allowance.perSecond)
    this.#filledAtMs = nowMs
  }
}
