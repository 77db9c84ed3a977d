import { Duplex } from 'node:stream'
import { errorCode } from '../http2/error-code.ts'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream, StreamUser } from '../http2/stream.ts'
import { GatheredPieces } from './gathered-pieces.ts'

/** A stream as a tunnel: what it carries both ways, once it has been accepted (RFC 8441 section 5). */
export class Http2TunnelStream extends Duplex implements StreamUser {
  readonly #connection: ServerConnection
  readonly #stream: Stream
  readonly #pieces = new GatheredPieces((piece) => this.push(piece))
  #onTaken: (() => void) | undefined
  #hasLeft = false

  constructor(connection: ServerConnection, stream: Stream) {
    // As of Http2Body: what is not taken must not grow.
    super({ readableHighWaterMark: 1 })
    this.#connection = connection
    this.#stream = stream
  }

  /** The stream is answered otherwise. */
  leave(): void {
    this.#hasLeft = true
    this.destroy()
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    this.#pieces.receive(bytes, from, to)
  }

  onBodyEnd(): void {
    this.#pieces.handOn()
    this.push(null)
  }

  onDrain(): void {
    const onTaken = this.#onTaken
    this.#onTaken = undefined
    onTaken?.()
  }

  onReset(): void {
    this.destroy()
  }

  // http-proxy-3 sets up what it joins as a socket.
  setTimeout(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}

  override _read(): void {
    const taken = this.#pieces.want()
    if (taken > 0) this.#connection.consumed(this.#stream, taken)
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, onTaken: () => void): void {
    if (this.#connection.write(this.#stream, bytes, 0, bytes.length)) onTaken()
    else this.#onTaken = onTaken
  }

  override _final(onDone: () => void): void {
    this.#connection.end(this.#stream, undefined)
    onDone()
  }

  /** RFC 8441 section 5: what a reset is to a TCP connection. One that has ended is left to send what waits for a window. */
  override _destroy(error: Error | null, onDone: (error?: Error | null) => void): void {
    if (!this.#hasLeft && !this.#stream.isEnding) this.#connection.reset(this.#stream, errorCode.cancel)
    onDone(error)
  }
}
