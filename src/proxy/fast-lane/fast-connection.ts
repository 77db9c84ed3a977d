import type { Socket } from 'node:net'
import type { HandoverReason } from '../counters.ts'
import type { DownstreamClient } from '../downstream-client.ts'
import { handleRequest } from '../handle-request.ts'
import { http1Limits } from '../http1-limits.ts'
import type { ProxyState } from '../proxy-state.ts'
import { FastBody } from './fast-body.ts'
import { FastExchange } from './fast-exchange.ts'
import { FastRequest } from './fast-request.ts'
import { readRequestHead } from './request-head.ts'

/** Heads of more than this are for the standard lane. */
const maxHeadBytes = 16 * 1024
/** Of requests that were sent before the one before them was answered. */
const maxWaitingBytes = 64 * 1024

export type FastConnectionOptions = {
  readonly socket: Socket
  readonly client: DownstreamClient
  readonly proxy: ProxyState
  /** Of the lane: grows by one with each sweep. */
  readonly clock: { readonly now: number }
  readonly onClose: (connection: FastConnection) => void
  /** The connection belongs to the standard lane from now on; these bytes came last. */
  readonly onHandover: (connection: FastConnection, reason: HandoverReason, bytes: Buffer) => void
}

/** One connection of a client, as long as its requests are plain: one at a time, in the order in which they came. */
export class FastConnection {
  readonly socket: Socket
  readonly #options: FastConnectionOptions
  #exchange: FastExchange | undefined
  /** What came behind the request that is being answered. */
  #waiting: Buffer | undefined
  #isStarting = false
  #requests = 0
  #isClosing = false
  #idleSince: number

  constructor(options: FastConnectionOptions) {
    const { socket } = options
    this.socket = socket
    this.#options = options
    this.#idleSince = options.clock.now
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  get isBusy(): boolean {
    return this.#exchange !== undefined
  }

  /** Answered for the last time: what still comes is thrown away. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  get hasServed(): boolean {
    return this.#requests > 0
  }

  /** Sweeps that it has been without a request, or closing. */
  get idleFor(): number {
    return this.#exchange === undefined ? this.#options.clock.now - this.#idleSince : 0
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isClosing) return
    const exchange = this.#exchange
    if (exchange === undefined) return this.#begin(chunk)
    const body = exchange.bodySource
    const used = body === undefined ? 0 : body.receive(chunk, 0)
    if (body?.isFull === true) this.socket.pause()
    if (used < chunk.length) this.#keep(used === 0 ? chunk : chunk.subarray(used))
  }

  readonly #onDrain = (): void => {
    this.#exchange?.events?.onDrain()
  }

  /** The end of its side is all that can be seen of a client that has left, as in the standard lane. */
  readonly #onEnd = (): void => {
    if (this.#exchange === undefined) this.socket.destroySoon()
    else this.socket.destroy()
  }

  readonly #onError = (): void => {
    this.socket.destroy()
  }

  readonly #onClose = (): void => {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#options.onClose(this)
    exchange?.events?.onClientGone()
  }

  #keep(chunk: Buffer): void {
    this.#waiting = this.#waiting === undefined ? chunk : Buffer.concat([this.#waiting, chunk])
    if (this.#waiting.length > maxWaitingBytes) this.socket.pause()
  }

  #begin(first: Buffer): void {
    this.#isStarting = true
    let chunk: Buffer | undefined = first
    while (chunk !== undefined && this.#exchange === undefined && !this.#isClosing) {
      this.#waiting = undefined
      if (!this.#start(chunk)) break
      chunk = this.#waiting
    }
    this.#isStarting = false
  }

  /** False: the connection is not ours any more. */
  #start(chunk: Buffer): boolean {
    const { client, proxy, onHandover } = this.#options
    const head = readRequestHead(chunk.toString('latin1', 0, Math.min(chunk.length, maxHeadBytes)))
    if (typeof head === 'string') {
      this.#leave()
      onHandover(this, head === 'incomplete' && chunk.length > maxHeadBytes ? 'too-large' : head, chunk)
      return false
    }
    const { contentLength = 0 } = head
    const body = contentLength > 0 ? new FastBody(contentLength, this.#onWanted) : undefined
    const exchange = new FastExchange({
      socket: this.socket,
      request: new FastRequest(head, client),
      body,
      closes: head.closes || ++this.#requests >= http1Limits.requestsPerConnection,
      proxy,
      onEnd: this.#onAnswered,
    })
    this.#exchange = exchange
    const used = body === undefined ? head.end : body.receive(chunk, head.end)
    if (used < chunk.length) this.#keep(chunk.subarray(used))
    handleRequest(exchange, proxy)
    return true
  }

  readonly #onWanted = (): void => {
    this.socket.resume()
  }

  readonly #onAnswered = (): void => {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#exchange = undefined
    this.#idleSince = this.#options.clock.now
    if (exchange.closes) return this.#close(exchange.hasUnreadBody || this.#waiting !== undefined)
    if (this.#waiting === undefined) return
    this.socket.resume()
    // Of those that are answered at once, one after the other, the loop that has begun takes the next.
    if (!this.#isStarting) this.#begin(this.#waiting)
  }

  /**
   * Closing with bytes unread makes the kernel send a reset, which can overtake the answer: what still comes is read for a while
   * (RFC 9112 section 9.6); the lane's sweep ends that.
   */
  #close(hasUnread: boolean): void {
    this.#isClosing = true
    this.#waiting = undefined
    if (!hasUnread) return this.#endNow()
    this.socket.end()
    this.socket.resume()
  }

  /** What is in the kernel's hands is sent before the end of a connection that is closed, without asking for a shutdown first. */
  #endNow(): void {
    const { socket } = this
    // TLS says goodbye with a record of its own (RFC 8446 section 6.1).
    if (this.#options.client.scheme === 'http' && socket.writableLength === 0) socket.destroy()
    else socket.destroySoon()
  }

  #leave(): void {
    const { socket } = this
    socket.off('data', this.#onData)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
  }
}
