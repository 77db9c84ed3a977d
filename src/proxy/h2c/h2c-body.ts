import type { ClientHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'

/** Who waits for the body to be out. */
export interface H2cBodyOwner {
  /** The endpoint has taken something. */
  onBodyMoved(): void
  onWrongLength(): void
}

export type H2cBodyOptions = {
  readonly stream: ClientHttp2Stream
  readonly body: Readable
  /** Bytes; undefined: its end is its end. */
  readonly length: number | undefined
  readonly owner: H2cBodyOwner
}

/**
 * Sends the body of a request on a stream, at the pace of both sides. What stands behind the body stays here: a stream of node:http2
 * that waits for trailers ends the process where it is reset at the wrong moment (Node 26.10, a failed assertion in OnTrailers).
 */
export class H2cBody {
  readonly #options: H2cBodyOptions
  #sent = 0
  #isEnded = false
  #isBlocked = false
  #isStopped = false

  constructor(options: H2cBodyOptions) {
    const { stream, body } = options
    this.#options = options
    stream.on('drain', () => this.#onDrain())
    body.on('data', (chunk: Buffer) => this.#send(chunk))
    body.on('end', () => this.#finish())
  }

  /** For the client, to send more of the body. */
  get isWaiting(): boolean {
    return !this.#isEnded && !this.#isBlocked
  }

  /** The answer is complete, or there will be none. */
  stop(): void {
    this.#isStopped = true
    if (!this.#isEnded) this.#options.body.destroy()
  }

  #onDrain(): void {
    this.#options.owner.onBodyMoved()
    if (!this.#isBlocked || this.#isStopped) return
    this.#isBlocked = false
    this.#options.body.resume()
  }

  #send(chunk: Buffer): void {
    const { stream, body, length, owner } = this.#options
    if (this.#isStopped) return
    owner.onBodyMoved()
    this.#sent += chunk.length
    // RFC 9113 section 8.1.1: a request whose bytes are not as many as it says is malformed, and we would have made it so.
    if (length !== undefined && this.#sent > length) return owner.onWrongLength()
    if (stream.write(chunk)) return
    this.#isBlocked = true
    body.pause()
  }

  #finish(): void {
    const { stream, length, owner } = this.#options
    if (this.#isStopped) return
    if (length !== undefined && this.#sent !== length) return owner.onWrongLength()
    this.#isEnded = true
    owner.onBodyMoved()
    stream.end()
  }
}
