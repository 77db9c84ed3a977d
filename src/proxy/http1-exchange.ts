import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Exchange, ExchangeEvents, ResponseHead } from './exchange.ts'
import type { Fields } from './fields.ts'
import { listsToken } from './headers.ts'
import { Http1Request } from './http1-request.ts'
import type { ProxyState } from './proxy-state.ts'
import { passingTrailers } from './request-trailers.ts'

/** How long a body that nobody wants is still read, so that the answer is not lost in a reset. */
const lingerMs = 1_000

/** Up to this size a body costs less as a string than as a buffer of its own. */
const heldBytes = 4_096

/** What the requests of the lane share. */
export type Http1LaneState = {
  /** Connections that get no further answer. */
  readonly closing: WeakSet<Socket>
  readonly proxy: ProxyState
}

/** A request that Node's own HTTP/1.1 server has parsed. */
export class Http1Exchange implements Exchange {
  readonly lane = 'standard'
  readonly request: Http1Request
  readonly bodySource: Readable | undefined
  readonly expectsContinue: boolean
  readonly #incoming: IncomingMessage
  readonly #response: ServerResponse
  readonly #lane: Http1LaneState
  #events: ExchangeEvents | undefined
  #hasWritten = false
  #held: string | undefined
  /** The client waits for `100 Continue`: of its body nothing is on the way. */
  #isAwaited: boolean

  constructor(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean, lane: Http1LaneState) {
    this.#lane = lane
    this.request = new Http1Request(incoming, lane.proxy)
    this.#incoming = incoming
    this.#response = response
    const hasBody = (this.request.contentLength ?? 0) > 0 || this.request.fields.codings > 0
    this.bodySource = hasBody ? incoming : undefined
    this.expectsContinue = expectsContinue
    this.#isAwaited = expectsContinue
  }

  get requestTrailers(): Fields | undefined {
    return passingTrailers(this.#incoming.rawTrailers)
  }

  get acceptsTrailers(): boolean {
    const { method, httpVersion, headers } = this.request
    return method !== 'HEAD' && httpVersion === '1.1' && listsToken(headers, 'te', 'trailers')
  }

  get committed(): boolean {
    return this.#response.headersSent
  }

  subscribe(events: ExchangeEvents): void {
    const response = this.#response
    this.#events = events
    response.on('close', () => {
      if (!response.writableFinished) events.onClientGone()
    })
  }

  inform(status: number, fields: Fields): void {
    if (this.request.httpVersion === '1.0' || this.#response.headersSent) return
    if (status === 100) {
      this.#isAwaited = false
      this.#response.writeContinue()
    } else this.#response.writeInformation(status, [...fields.list])
  }

  respond({ status, fields }: ResponseHead): void {
    // Whoever answers before the body is in must not wait for the rest of it on this connection.
    if (this.#hasUnreadBody() || this.#lane.proxy.draining) this.closeAfterwards()
    this.#response.writeHead(status, [...fields.list])
  }

  /**
   * A small first piece is held back: where it was all of the body, head and body go out as one string, which costs 8 us less than
   * the two buffers that Node would make of them.
   */
  write(buffer: Buffer, from: number, to: number): boolean {
    if (!this.#hasWritten && this.#held === undefined && to - from <= heldBytes) {
      this.#held = buffer.toString('latin1', from, to)
      return true
    }
    this.flush()
    // Node keeps it until the client has taken it.
    const mayGoOn = this.#response.write(Buffer.copyBytesFrom(buffer, from, to - from))
    if (!mayGoOn) this.#response.once('drain', () => this.#events?.onDrain())
    return mayGoOn
  }

  flush(): void {
    const held = this.#held
    this.#held = undefined
    // What is written in answer to HEAD is ignored by Node, and the head stays with it.
    if (held !== undefined && this.request.method !== 'HEAD') this.#response.write(held, 'latin1')
    else if (!this.#hasWritten) this.#response.flushHeaders()
    this.#hasWritten = true
  }

  end(trailers: Fields | undefined): void {
    const response = this.#response
    if (trailers !== undefined) response.addTrailers(pairsOf(trailers.list))
    if (this.#hasUnreadBody() && !this.#isAwaited) {
      this.flush()
      this.#linger()
      return
    }
    const held = this.#held
    this.#held = undefined
    this.#hasWritten = true
    if (held === undefined) response.end()
    else response.end(held, 'latin1')
  }

  abort(): void {
    const { socket } = this.#incoming
    // To an HTTP/1.0 client the end of the connection is the end of the body: only a reset tells it of a cut answer.
    if (this.request.httpVersion === '1.0' && !('encrypted' in socket)) socket.resetAndDestroy()
    else this.#response.destroy()
  }

  closeAfterwards(): void {
    this.#response.shouldKeepAlive = false
    this.#lane.closing.add(this.#incoming.socket)
  }

  #hasUnreadBody(): boolean {
    return this.bodySource !== undefined && !this.#incoming.complete
  }

  /**
   * Closing with bytes unread makes the kernel send a reset, which can overtake the answer. The answer is flushed, more of
   * the body is read, as many clients look for an answer only when they have sent it all, then the connection ends (RFC
   * 9112 section 9.6).
   */
  #linger(): void {
    const incoming = this.#incoming
    const finish = (): void => {
      clearTimeout(timer)
      this.#response.end()
    }
    const timer = setTimeout(finish, lingerMs)
    // Whoever took the body so far would stop it: its attempt is over.
    incoming.removeAllListeners('data')
    incoming.once('end', finish)
    incoming.once('close', finish)
    incoming.resume()
  }
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? ''])
  return pairs
}
