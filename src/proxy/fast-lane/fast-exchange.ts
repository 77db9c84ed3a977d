import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange, ExchangeEvents, ResponseHead } from '../exchange.ts'
import type { Fields } from '../fields.ts'
import { flatText } from '../flat-text.ts'
import { httpDateLine } from '../http-date.ts'
import type { ProxyState } from '../proxy-state.ts'
import { giveWriteBuffer, takeWriteBuffer, writeBufferBytes } from '../write-buffers.ts'
import type { FastBody } from './fast-body.ts'
import type { FastRequest } from './fast-request.ts'

/** Pieces from this size on are written from buffers that are used again. */
const pooledFrom = 16 * 1024

/** Up to this size an answer leaves as one string, head and all: that costs less than a buffer of its own. */
const heldChars = 8 * 1024

export type FastExchangeOptions = {
  readonly socket: Socket
  readonly request: FastRequest
  readonly body: FastBody | undefined
  /** The client, or a limit, wants the connection closed afterwards. */
  readonly closes: boolean
  readonly proxy: ProxyState
  readonly onEnd: () => void
}

/** One request of the fast lane and its answer. */
export class FastExchange implements Exchange {
  readonly lane = 'fast'
  readonly request: FastRequest
  readonly bodySource: FastBody | undefined
  readonly expectsContinue = false
  /** A client that can take them says so in `TE`, and is served by the standard lane. */
  readonly acceptsTrailers = false
  committed = false
  closes: boolean
  events: ExchangeEvents | undefined
  readonly #socket: Socket
  readonly #proxy: ProxyState
  readonly #onEnd: () => void
  /** What has not been written yet. */
  #held = ''
  #isChunked = false
  #isBodiless = false

  constructor({ socket, request, body, closes, proxy, onEnd }: FastExchangeOptions) {
    this.#socket = socket
    this.request = request
    this.bodySource = body
    this.closes = closes
    this.#proxy = proxy
    this.#onEnd = onEnd
  }

  /** Only a chunked body has any: the standard lane takes it. */
  get requestTrailers(): undefined {
    return undefined
  }

  /** Somebody still sends a body that nobody may want any more. */
  get hasUnreadBody(): boolean {
    return this.bodySource !== undefined && this.bodySource.left > 0
  }

  subscribe(events: ExchangeEvents): void {
    this.events = events
  }

  inform(status: number, fields: Fields): void {
    if (!this.committed) this.#socket.write(`${statusLine(status)}${fields.lines}\r\n`, 'latin1')
  }

  respond({ status, fields, hasDate, hasLength }: ResponseHead): void {
    this.committed = true
    this.#isBodiless = status === 204 || status === 304 || this.request.method === 'HEAD'
    this.#isChunked = !hasLength && !this.#isBodiless
    // Whoever answers before the body is in must not wait for the rest of it on this connection.
    if (this.hasUnreadBody || this.#proxy.draining) this.closes = true
    let head = statusLine(status) + fields.lines
    if (!hasDate) head += httpDateLine()
    if (this.#isChunked) head += 'Transfer-Encoding: chunked\r\n'
    this.#held = head + (this.closes ? closeLines : keepAliveLines(this.#proxy.table.settings.keepAliveMs))
  }

  write(buffer: Buffer, from: number, to: number): boolean {
    if (this.#isBodiless || to === from) return true
    const length = to - from
    if (this.#isChunked) this.#held += `${length.toString(16)}\r\n`
    const tail = this.#isChunked ? '\r\n' : ''
    if (this.#held.length + length <= heldChars) {
      this.#held += buffer.toString('latin1', from, to) + tail
      return !this.#socket.writableNeedDrain
    }
    const before = this.#held
    this.#held = ''
    return this.#writePiece(before, buffer, from, to, tail)
  }

  /** `before` and `after` are latin1 text. False: wait for the socket's `drain`. */
  #writePiece(before: string, buffer: Buffer, from: number, to: number, after: string): boolean {
    const socket = this.#socket
    const body = before.length + to - from
    const length = body + after.length
    const isPooled = length > pooledFrom && length <= writeBufferBytes
    const whole = isPooled ? takeWriteBuffer() : Buffer.allocUnsafe(length)
    whole.write(before, 0, 'latin1')
    buffer.copy(whole, before.length, from, to)
    if (after !== '') whole.write(after, body, 'latin1')
    if (isPooled) socket.write(whole.subarray(0, length), () => giveWriteBuffer(whole))
    else socket.write(whole)
    return socket.writableLength === 0 || !socket.writableNeedDrain
  }

  flush(): void {
    if (this.#held === '') return
    const held = this.#held
    this.#held = ''
    this.#socket.write(held, 'latin1')
  }

  end(): void {
    if (this.#isChunked) this.#held += '0\r\n\r\n'
    this.flush()
    this.#onEnd()
  }

  abort(): void {
    this.#socket.destroy()
  }

  closeAfterwards(): void {
    this.closes = true
  }
}

const closeLines = 'Connection: close\r\n\r\n'
let keepLines = ''
let keepLinesMs = -1

/** Clients that know the limit do not send a request into its end. With the empty line. */
function keepAliveLines(ms: number): string {
  if (ms !== keepLinesMs) {
    keepLinesMs = ms
    keepLines = flatText(`Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(ms / 1_000)}\r\n\r\n`)
  }
  return keepLines
}

const lines: string[] = []

function statusLine(status: number): string {
  const known = lines[status]
  if (known !== undefined) return known
  const line = flatText(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`)
  lines[status] = line
  return line
}
