import type { AbuseWatch } from './abuse-watch.ts'
import { errorCode } from './error-code.ts'
import { flag, maxWindow } from './frame.ts'
import type { FrameHead } from './frame-reader.ts'
import type { HeaderBlockWriter } from './hpack/header-block-writer.ts'
import type { HeaderField } from './hpack/header-field.ts'
import type { Http2Limits } from './limits.ts'
import type { RequestHead } from './message-head.ts'
import type { Output } from './output.ts'
import { parsePriority } from './priority.ts'
import { ReceiveWindows } from './receive-windows.ts'
import { Sender } from './sender.ts'
import { Stream } from './stream.ts'
import { StreamTable } from './stream-table.ts'

/** Of the body of a request that has been answered. */
const maxUnwantedBytes = 64 * 1024

export type ServerStreamsOptions = {
  readonly limits: Http2Limits
  readonly clock: { readonly now: number }
  readonly output: Output
  readonly block: HeaderBlockWriter
  readonly abuse: AbuseWatch
  readonly onRequest: (stream: Stream, head: RequestHead, hasBody: boolean) => void
  /** The last one that was open is not any more. */
  readonly onEmpty: () => void
}

/**
 * The life of the streams of a connection (RFC 9113 section 5), from a request to the end of its answer. What is told of a frame
 * returns undefined, or the code of a connection error.
 */
export class ServerStreams {
  readonly table = new StreamTable()
  readonly sender: Sender
  readonly #options: ServerStreamsOptions
  readonly #abuse: AbuseWatch
  readonly #windows: ReceiveWindows
  /** Not handed on yet: what is reset within the same piece of input never asks anybody for anything. */
  #fresh: Stream[] = []
  /** Whose DATA frame is being read; undefined: of nobody. */
  #receiving: Stream | undefined

  constructor(options: ServerStreamsOptions) {
    const { output, limits, block, clock, abuse } = options
    this.#options = options
    this.#abuse = abuse
    this.#windows = new ReceiveWindows(output, limits)
    this.sender = new Sender({
      output,
      block,
      clock,
      unreadBytes: limits.unreadBytes,
      onData: (bytes) => abuse.onData(bytes),
      onLocalClosed: this.#onLocalClosed,
    })
  }

  announceWindow(): void {
    this.#windows.announce()
  }

  /** `head`: undefined where it is malformed. */
  onRequest(streamId: number, head: RequestHead | undefined, endsStream: boolean): number | undefined {
    const { table, sender } = this
    const { limits, clock } = this.#options
    table.lastId = streamId
    if (streamId > table.acceptedUpTo) return this.#abuse.onIdleFrame()
    if (table.size >= limits.streams) return this.#refuseNew(streamId)
    this.#abuse.onRequest()
    const stream = new Stream(streamId, limits.streamWindow, sender.streamWindow, clock.now)
    table.add(stream)
    if (head === undefined) return this.#refuse(stream, errorCode.protocol)
    stream.head = head
    stream.isRemoteClosed = endsStream
    if (head.contentLength !== undefined) stream.expectedBytes = head.contentLength
    if (head.priority !== undefined) stream.priority = parsePriority(head.priority)
    this.#fresh.push(stream)
    return head.isTooLarge ? this.#abuse.onOversizedHead() : undefined
  }

  /** A header list for a stream that there was before. `trailers`: undefined where it cannot be that. */
  onTrailers(streamId: number, trailers: readonly HeaderField[] | undefined, endsStream: boolean): number | undefined {
    const stream = this.table.get(streamId)
    if (stream === undefined) {
      return this.table.mayBeUnaware(streamId) ? this.#abuse.onIdleFrame() : errorCode.streamClosed
    }
    if (stream.isRemoteClosed) return this.#refuse(stream, errorCode.streamClosed)
    // Section 8.1: trailers are the last thing of a message.
    if (!endsStream || trailers === undefined) return this.#refuse(stream, errorCode.protocol)
    this.handOn()
    return stream.isClosed ? undefined : this.#onBodyEnd(stream, trailers)
  }

