import { AbuseWatch } from './abuse-watch.ts'
import { errorCode } from './error-code.ts'
import { clientPreface, flag, frameType, maxFrameBytes, maxStreamId, maxWindow, settingId } from './frame.ts'
import { type FrameHead, type FrameListener, FrameReader } from './frame-reader.ts'
import { dependsOnItself, errorOfFrame, HeadersPayload } from './frame-rules.ts'
import { HpackDecoder } from './hpack/decoder.ts'
import { HeaderBlockWriter } from './hpack/header-block-writer.ts'
import type { Http2Limits, LimitReason } from './limits.ts'
import { HeadReader, type RequestHead } from './message-head.ts'
import { OpenBlock } from './open-block.ts'
import { Output, type OutputPiece } from './output.ts'
import { parsePriority } from './priority.ts'
import { ReceiveWindows } from './receive-windows.ts'
import { Sender } from './sender.ts'
import { Stream } from './stream.ts'
import { StreamTable } from './stream-table.ts'

/** Whoever has the socket and the requests. */
export interface ConnectionUser {
  /** A request has come; its user is to be set before this returns. */
  onRequest(stream: Stream, head: RequestHead, hasBody: boolean): void
  /** There is output to take, where there was none. */
  onOutput(): void
  /** A limit held the client back, or ended its connection. */
  onLimit(reason: LimitReason): void
  /** Nothing more will be read: to be closed once the output is sent. */
  onEnd(): void
}

export type ServerConnectionOptions = {
  readonly limits: Http2Limits
  /** Milliseconds of any clock that moves on about once a second. */
  readonly clock: { readonly now: number }
  readonly user: ConnectionUser
}

export type Patience = {
  /** Without a request. */
  readonly idleMs: number
  /** With one that does not move, for the client's part. */
  readonly stallMs: number
}

/** Of the body of a request that has been answered. */
const maxUnwantedBytes = 64 * 1024

/** Heads are written one at a time. */
const block = new HeaderBlockWriter()

/**
 * The server's side of one HTTP/2 connection (RFC 9113), without input and output: bytes in by `receive`, bytes out by `take`, requests
 * to its user, answers by `respond`, `write` and `end`. What breaks a rule of the protocol ends its stream or the connection; nothing
 * that a client sends throws.
 */
export class ServerConnection implements FrameListener {
  readonly #limits: Http2Limits
  readonly #clock: { readonly now: number }
  readonly #user: ConnectionUser
  readonly #output: Output
  readonly #reader: FrameReader
  readonly #decoder: HpackDecoder
  readonly #heads: HeadReader
  readonly #sender: Sender
  readonly #windows: ReceiveWindows
  readonly #abuse: AbuseWatch
  readonly #streams = new StreamTable()
  readonly #payload = new HeadersPayload()
  /** Not handed on yet: what is reset within the same piece of input never asks anybody for anything. */
  #fresh: Stream[] = []
  #prefaceBytes = 0
  #hasSettings = false
  #open: OpenBlock | undefined
  /** Whose DATA frame is being read; undefined: of nobody. */
  #receiving: Stream | undefined
  #isEnded = false
  #idleSinceMs: number
  readonly #startedAtMs: number
  #endText = ''

