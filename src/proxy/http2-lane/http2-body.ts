import { Readable } from 'node:stream'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream } from '../http2/stream.ts'

/** Pieces below this size are put together. */
const smallBytes = 1_024
const gatheredBytes = 4 * 1_024

/**
 * The body of a request. The client may send more when what came has been taken (RFC 9113 section 5.2.2). It may send it in frames of
 * one byte: what nobody has taken yet is therefore kept in few pieces, and what comes at once goes on in one.
 */
export class Http2Body extends Readable {
  readonly #connection: ServerConnection
  readonly #stream: Stream
  #untaken = 0
  /** Somebody takes what comes. */
  #isWanted = false
  #gathered: Buffer | undefined
  #gatheredLength = 0

  constructor(connection: ServerConnection, stream: Stream) {
    // The least there is: `_read` is then called when all that was pushed has been taken, and not before.
    super({ highWaterMark: 1 })
    this.#connection = connection
    this.#stream = stream
  }

  override _read(): void {
    this.#isWanted = true
    const taken = this.#untaken - this.#gatheredLength
    this.#untaken -= taken
    if (taken > 0) this.#connection.consumed(this.#stream, taken)
    this.#pushGathered()
  }

  receive(bytes: Buffer, from: number, to: number): void {
    this.#untaken += to - from
    if (to - from >= smallBytes) {
      this.#pushGathered()
      this.#push(bytes.subarray(from, to))
    } else {
      this.#gather(bytes, from, to)
    }
  }

  finish(): void {
    this.#pushGathered()
    this.push(null)
  }

  #gather(bytes: Buffer, from: number, to: number): void {
    if (this.#gatheredLength + to - from > gatheredBytes) this.#pushGathered()
    if (this.#gathered === undefined) {
      this.#gathered = Buffer.allocUnsafe(gatheredBytes)
      process.nextTick(() => {
        if (this.#isWanted) this.#pushGathered()
      })
    }
    this.#gatheredLength += bytes.copy(this.#gathered, this.#gatheredLength, from, to)
  }

  #pushGathered(): void {
    const whole = this.#gathered?.subarray(0, this.#gatheredLength)
    this.#gathered = undefined
    this.#gatheredLength = 0
    if (whole !== undefined && whole.length > 0) this.#push(whole)
  }

  #push(piece: Buffer): void {
    this.#isWanted = false
    this.push(piece)
  }
}
