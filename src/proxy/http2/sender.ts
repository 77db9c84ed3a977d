import { defaultWindow, flag, frameType, maxFrameBytes, maxWindow } from './frame.ts'
import type { HeaderBlockWriter } from './hpack/header-block-writer.ts'
import type { Output } from './output.ts'
import type { Stream } from './stream.ts'

/** From here on a stream's user is told to wait, so that a slow client holds little memory. */
const maxPendingBytes = 16 * 1024
const resumeBytes = 8 * 1024

export type SenderOptions = {
  readonly output: Output
  /** Writes heads; all connections may share one. */
  readonly block: HeaderBlockWriter
  readonly clock: { readonly now: number }
  /** From so many bytes on that the client has not read, bodies wait. */
  readonly unreadBytes: number
  /** A DATA frame has been written. */
  readonly onData: (bytes: number) => void
  /** The last frame of an answer has been written. */
  readonly onLocalClosed: (stream: Stream) => void
}

/** What we say: heads at once, bodies as the client's windows and its reading allow (RFC 9113 section 5.2). */
export class Sender {
  readonly #options: SenderOptions
  readonly #output: Output
  #window = defaultWindow
  #streamWindow = defaultWindow
  /** Bytes that are the socket's. */
  #unread = 0
  /** Streams with something pending. */
  #waiting: Stream[] = []
  #isFirstBlock = true
  /** When data of any stream last left. */
  #movedAtMs = 0

  constructor(options: SenderOptions) {
    this.#options = options
    this.#output = options.output
  }

  /** For streams that are opened now. */
  get streamWindow(): number {
    return this.#streamWindow
  }

  inform(stream: Stream, status: number, lines: string): void {
    if (!stream.hasHead) this.#head(stream, status, lines)
  }

  respond(stream: Stream, status: number, lines: string): void {
    stream.hasHead = true
    this.#head(stream, status, lines)
  }

  /** The bytes are the caller's again afterwards. False: wait for `onDrain`. */
  write(stream: Stream, bytes: Buffer, from: number, to: number): boolean {
    if (stream.isLocalClosed || stream.isClosed || from === to) return true
    const at = stream.pendingBytes === 0 ? this.#frames(stream, bytes, from, to) : from
    if (at < to) this.#wait(stream, Buffer.copyBytesFrom(bytes, at, to - at))
    if (stream.pendingBytes < maxPendingBytes) return true
    stream.isHeldBack = true
    return false
  }

  end(stream: Stream, trailers: string | undefined): void {
    if (stream.isLocalClosed || stream.isClosed || stream.isEnding) return
    stream.isEnding = true
    stream.trailers = trailers
    if (stream.pendingBytes === 0) this.#finish(stream)
  }

  /** Nothing of it is sent any more. */
  forget(stream: Stream): void {
    if (stream.pendingBytes === 0) return
    stream.pending = []
    stream.pendingBytes = 0
    this.#stopWaiting(stream)
  }

