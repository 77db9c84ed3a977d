import { Readable } from 'node:stream'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream } from '../http2/stream.ts'

/** Pieces below this size are put together. */
const smallBytes = 1_024

/** The body of a request. The client may send more when what came has been taken (RFC 9113 section 5.2.2). */
export class Http2Body extends Readable {
  readonly #connection: ServerConnection
  readonly #stream: Stream
  #untaken = 0
  #small: Buffer[] = []

  constructor(connection: ServerConnection, stream: Stream) {
    super()
    this.#connection = connection
    this.#stream = stream
  }

  override _read(): void {
    const taken = this.#untaken
    this.#untaken = 0
    if (taken > 0) this.#connection.consumed(this.#stream, taken)
  }

  /** What comes in small frames at once goes on in one piece: a write for each would cost far more than the frame cost its sender. */
  receive(bytes: Buffer, from: number, to: number): void {
    this.#untaken += to - from
    const piece = bytes.subarray(from, to)
    if (piece.length >= smallBytes) {
      this.#pushSmall()
      this.push(piece)
      return
    }
    if (this.#small.length === 0) process.nextTick(() => this.#pushSmall())
    this.#small.push(piece)
  }

  finish(): void {
    this.#pushSmall()
    this.push(null)
  }

  #pushSmall(): void {
    const [first] = this.#small
    if (first === undefined) return
    const whole = this.#small.length === 1 ? first : Buffer.concat(this.#small)
    this.#small = []
    this.push(whole)
  }
}