  /** All that came in one piece has been read, or the body of one of them begins. */
  handOn(): void {
    if (this.#fresh.length === 0) return
    const fresh = this.#fresh
    this.#fresh = []
    for (const stream of fresh) {
      const { head } = stream
      stream.head = undefined
      if (head !== undefined && !stream.isClosed) this.#options.onRequest(stream, head, !stream.isRemoteClosed)
    }
  }

  onDataBegin({ streamId, length, flags }: FrameHead, padding: number): number | undefined {
    if (this.table.isIdle(streamId)) return errorCode.protocol
    if (!this.#windows.take(length)) return errorCode.flowControl
    // Section 6.9.1: padding, and the byte that tells its length, count as data do.
    const overhead = (flags & flag.padded) === 0 ? 0 : padding + 1
    const bytes = length - overhead
    this.#windows.give(overhead)
    this.#receiving = undefined
    if (bytes > 0) this.#abuse.onData(bytes)
    const error = bytes === 0 && (flags & flag.endStream) === 0 ? this.#abuse.onIdleFrame() : undefined
    if (error !== undefined) return error
    const stream = this.table.get(streamId)
    if (stream === undefined) return this.#onDataOfClosed(streamId)
    if (stream.isRemoteClosed) return this.#refuse(stream, errorCode.streamClosed)
    if (!this.#windows.takeFor(stream, length)) return this.#refuse(stream, errorCode.flowControl)
    this.#windows.giveFor(stream, overhead)
    stream.receivedBytes += bytes
    // Section 8.1.1.
    if (stream.expectedBytes >= 0 && stream.receivedBytes > stream.expectedBytes) {
      return this.#refuse(stream, errorCode.protocol)
    }
    this.handOn()
    this.#receiving = stream
    return undefined
  }

  onDataPiece(bytes: Buffer, from: number, to: number): void {
    const stream = this.#receiving
    if (stream === undefined || stream.isClosed) return this.#windows.give(to - from)
    if (stream.isLocalClosed) return this.#onUnwanted(stream, to - from)
    stream.movedAtMs = this.#options.clock.now
    stream.unconsumed += to - from
    stream.user?.onBody(bytes, from, to)
  }

  onDataEnd({ flags }: FrameHead): number | undefined {
    const stream = this.#receiving
    this.#receiving = undefined
    if (stream === undefined || stream.isClosed || (flags & flag.endStream) === 0) return undefined
    return this.#onBodyEnd(stream, undefined)
  }

  onWindowUpdate(streamId: number, increment: number): number | undefined {
    if (streamId === 0) {
      if (increment === 0) return errorCode.protocol
      return this.sender.widen(increment) ? undefined : errorCode.flowControl
    }
    if (this.table.isIdle(streamId)) return errorCode.protocol
    const stream = this.table.get(streamId)
    if (stream === undefined) return undefined
    if (increment === 0) return this.#refuse(stream, errorCode.protocol)
    return this.sender.widenStream(stream, increment) ? undefined : this.#refuse(stream, errorCode.flowControl)
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE. */
  onStreamWindow(bytes: number): number | undefined {
    if (bytes > maxWindow) return errorCode.flowControl
    return this.sender.setStreamWindow(bytes, this.table.open()) ? undefined : errorCode.flowControl
  }

  onRstStream(streamId: number): number | undefined {
    if (this.table.isIdle(streamId)) return errorCode.protocol
    const stream = this.table.get(streamId)
    if (stream === undefined) return this.#abuse.onIdleFrame()
    this.#close(stream)
    stream.user?.onReset()
    return this.#abuse.onReset()
  }

  /** RFC 9218 section 7.1. For a stream that has not come yet, or is gone, it is dropped. */
  onPriorityUpdate(streamId: number, value: string): void {
    const stream = this.table.get(streamId)
    if (stream !== undefined) stream.priority = parsePriority(value)
  }

  /** Breaks one off. Its user is not told. */
  reset(stream: Stream, code: number): void {
    if (stream.isClosed) return
    this.#options.output.rstStream(stream.id, code)
    this.table.rememberReset(stream.id)
    this.#close(stream)
  }

  /** So many bytes of its body were taken: the client may send as many more. */
  consumed(stream: Stream, bytes: number): void {
    if (stream.isClosed || stream.isLocalClosed) return
    stream.movedAtMs = this.#options.clock.now
    stream.unconsumed -= bytes
    this.#windows.give(bytes)
    this.#windows.giveFor(stream, bytes)
  }

  /** Breaks off what the client has not moved for so long, and bodies that nobody wants any more. */
  checkStalls(stallMs: number): void {
    const { now } = this.#options.clock
    for (const stream of this.table.open()) {
      if (stream.isLocalClosed) this.reset(stream, errorCode.none)
      else if (now - stream.movedAtMs > stallMs) this.#checkStall(stream, now - stallMs)
    }
  }

  closeAll(): void {
    for (const stream of [...this.table.open()]) {
      this.#close(stream)
      stream.user?.onReset()
    }
  }

  /** Section 5.1.2: nothing was done for it, so the client may send it again. */
  #refuseNew(streamId: number): number | undefined {
    this.#options.output.rstStream(streamId, errorCode.refusedStream)
    this.table.rememberReset(streamId)
    return this.#abuse.onRefusal()
  }

  #onBodyEnd(stream: Stream, trailers: readonly HeaderField[] | undefined): number | undefined {
    if (stream.expectedBytes >= 0 && stream.receivedBytes !== stream.expectedBytes) {
      return this.#refuse(stream, errorCode.protocol)
    }
    stream.isRemoteClosed = true
    stream.movedAtMs = this.#options.clock.now
    stream.user?.onBodyEnd(trailers)
    if (stream.isLocalClosed) this.#close(stream)
    return undefined
  }

  readonly #onLocalClosed = (stream: Stream): void => {
    this.#abuse.onAnswered()
    stream.user = undefined
    if (stream.isRemoteClosed) return this.#close(stream)
    this.#windows.give(stream.unconsumed)
    stream.unconsumed = 0
  }

  /**
   * Section 8.1: whoever has answered in full may ask the client to stop sending, with a reset that is no error. Not at once: what is
   * left may be on its way, and clients that have sent all of a request are happier with a stream that just ends.
   */
  #onUnwanted(stream: Stream, bytes: number): void {
    this.#windows.give(bytes)
    stream.unwanted += bytes
    if (stream.unwanted > maxUnwantedBytes) this.reset(stream, errorCode.none)
  }