  constructor({ limits, clock, user }: ServerConnectionOptions) {
    this.#limits = limits
    this.#clock = clock
    this.#user = user
    this.#startedAtMs = clock.now
    this.#idleSinceMs = clock.now
    this.#output = new Output(() => user.onOutput())
    this.#reader = new FrameReader(this)
    this.#decoder = new HpackDecoder(limits.headerTableBytes)
    this.#heads = new HeadReader(limits)
    this.#windows = new ReceiveWindows(this.#output, limits)
    this.#abuse = new AbuseWatch(limits, clock)
    this.#sender = new Sender({
      output: this.#output,
      block,
      clock,
      unreadBytes: limits.unreadBytes,
      onData: () => this.#abuse.onData(),
      onLocalClosed: this.#onLocalClosed,
    })
  }

  /** Nothing more is read, and nothing more is said than what waits to be taken. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /** RFC 9113 section 3.4: our first frame. */
  start(): void {
    const { streams, streamWindow, headerTableBytes, headerListBytes } = this.#limits
    this.#output.settings([
      [settingId.headerTableSize, headerTableBytes],
      [settingId.maxConcurrentStreams, streams],
      [settingId.initialWindowSize, streamWindow],
      [settingId.maxHeaderListSize, headerListBytes],
      [settingId.enableConnectProtocol, 1],
      [settingId.noRfc7540Priorities, 1],
    ])
    this.#windows.announce()
  }

  receive(bytes: Buffer): void {
    if (this.#isEnded) return
    const from = this.#prefaceBytes < clientPreface.length ? this.#readPreface(bytes) : 0
    const error = from < 0 ? errorCode.protocol : this.#reader.read(bytes, from)
    if (error !== undefined) this.#end(error, this.#endText)
    else this.#handOn()
  }

  /** What is to be sent. Its buffers are to be given back: see output.ts. */
  take(): readonly OutputPiece[] {
    return this.#output.take()
  }

  /** Bytes taken that the client has not read yet. */
  setUnread(bytes: number): void {
    this.#sender.setUnread(bytes)
  }

  inform(stream: Stream, status: number, lines: string): void {
    this.#sender.inform(stream, status, lines)
  }

  respond(stream: Stream, status: number, lines: string): void {
    this.#sender.respond(stream, status, lines)
  }

  write(stream: Stream, bytes: Buffer, from: number, to: number): boolean {
    return this.#sender.write(stream, bytes, from, to)
  }

  end(stream: Stream, trailers: string | undefined): void {
    this.#sender.end(stream, trailers)
  }

  /** Breaks a stream off. Its user is not told. */
  reset(stream: Stream, code: number): void {
    if (stream.isClosed) return
    this.#output.rstStream(stream.id, code)
    this.#streams.rememberReset(stream.id)
    this.#close(stream)
  }

  /** So many bytes of the body were taken: the client may send as many more. */
  consumed(stream: Stream, bytes: number): void {
    if (stream.isClosed || stream.isLocalClosed) return
    stream.movedAtMs = this.#clock.now
    stream.unconsumed -= bytes
    this.#windows.give(bytes)
    this.#windows.giveFor(stream, bytes)
  }

  /** RFC 9113 section 6.8: a warning that still takes every stream, so that none is lost on its way. */
  announceEnd(): void {
    if (!this.#isEnded && !this.#streams.isDraining) this.#output.goaway(maxStreamId, errorCode.none)
  }

  /** No new streams; ends when those that are open have ended. */
  drain(): void {
    if (this.#isEnded || this.#streams.isDraining) return
    this.#streams.acceptedUpTo = this.#streams.lastId
    this.#output.goaway(this.#streams.lastId, errorCode.none)
    this.#endIfDrained()
  }

  /** The socket is gone. */
  close(): void {
    this.#isEnded = true
    this.#closeAll()
    this.#output.discard()
  }

  /** To be called about once a second, in place of a timer for each stream, which would be set anew with all that moves. */
  checkTimes({ idleMs, stallMs }: Patience): void {
    if (this.#isEnded) return
    const { now } = this.#clock
    if (!this.#hasSettings && now - this.#startedAtMs > this.#limits.prefaceMs) {
      return this.#end(this.#exceed('preface-timeout'), this.#endText)
    }
    if (this.#open !== undefined && now - this.#open.sinceMs > this.#limits.headerBlockMs) {
      return this.#end(this.#exceed('header-timeout'), this.#endText)
    }
    for (const stream of this.#streams.open()) {
      if (stream.isLocalClosed) this.reset(stream, errorCode.none)
      else if (now - stream.movedAtMs > stallMs) this.#checkStall(stream)
    }
    if (this.#streams.size === 0 && now - this.#idleSinceMs > idleMs) this.drain()
  }

  onFrame(frame: FrameHead, bytes: Buffer, from: number, to: number): number | undefined {
    const error = this.#checkOrder(frame) ?? errorOfFrame(frame)
    if (error !== undefined) return error
    switch (frame.type) {
      case frameType.headers:
        return this.#onHeaders(frame, bytes, from, to)
      case frameType.continuation:
        return this.#onContinuation(frame, bytes, from, to)
      case frameType.windowUpdate:
        return this.#onWindowUpdate(frame, bytes, from)
      case frameType.settings:
        return this.#onSettings(frame, bytes, from, to)
      case frameType.ping:
        return this.#onPing(frame, bytes, from)
      case frameType.rstStream:
        return this.#onRstStream(frame)
      case frameType.priority:
        return dependsOnItself(frame.streamId, bytes, from) ? errorCode.protocol : this.#onIdleFrame()
      case frameType.priorityUpdate:
        return this.#onPriorityUpdate(bytes, from, to)
      default:
        // Section 4.1: of types that are not known nothing is expected. A GOAWAY of a client says nothing that we would act on.
        return this.#onIdleFrame()
    }
  }

  onDataBegin(frame: FrameHead, padding: number): number | undefined {
    const { streamId, length, flags } = frame
    const error = this.#checkOrder(frame)
    if (error !== undefined) return error
    if (this.#streams.isIdle(streamId)) return errorCode.protocol
    if (!this.#windows.take(length)) return errorCode.flowControl
    const isPadded = (flags & flag.padded) !== 0
    const bytes = isPadded ? length - padding - 1 : length
    if (isPadded) this.#windows.give(padding + 1)
    this.#receiving = undefined
    if (bytes > 0) this.#abuse.onData()
    else if ((flags & flag.endStream) === 0 && this.#abuse.onIdleFrame()) return this.#exceed('idle-frames')
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return this.#onFrameOfClosed(streamId)
    if (stream.isRemoteClosed) return this.#refuse(stream, errorCode.streamClosed)
    if (!this.#windows.takeFor(stream, length)) return this.#refuse(stream, errorCode.flowControl)
    if (isPadded) this.#windows.giveFor(stream, padding + 1)
    stream.receivedBytes += bytes
    // Section 8.1.1.
    if (stream.expectedBytes >= 0 && stream.receivedBytes > stream.expectedBytes) {
      return this.#refuse(stream, errorCode.protocol)
    }
    this.#handOn()
    this.#receiving = stream
    return undefined
  }

  onDataPiece(bytes: Buffer, from: number, to: number): undefined {
    const stream = this.#receiving
    if (stream === undefined || stream.isClosed) {
      this.#windows.give(to - from)
      return
    }
    if (stream.isLocalClosed) return this.#onUnwanted(stream, to - from)
    stream.movedAtMs = this.#clock.now
    stream.unconsumed += to - from
    stream.user?.onBody(bytes, from, to)
  }

  onDataEnd({ flags }: FrameHead): number | undefined {
    const stream = this.#receiving
    this.#receiving = undefined
    if (stream === undefined || stream.isClosed || (flags & flag.endStream) === 0) return undefined
    return this.#onBodyEnd(stream, undefined)
  }

  /** Section 3.4 and 4.3: SETTINGS come first, and nothing comes between the frames of a header list. */
  #checkOrder({ type, flags, streamId }: FrameHead): number | undefined {
    if (this.#isEnded) return errorCode.none
    if (!this.#hasSettings && (type !== frameType.settings || (flags & flag.ack) !== 0)) return errorCode.protocol
    const open = this.#open
    if (open === undefined) return undefined
    return type === frameType.continuation && streamId === open.streamId ? undefined : errorCode.protocol
  }

  /** Where it ends in these bytes; below 0: this is not HTTP/2. */
  #readPreface(bytes: Buffer): number {
    const length = Math.min(bytes.length, clientPreface.length - this.#prefaceBytes)
    const known = this.#prefaceBytes
    this.#prefaceBytes += length
    return bytes.compare(clientPreface, known, known + length, 0, length) === 0 ? length : -1
  }

  #onHeaders(frame: FrameHead, bytes: Buffer, start: number, end: number): number | undefined {
    const { streamId, flags } = frame
    const payload = this.#payload
    const error = payload.read(frame, bytes, start, end)
    if (error !== undefined) return error
    const { from, to } = payload
    if ((flags & flag.endHeaders) !== 0) return this.#onBlock(streamId, flags, bytes, from, to)
    this.#open = new OpenBlock(streamId, flags, this.#clock.now)
    this.#open.add(bytes, from, to)
    return undefined
  }

  #onContinuation({ flags, streamId }: FrameHead, bytes: Buffer, from: number, to: number): number | undefined {
    const open = this.#open
    if (open === undefined) return errorCode.protocol
    open.add(bytes, from, to)
    const { continuations, headerBlockBytes } = this.#limits
    if (open.continuations > continuations || open.length > headerBlockBytes) return this.#exceed('header-block')
    if ((flags & flag.endHeaders) === 0) return undefined
    this.#open = undefined
    const whole = open.whole()
    return this.#onBlock(streamId, open.flags, whole, 0, whole.length)
  }

  /** A whole header list. Whatever becomes of its stream, it must be decoded: the ones after it build on it (section 4.3). */
  #onBlock(streamId: number, flags: number, bytes: Buffer, from: number, to: number): number | undefined {
    const heads = this.#heads
    heads.start()
    if (!this.#decoder.decode(bytes, from, to, heads)) return errorCode.compression
    const endsStream = (flags & flag.endStream) !== 0
    if (streamId > this.#streams.lastId) return this.#onRequest(streamId, endsStream)
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return this.#streams.mayBeUnaware(streamId) ? this.#onIdleFrame() : errorCode.streamClosed
    if (stream.isRemoteClosed) return this.#refuse(stream, errorCode.streamClosed)
    const trailers = heads.trailers()
    // Section 8.1: trailers are the last thing of a message.
    if (!endsStream || trailers === undefined) return this.#refuse(stream, errorCode.protocol)
    this.#handOn()
    return stream.isClosed ? undefined : this.#onBodyEnd(stream, trailers)
  }

  #onRequest(streamId: number, endsStream: boolean): number | undefined {
    this.#streams.lastId = streamId
    if (streamId > this.#streams.acceptedUpTo) return this.#onIdleFrame()
    this.#abuse.onRequest()
    if (this.#streams.size >= this.#limits.streams) return this.#refuseNew(streamId)
    const { now } = this.#clock
    const stream = new Stream(streamId, this.#limits.streamWindow, this.#sender.streamWindow, now)
    this.#streams.add(stream)
    const head = this.#heads.request(!endsStream)
    if (head === undefined) return this.#refuse(stream, errorCode.protocol)
    stream.head = head
    stream.isRemoteClosed = endsStream
    if (head.contentLength !== undefined) stream.expectedBytes = head.contentLength
    if (head.priority !== undefined) stream.priority = parsePriority(head.priority)
    this.#fresh.push(stream)
    return undefined
  }

  /** Section 5.1.2: nothing was done for it, so the client may send it again. */
  #refuseNew(streamId: number): number | undefined {
    this.#user.onLimit('streams')
    this.#output.rstStream(streamId, errorCode.refusedStream)
    this.#streams.rememberReset(streamId)
    return this.#onIdleFrame()
  }

  #handOn(): void {
    if (this.#fresh.length === 0) return
    const fresh = this.#fresh
    this.#fresh = []
    for (const stream of fresh) {
      const { head } = stream
      stream.head = undefined
      if (head !== undefined && !stream.isClosed) this.#user.onRequest(stream, head, !stream.isRemoteClosed)
    }
  }

  #onBodyEnd(stream: Stream, trailers: RequestHead['fields'] | undefined): number | undefined {
    if (stream.expectedBytes >= 0 && stream.receivedBytes !== stream.expectedBytes) {
      return this.#refuse(stream, errorCode.protocol)
    }
    stream.isRemoteClosed = true
    stream.movedAtMs = this.#clock.now
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
  #onUnwanted(stream: Stream, bytes: number): undefined {
    this.#windows.give(bytes)
    stream.unwanted += bytes
    if (stream.unwanted > maxUnwantedBytes) this.reset(stream, errorCode.none)
  }

  #onWindowUpdate({ streamId }: FrameHead, bytes: Buffer, from: number): number | undefined {
    if (this.#abuse.onIdleFrame()) return this.#exceed('idle-frames')
    const increment = bytes.readUInt32BE(from) & maxWindow
    if (streamId === 0) {
      if (increment === 0) return errorCode.protocol
      return this.#sender.widen(increment) ? undefined : errorCode.flowControl
    }
    if (this.#streams.isIdle(streamId)) return errorCode.protocol
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return undefined
    if (increment === 0) return this.#refuse(stream, errorCode.protocol)
    return this.#sender.widenStream(stream, increment) ? undefined : this.#refuse(stream, errorCode.flowControl)
  }

  #onSettings({ length, flags }: FrameHead, bytes: Buffer, from: number, to: number): number | undefined {
    if ((flags & flag.ack) !== 0) {
      this.#decoder.settingsAcknowledged()
      return this.#onIdleFrame()
    }
    this.#hasSettings = true
    // Each may move the windows of all streams.
    if (this.#abuse.onIdleFrame(1 + length / 6)) return this.#exceed('idle-frames')
    // First of all: what a wider window allows may not come before it (section 6.5.3).
    this.#output.settingsAck()
    for (let at = from; at < to; at += 6) {
      const error = this.#onSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
      if (error !== undefined) return error
    }
    return undefined
  }

  /** Section 6.5.2. The others are of no use to us, or not known. */
  #onSetting(id: number, value: number): number | undefined {
    switch (id) {
      case settingId.initialWindowSize:
        if (value > maxWindow) return errorCode.flowControl
        return this.#sender.setStreamWindow(value, this.#streams.open()) ? undefined : errorCode.flowControl
      case settingId.maxFrameSize:
        return value < maxFrameBytes || value > 0xff_ffff ? errorCode.protocol : undefined
      case settingId.enablePush:
      case settingId.enableConnectProtocol:
      case settingId.noRfc7540Priorities:
        return value > 1 ? errorCode.protocol : undefined
      default:
        return undefined
    }
  }

  #onPing({ flags }: FrameHead, bytes: Buffer, from: number): number | undefined {
    if (this.#abuse.onIdleFrame()) return this.#exceed('idle-frames')
    if ((flags & flag.ack) !== 0) return undefined
    this.#idleSinceMs = this.#clock.now
    this.#output.pong(bytes, from)
    return undefined
  }

  #onRstStream({ streamId }: FrameHead): number | undefined {
    if (this.#streams.isIdle(streamId)) return errorCode.protocol
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return this.#onIdleFrame()
    this.#close(stream)
    stream.user?.onReset()
    return this.#abuse.onReset() ? this.#exceed('resets') : undefined
  }

  /** RFC 9218 section 7.1. For a stream that has not come yet, or is gone, it is dropped. */
  #onPriorityUpdate(bytes: Buffer, from: number, to: number): number | undefined {
    const prioritized = bytes.readUInt32BE(from) & maxStreamId
    if (prioritized === 0) return errorCode.protocol
    const stream = this.#streams.get(prioritized)
    if (stream !== undefined) stream.priority = parsePriority(bytes.toString('latin1', from + 4, to))
    return this.#onIdleFrame()
  }

  #onIdleFrame(): number | undefined {
    return this.#abuse.onIdleFrame() ? this.#exceed('idle-frames') : undefined
  }

  /** DATA for a stream that is no more: of one that we have just reset it may have been on its way (section 5.1). */
  #onFrameOfClosed(streamId: number): number | undefined {
    if (this.#streams.mayBeUnaware(streamId)) return this.#onIdleFrame()
    this.#output.rstStream(streamId, errorCode.streamClosed)
    this.#streams.rememberReset(streamId)
    return this.#abuse.onStreamError() ? this.#exceed('stream-errors') : undefined
  }

  /** A stream error (section 5.4.2): its client broke a rule. */
  #refuse(stream: Stream, code: number): number | undefined {
    this.reset(stream, code)
    stream.user?.onReset()
    return this.#abuse.onStreamError() ? this.#exceed('stream-errors') : undefined
  }

  #checkStall(stream: Stream): void {
    const isUnread = stream.pendingBytes > 0
    // One whose body nobody takes waits for us; one that is being answered may have said all that it has to say for now.
    const isUnsent = !stream.isRemoteClosed && !stream.hasHead && stream.unconsumed === 0
    if (!isUnread && !isUnsent) return
    this.#user.onLimit(isUnread ? 'write-stall' : 'body-stall')
    this.reset(stream, errorCode.cancel)
    stream.user?.onReset()
  }

  #exceed(reason: LimitReason): number {
    this.#user.onLimit(reason)
    this.#endText = reason
    return errorCode.enhanceYourCalm
  }

  /** A connection error (section 5.4.1), or the end of the last stream of one that drains. */
  #end(code: number, text: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (code !== errorCode.none) this.#output.goaway(this.#streams.lastId, code, text)
    this.#closeAll()
    this.#user.onEnd()
  }

  #endIfDrained(): void {
    if (this.#streams.size === 0 && this.#streams.isDraining) this.#end(errorCode.none, '')
  }

  #closeAll(): void {
    for (const stream of [...this.#streams.open()]) {
      this.#close(stream)
      stream.user?.onReset()
    }
  }

  #close(stream: Stream): void {
    stream.isClosed = true
    this.#streams.delete(stream.id)
    this.#sender.forget(stream)
    // What nobody took must not narrow the connection for the others.
    if (stream.unconsumed > 0) this.#windows.give(stream.unconsumed)
    stream.unconsumed = 0
    if (this.#streams.size > 0) return
    this.#idleSinceMs = this.#clock.now
    this.#endIfDrained()
  }
}
