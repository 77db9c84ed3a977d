import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { TrailerSource } from '../request-trailers.ts'

export type RequestWriterOptions = {
  readonly socket: Socket
  readonly body: Readable
  /** Bytes; undefined: in chunks (RFC 9112 section 7.1). */
  readonly length: number | undefined
  /** What stands behind a body in chunks. */
  readonly trailers: TrailerSource | undefined
  /** The endpoint has taken something. */
  readonly onMoved: () => void
}

/** Sends a request that has a body, at the pace of both sides. */
export class RequestWriter {
  readonly #options: RequestWriterOptions
  #sent = 0
  #isDone = false
  #isBlocked = false
  #isStopped = false

  constructor(options: RequestWriterOptions) {
    this.#options = options
  }

  /** All of the body is out. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** For the client, to send more of the body. */
  get isWaiting(): boolean {
    return !this.#isDone && !this.#isBlocked
  }

  /** `head`: request line and fields, without the empty line. */
  start(head: string): void {
    const { socket, body, length } = this.#options
    socket.write(length === undefined ? `${head}Transfer-Encoding: chunked\r\n\r\n` : `${head}\r\n`, 'latin1')
    body.on('data', (chunk: Buffer) => this.#send(chunk))
    body.on('end', () => this.#finish())
  }

  onDrain(): void {
    this.#options.onMoved()
    if (!this.#isBlocked || this.#isStopped) return
    this.#isBlocked = false
    this.#options.body.resume()
  }

  /** The answer is complete, or there will be none. */
  stop(): void {
    this.#isStopped = true
    if (!this.#isDone) this.#options.body.destroy()
  }

  #send(chunk: Buffer): void {
    const { socket, body, length, onMoved } = this.#options
    if (this.#isStopped || chunk.length === 0) return
    onMoved()
    this.#sent += chunk.length
    // More than was announced would be the beginning of another request.
    if (length !== undefined && this.#sent > length) return this.#break()
    let mayGoOn: boolean
    if (length === undefined) {
      socket.cork()
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      mayGoOn = socket.write('\r\n', 'latin1')
      socket.uncork()
    } else {
      mayGoOn = socket.write(chunk)
    }
    if (mayGoOn) return
    this.#isBlocked = true
    body.pause()
  }

  #finish(): void {
    const { socket, length, trailers, onMoved } = this.#options
    if (this.#isStopped) return
    if (length === undefined) socket.write(`0\r\n${trailers?.requestTrailers?.lines ?? ''}\r\n`, 'latin1')
    else if (this.#sent !== length) return this.#break()
    this.#isDone = true
    onMoved()
  }

  #break(): void {
    this.#isStopped = true
    this.#options.socket.destroy(new Error('the body of the request is not as long as it was announced'))
  }
}
