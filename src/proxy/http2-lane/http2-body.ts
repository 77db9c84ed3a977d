import { Readable } from 'node:stream'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream } from '../http2/stream.ts'
import { GatheredPieces } from './gathered-pieces.ts'

/** The body of a request. The client may send more when what came has been taken (RFC 9113 section 5.2.2). */
export class Http2Body extends Readable {
  readonly #connection: ServerConnection
  readonly #stream: Stream
  readonly #pieces = new GatheredPieces((piece) => this.push(piece))

  constructor(connection: ServerConnection, stream: Stream) {
    // The least there is: `_read` is then called when all that was pushed has been taken, and not before.
    super({ highWaterMark: 1 })
    this.#connection = connection
    this.#stream = stream
  }

  override _read(): void {
    const taken = this.#pieces.want()
    if (taken > 0) this.#connection.consumed(this.#stream, taken)
  }

  receive(bytes: Buffer, from: number, to: number): void {
    this.#pieces.receive(bytes, from, to)
  }

  finish(): void {
    this.#pieces.handOn()
    this.push(null)
  }
}
