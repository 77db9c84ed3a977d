/** Pieces below this size are put together. */
const smallBytes = 1_024
const gatheredBytes = 4 * 1_024

/**
 * What a client has sent of a body or through a tunnel. It may send it in frames of one byte: what nobody has taken yet is therefore
 * kept in few pieces, and what comes at once goes on in one.
 */
export class GatheredPieces {
  readonly #onPiece: (piece: Buffer) => void
  #untaken = 0
  /** Somebody takes what comes. */
  #isWanted = false
  #gathered: Buffer | undefined
  #length = 0

  constructor(onPiece: (piece: Buffer) => void) {
    this.#onPiece = onPiece
  }

  /** All that was handed on has been taken, and more is wanted. Returns how many bytes were taken since it was last called. */
  want(): number {
    this.#isWanted = true
    const taken = this.#untaken - this.#length
    this.#untaken -= taken
    this.handOn()
    return taken
  }

  receive(bytes: Buffer, from: number, to: number): void {
    this.#untaken += to - from
    if (to - from >= smallBytes) {
      this.handOn()
      this.#emit(bytes.subarray(from, to))
    } else {
      this.#gather(bytes, from, to)
    }
  }

  handOn(): void {
    const whole = this.#gathered?.subarray(0, this.#length)
    this.#gathered = undefined
    this.#length = 0
    if (whole !== undefined && whole.length > 0) this.#emit(whole)
  }

  #gather(bytes: Buffer, from: number, to: number): void {
    if (this.#length + to - from > gatheredBytes) this.handOn()
    if (this.#gathered === undefined) {
      this.#gathered = Buffer.allocUnsafe(gatheredBytes)
      process.nextTick(() => {
        if (this.#isWanted) this.handOn()
      })
    }
    this.#length += bytes.copy(this.#gathered, this.#length, from, to)
  }

  #emit(piece: Buffer): void {
    this.#isWanted = false
    this.#onPiece(piece)
  }
}
