import { Readable } from 'node:stream'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream } from '../http2/stream.ts'

/** The body of a request. The client may send more when what came has been taken (RFC 9113 section 5.2.2). */
export class Http2Body extends Readable {
  readonly #connection: ServerConnection
  readonly #stream: Stream
  #untaken = 0

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

  receive(bytes: Buffer, from: number, to: number): void {
    this.#untaken += to - from
    this.push(bytes.subarray(from, to))
  }

  finish(): void {
    this.push(null)
  }
}
