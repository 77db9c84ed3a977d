/** A header list that comes in more than one frame: HEADERS, then CONTINUATION (RFC 9113 section 6.10). */
export class OpenBlock {
  readonly streamId: number
  /** Of the HEADERS frame. */
  readonly flags: number
  readonly sinceMs: number
  #frames = 0
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(streamId: number, flags: number, sinceMs: number) {
    this.streamId = streamId
    this.flags = flags
    this.sinceMs = sinceMs
  }

  /** CONTINUATION frames so far. */
  get continuations(): number {
    return this.#frames - 1
  }

  get length(): number {
    return this.#bytes
  }

  add(bytes: Buffer, from: number, to: number): void {
    this.#frames++
    this.#bytes += to - from
    // A copy: the frame stands in a buffer that may be many times its size.
    this.#pieces.push(Buffer.copyBytesFrom(bytes, from, to - from))
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces, this.#bytes)
  }
}
