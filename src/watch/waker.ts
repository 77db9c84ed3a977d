import { pause } from './backoff.ts'

/** Lets a loop sleep until there is something to do. */
export class Waker {
  #woken = false
  #sleep = new AbortController()

  wake(): void {
    this.#woken = true
    this.#sleep.abort()
  }

  /** Ends after that time, when woken, when it was woken since the last wait, or with the signal. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#woken) {
      this.#sleep = new AbortController()
      await pause(ms, AbortSignal.any([signal, this.#sleep.signal]))
    }
    this.#woken = false
  }
}