  /** False: more than a window may be (RFC 9113 section 6.9.1). */
  widen(bytes: number): boolean {
    this.#window += bytes
    if (this.#window > maxWindow) return false
    this.#pump()
    return true
  }

  widenStream(stream: Stream, bytes: number): boolean {
    stream.sendWindow += bytes
    if (stream.sendWindow > maxWindow) return false
    if (stream.pendingBytes > 0) this.#pump()
    return true
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE: what it adds, or takes away, counts for all streams (section 6.9.2). */
  setStreamWindow(bytes: number, streams: Iterable<Stream>): boolean {
    const difference = bytes - this.#streamWindow
    this.#streamWindow = bytes
    for (const stream of streams) {
      stream.sendWindow += difference
      if (stream.sendWindow > maxWindow) return false
    }
    if (difference > 0) this.#pump()
    return true
  }

  /** Bytes that were given to the socket and that the client has not read. */
  setUnread(bytes: number): void {
    this.#unread = bytes
    this.#pump()
  }

  noteUnread(bytes: number): void {
    this.#unread = bytes
  }

  /** Its window is open, and since then data of other streams has left. */
  isWaitingItsTurn(stream: Stream, sinceMs: number): boolean {
    return stream.sendWindow > 0 && this.#movedAtMs >= sinceMs
  }

  #head(stream: Stream, status: number, lines: string): void {
    if (stream.isLocalClosed || stream.isClosed) return
    const { block } = this.#options
    this.#start(block)
    block.status(status)
    block.lines(lines)
    stream.flagsAt = this.#output.headers(stream.id, 0, block.bytes, block.length)
    stream.flagsSerial = this.#output.serial
    stream.movedAtMs = this.#options.clock.now
  }

  #start(block: HeaderBlockWriter): void {
    block.start()
    // We keep no table, whatever size the client allows. To say so once lets it keep none either (RFC 7541 section 4.2).
    if (this.#isFirstBlock) block.sizeUpdate(0)
    this.#isFirstBlock = false
  }

  /** As many DATA frames as may leave now. Returns where what may not begins. */
  #frames(stream: Stream, bytes: Buffer, from: number, to: number): number {
    let at = from
    while (at < to) {
      const length = Math.min(to - at, maxFrameBytes, this.#window, stream.sendWindow)
      if (length <= 0 || this.#isFull) break
      this.#frame(stream, bytes, at, at + length)
      at += length
    }
    return at
  }

  #frame(stream: Stream, bytes: Buffer, from: number, to: number): void {
    stream.flagsAt = this.#output.frame(frameType.data, 0, stream.id, bytes, from, to)
    stream.flagsSerial = this.#output.serial
    stream.sendWindow -= to - from
    stream.movedAtMs = this.#options.clock.now
    this.#movedAtMs = stream.movedAtMs
    this.#window -= to - from
    this.#options.onData(to - from)
  }

  get #isFull(): boolean {
    return this.#unread + this.#output.length >= this.#options.unreadBytes
  }

  #wait(stream: Stream, bytes: Buffer): void {
    if (stream.pendingBytes === 0) {
      this.#waiting.push(stream)
      stream.movedAtMs = this.#options.clock.now
    }
    stream.pending.push(bytes)
    stream.pendingBytes += bytes.length
  }

  #stopWaiting(stream: Stream): void {
    const at = this.#waiting.indexOf(stream)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#window > 0 && !this.#isFull) {
      const stream = this.#next()
      if (stream === undefined) return
      this.#sendPending(stream)
    }
  }

  /** RFC 9218 section 10: the most urgent first; of equals those that need all of their answer one by one, the others in turns. */
  #next(): Stream | undefined {
    let next: Stream | undefined
    for (const stream of this.#waiting) {
      if (stream.sendWindow > 0 && (next === undefined || stream.priority.urgency < next.priority.urgency))
        next = stream
    }
    return next
  }

  #sendPending(stream: Stream): void {
    const [first] = stream.pending
    if (first === undefined) return
    const length = Math.min(first.length, maxFrameBytes, this.#window, stream.sendWindow)
    this.#frame(stream, first, 0, length)
    stream.pendingBytes -= length
    if (length === first.length) stream.pending.shift()
    else stream.pending[0] = first.subarray(length)
    if (stream.pendingBytes === 0 || stream.priority.isIncremental) {
      this.#stopWaiting(stream)
      if (stream.pendingBytes > 0) this.#waiting.push(stream)
      else if (stream.isEnding) return this.#finish(stream)
    }
    if (!stream.isHeldBack || stream.pendingBytes > resumeBytes) return
    stream.isHeldBack = false
    stream.user?.onDrain()
  }

  /** The end goes with the last frame, where that has not left yet: most answers then are one frame less. */
  #finish(stream: Stream): void {
    const { block } = this.#options
    if (stream.trailers !== undefined && stream.trailers !== '') {
      this.#start(block)
      block.lines(stream.trailers)
      this.#output.headers(stream.id, flag.endStream, block.bytes, block.length)
    } else if (stream.flagsAt >= 0 && stream.flagsSerial === this.#output.serial) {
      this.#output.addFlags(stream.flagsAt, flag.endStream)
    } else {
      this.#output.frame(frameType.data, flag.endStream, stream.id, nothing, 0, 0)
    }
    stream.isLocalClosed = true
    this.#options.onLocalClosed(stream)
  }
}

const nothing = Buffer.alloc(0)
