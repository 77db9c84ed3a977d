import { Readable } from 'node:stream'

/** The body of a request, of a length that is known beforehand. */
export class FastBody extends Readable {
  #left: number
  readonly #onWanted: () => void

  /** `onWanted`: more may come. */
  constructor(length: number, onWanted: () => void) {
    super()
    this.#left = length
    this.#onWanted = onWanted
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.#left
  }

  override _read(): void {
    this.#onWanted()
  }

  /** Takes what belongs to it. Returns where that ends; `isFull` tells whether it wants more for now. */
  receive(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + this.#left)
    if (to === from) return to
    this.#left -= to - from
    this.isFull = !this.push(chunk.subarray(from, to))
    if (this.#left === 0) this.push(null)
    return to
  }

  isFull = false
}