  /** DATA for a stream that is no more: of one that we have just reset it may have been on its way (section 5.1). */
  #onDataOfClosed(streamId: number): number | undefined {
    if (this.table.mayBeUnaware(streamId)) return this.#abuse.onIdleFrame()
    this.#options.output.rstStream(streamId, errorCode.streamClosed)
    this.table.rememberReset(streamId)
    return this.#abuse.onStreamError()
  }

  /** A stream error (section 5.4.2): its client broke a rule. */
  #refuse(stream: Stream, code: number): number | undefined {
    this.reset(stream, code)
    stream.user?.onReset()
    return this.#abuse.onStreamError()
  }

  #checkStall(stream: Stream, sinceMs: number): void {
    // One that others go before, of answers that the client does read, waits for us.
    const isUnread = stream.pendingBytes > 0 && !this.sender.isWaitingItsTurn(stream, sinceMs)
    // One whose body nobody takes waits for us; one that is being answered may have said all that it has to say for now.
    const isUnsent = !stream.isRemoteClosed && !stream.hasHead && stream.unconsumed === 0
    if (!isUnread && !isUnsent) return
    this.#abuse.exceed(isUnread ? 'write-stall' : 'body-stall')
    this.reset(stream, errorCode.cancel)
    stream.user?.onReset()
  }

  #close(stream: Stream): void {
    stream.isClosed = true
    this.table.delete(stream.id)
    this.sender.forget(stream)
    // What nobody took must not narrow the connection for the others.
    if (stream.unconsumed > 0) this.#windows.give(stream.unconsumed)
    stream.unconsumed = 0
    if (this.table.size === 0) this.#options.onEmpty()
  }
}
