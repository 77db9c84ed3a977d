import { createHash } from 'node:crypto'
import type { HeaderField } from '../../../src/proxy/http2/hpack/header-field.ts'
import type { RequestHead } from '../../../src/proxy/http2/message-head.ts'
import type { ServerConnection } from '../../../src/proxy/http2/server-connection.ts'
import type { Stream, StreamUser } from '../../../src/proxy/http2/stream.ts'

/** What a user does with its request. */
export type Manner = {
  /** Takes the body as it comes, or never. */
  readonly takes: boolean
  readonly hints: boolean
  readonly answerBytes: number
  readonly trailers: string | undefined
}

/** Whoever answers a request, and watches that it is told what it was promised (`StreamUser`). */
export class WatchedUser implements StreamUser {
  fault: string | undefined
  isReset = false
  isAnswered = false
  hasEnd = false
  /** Bytes of the body that it has and has not said to have taken. */
  untaken = 0
  readonly #connection: ServerConnection
  readonly #stream: Stream
  readonly #manner: Manner
  readonly #head: RequestHead
  readonly #hasBody: boolean
  readonly #body = createHash('sha1')
  #bodyBytes = 0
  #trailers = ''
  /** Of the answer; below 0: not begun. */
  #left = -1

  constructor(connection: ServerConnection, stream: Stream, head: RequestHead, hasBody: boolean, manner: Manner) {
    this.#connection = connection
    this.#stream = stream
    this.#head = head
    this.#hasBody = hasBody
    this.#manner = manner
  }

  get text(): string {
    const { method, scheme, authority, path, protocol, fields, isTooLarge } = this.#head
    const head = [method, scheme, authority, path, protocol, isTooLarge, lines(fields)].join(' ')
    const body = `${this.#bodyBytes} ${this.#body.copy().digest('hex')} ${this.hasEnd}`
    return `${this.#stream.id} ${head} ${this.#hasBody} ${body} ${this.#trailers}`
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    if (this.isReset || this.hasEnd || !this.#hasBody) this.fault ??= `${this.#stream.id}: body behind its end`
    if (from >= to || to > bytes.length) this.fault ??= `${this.#stream.id}: a piece from ${from} to ${to}`
    this.#body.update(bytes.subarray(from, to))
    this.#bodyBytes += to - from
    this.untaken += to - from
    if (this.#manner.takes) this.take()
  }

  onBodyEnd(trailers: readonly HeaderField[] | undefined): void {
    if (this.isReset || this.hasEnd) this.fault ??= `${this.#stream.id}: a second end`
    this.hasEnd = true
    this.#trailers = trailers === undefined ? '' : lines(trailers)
  }

  onDrain(): void {
    if (this.isReset) this.fault ??= `${this.#stream.id}: drained behind its reset`
    this.#write()
  }

  onReset(): void {
    if (this.isReset) this.fault ??= `${this.#stream.id}: a second reset`
    this.isReset = true
  }

  take(): void {
    const { untaken } = this
    this.untaken = 0
    if (untaken > 0) this.#connection.consumed(this.#stream, untaken)
  }

  answer(): void {
    if (this.isReset || this.#left >= 0) return
    const { hints, answerBytes } = this.#manner
    if (hints) this.#connection.inform(this.#stream, 103, 'link: </a>\r\n')
    this.#connection.respond(this.#stream, 200, 'content-type: text/plain\r\nx-app: yes\r\n')
    this.#left = answerBytes
    this.#write()
  }

  breakOff(code: number): void {
    this.#connection.reset(this.#stream, code)
    this.isReset = true
  }

  #write(): void {
    while (this.#left > 0) {
      const length = Math.min(this.#left, answer.length)
      this.#left -= length
      if (!this.#connection.write(this.#stream, answer, 0, length)) return
    }
    if (this.isAnswered) return
    this.isAnswered = true
    this.#connection.end(this.#stream, this.#manner.trailers)
  }
}

const answer = Buffer.alloc(5_000, 'answer')

function lines(fields: readonly HeaderField[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}`).join('; ')
}
