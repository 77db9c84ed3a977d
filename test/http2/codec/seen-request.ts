import type { HeaderField } from '../../../src/proxy/http2/hpack/header-field.ts'
import type { RequestHead } from '../../../src/proxy/http2/message-head.ts'
import type { ServerConnection } from '../../../src/proxy/http2/server-connection.ts'
import type { Stream, StreamUser } from '../../../src/proxy/http2/stream.ts'

/** A request as its user got it, and the means to answer it. */
export class SeenRequest implements StreamUser {
  readonly stream: Stream
  readonly head: RequestHead
  readonly hasBody: boolean
  trailers: readonly HeaderField[] | undefined
  hasEnd = false
  isReset = false
  /** So often it was told to go on writing. */
  drains = 0
  onDrained: () => void = () => {}
  readonly #connection: ServerConnection
  readonly #pieces: Buffer[] = []

  constructor(connection: ServerConnection, stream: Stream, head: RequestHead, hasBody: boolean) {
    this.#connection = connection
    this.stream = stream
    this.head = head
    this.hasBody = hasBody
  }

  get id(): number {
    return this.stream.id
  }

  get body(): string {
    return Buffer.concat(this.#pieces).toString('latin1')
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    if (this.hasEnd || this.isReset || !this.hasBody || from >= to) throw new Error(`body of ${this.id} behind its end`)
    this.#pieces.push(Buffer.copyBytesFrom(bytes, from, to - from))
  }

  onBodyEnd(trailers: readonly HeaderField[] | undefined): void {
    if (this.hasEnd || this.isReset) throw new Error(`a second end of ${this.id}`)
    this.hasEnd = true
    this.trailers = trailers
  }

  onDrain(): void {
    if (this.isReset) throw new Error(`${this.id} drained behind its reset`)
    this.drains++
    this.onDrained()
  }

  onReset(): void {
    if (this.isReset) throw new Error(`a second reset of ${this.id}`)
    this.isReset = true
  }

  take(bytes: number): void {
    this.#connection.consumed(this.stream, bytes)
  }

  inform(status: number, lines = ''): void {
    this.#connection.inform(this.stream, status, lines)
  }

  respond(status = 200, lines = ''): void {
    this.#connection.respond(this.stream, status, lines)
  }

  /** False: not more, for now. */
  write(body: string | number): boolean {
    const bytes = typeof body === 'number' ? Buffer.alloc(body, 'b') : Buffer.from(body, 'latin1')
    return this.#connection.write(this.stream, bytes, 0, bytes.length)
  }

  end(trailers?: string): void {
    this.#connection.end(this.stream, trailers)
  }

  reset(code: number): void {
    this.#connection.reset(this.stream, code)
  }

  /** All at once. */
  answer(body: string | number = ''): void {
    this.respond()
    this.write(body)
    this.end()
  }
}
