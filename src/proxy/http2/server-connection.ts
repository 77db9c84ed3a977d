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
import type { Sender } from './sender.ts'
import { ServerStreams } from './server-streams.ts'
import type { Stream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'

/** Whoever has the socket and the requests. */
export interface ConnectionUser {
  /** A request has come; its user is to be set before this returns. */
  onRequest(stream: Stream, head: RequestHead, hasBody: boolean): void
  /** There is output to take, where there was none. */
  onOutput(): void
  /** There is much of it: `take` and `noteUnread` may be called at once, nothing else. */
  onOutputFull(): void
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
  readonly #abuse: AbuseWatch
  readonly #streams: ServerStreams
  readonly #table: StreamTable
  readonly #sender: Sender
  readonly #payload = new HeadersPayload()
  #prefaceBytes = 0
  #hasSettings = false
  #open: OpenBlock | undefined
  #isEnded = false
  #isBroken = false
  #idleSinceMs: number
  readonly #startedAtMs: number

  constructor({ limits, clock, user }: ServerConnectionOptions) {
    this.#limits = limits
    this.#clock = clock
    this.#user = user
    this.#startedAtMs = clock.now
    this.#idleSinceMs = clock.now
    this.#output = new Output({ onFirst: () => user.onOutput(), onFull: () => user.onOutputFull() })
    this.#reader = new FrameReader(this, clock)
    this.#decoder = new HpackDecoder(limits.headerTableBytes)
    this.#heads = new HeadReader(limits)
    this.#abuse = new AbuseWatch(limits, clock, (reason) => user.onLimit(reason))
    this.#streams = new ServerStreams({
      limits,
      clock,
      output: this.#output,
      block,
      abuse: this.#abuse,
      onRequest: (stream, head, hasBody) => user.onRequest(stream, head, hasBody),
      onEmpty: () => this.#onEmpty(),
    })
    this.#table = this.#streams.table
    this.#sender = this.#streams.sender
  }

  /** Nothing more is read, and nothing more is said than what waits to be taken. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** It ended because a rule was broken. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  get openStreams(): number {
    return this.#table.size
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
    this.#streams.announceWindow()
  }

  receive(bytes: Buffer): void {
    if (this.#isEnded) return
    const from = this.#prefaceBytes < clientPreface.length ? this.#readPreface(bytes) : 0
    const error = from < 0 ? errorCode.protocol : this.#reader.read(bytes, from)
    if (error !== undefined) this.#end(error)
    else this.#streams.handOn()
  }

  /** What is to be sent. Its buffers are to be given back: see output.ts. */
  take(): readonly OutputPiece[] {
    return this.#output.take()
  }

  /** Bytes taken that the client has not read yet. */
  setUnread(bytes: number): void {
    this.#sender.setUnread(bytes)
  }

  /** The same, in the middle of something that is being written. */
  noteUnread(bytes: number): void {
    this.#sender.noteUnread(bytes)
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
    // Given up by its client without a frame for it, as the end of a tunnel that was not open yet.
    const error = code === errorCode.cancel && !stream.hasHead && !stream.isClosed ? this.#abuse.onReset() : undefined
    this.#streams.reset(stream, code)
    if (error !== undefined) this.#end(error)
  }

  /** So many bytes of the body were taken: the client may send as many more. */
  consumed(stream: Stream, bytes: number): void {
    this.#streams.consumed(stream, bytes)
  }

  /** RFC 9113 section 6.8: a warning that still takes every stream, so that none is lost on its way. */
  announceEnd(): void {
    if (!this.#isEnded && !this.#table.isDraining) this.#output.goaway(maxStreamId, errorCode.none)
  }

  /** No new streams; ends when those that are open have ended. */
  drain(): void {
    if (this.#isEnded || this.#table.isDraining) return
    this.#table.acceptedUpTo = this.#table.lastId
    this.#output.goaway(this.#table.lastId, errorCode.none)
    this.#endIfDrained()
  }

  /** The socket is gone. */
  close(): void {
    this.#isEnded = true
    this.#streams.closeAll()
    this.#output.discard()
  }

  /** To be called about once a second, in place of a timer for each stream, which would be set anew with all that moves. */
  checkTimes({ idleMs, stallMs }: Patience): void {
    if (this.#isEnded) return
    const { now } = this.#clock
    if (!this.#hasSettings && now - this.#startedAtMs > this.#limits.prefaceMs) {
      return this.#end(this.#abuse.exceed('preface-timeout'))
    }
    const waitingMs = this.#open === undefined ? this.#reader.waitingMs : now - this.#open.sinceMs
    if (waitingMs > this.#limits.headerBlockMs) {
      return this.#end(this.#abuse.exceed('header-timeout'))
    }
    this.#streams.checkStalls(stallMs)
    if (this.#table.size === 0 && now - this.#idleSinceMs > idleMs) this.drain()
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
        return this.#onWindowUpdate(frame.streamId, bytes.readUInt32BE(from) & maxWindow)
      case frameType.settings:
        return this.#onSettings(frame, bytes, from, to)
      case frameType.ping:
        return this.#onPing(frame, bytes, from)
      case frameType.rstStream:
        return this.#streams.onRstStream(frame.streamId)
      case frameType.priority:
        return dependsOnItself(frame.streamId, bytes, from) ? errorCode.protocol : this.#abuse.onIdleFrame()
      case frameType.priorityUpdate:
        return this.#onPriorityUpdate(bytes, from, to)
      default:
        // Section 4.1: of types that are not known nothing is expected. A GOAWAY of a client says nothing that we would act on.
        return this.#abuse.onIdleFrame()
    }
  }

  onDataBegin(frame: FrameHead, padding: number): number | undefined {
    return this.#checkOrder(frame) ?? this.#streams.onDataBegin(frame, padding)
  }

  onDataPiece(bytes: Buffer, from: number, to: number): void {
    this.#streams.onDataPiece(bytes, from, to)
  }

  onDataEnd(frame: FrameHead): number | undefined {
    return this.#streams.onDataEnd(frame)
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
    if (open.continuations > continuations || open.length > headerBlockBytes) return this.#abuse.exceed('header-block')
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
    if (streamId <= this.#table.lastId) return this.#streams.onTrailers(streamId, heads.trailers(), endsStream)
    return this.#streams.onRequest(streamId, heads.request(!endsStream), endsStream)
  }

  #onWindowUpdate(streamId: number, increment: number): number | undefined {
    return this.#abuse.onWindowUpdate(increment) ?? this.#streams.onWindowUpdate(streamId, increment)
  }

  #onSettings({ length, flags }: FrameHead, bytes: Buffer, from: number, to: number): number | undefined {
    if ((flags & flag.ack) !== 0) {
      this.#decoder.settingsAcknowledged()
      return this.#abuse.onIdleFrame()
    }
    this.#hasSettings = true
    // Each may move the windows of all streams.
    const error = this.#abuse.onIdleFrame(1 + length / 6)
    if (error !== undefined) return error
    // First of all: what a wider window allows may not come before it (section 6.5.3).
    this.#output.settingsAck()
    for (let at = from; at < to; at += 6) {
      const mistake = this.#onSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
      if (mistake !== undefined) return mistake
    }
    return undefined
  }

  /** Section 6.5.2. The others are of no use to us, or not known. */
  #onSetting(id: number, value: number): number | undefined {
    switch (id) {
      case settingId.initialWindowSize:
        return this.#streams.onStreamWindow(value)
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
    const error = this.#abuse.onIdleFrame()
    if (error !== undefined || (flags & flag.ack) !== 0) return error
    this.#idleSinceMs = this.#clock.now
    this.#output.pong(bytes, from)
    return undefined
  }

  #onPriorityUpdate(bytes: Buffer, from: number, to: number): number | undefined {
    const streamId = bytes.readUInt32BE(from) & maxStreamId
    if (streamId === 0) return errorCode.protocol
    this.#streams.onPriorityUpdate(streamId, bytes.toString('latin1', from + 4, to))
    return this.#abuse.onIdleFrame()
  }

  /** A connection error (section 5.4.1), or the end of the last stream of one that drains. */
  #end(code: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#isBroken = code !== errorCode.none
    const text = code === errorCode.enhanceYourCalm ? this.#abuse.reason : ''
    // Section 6.8: a drain has named a last stream already, which must not rise.
    const lastId = Math.min(this.#table.lastId, this.#table.acceptedUpTo)
    // Before GOAWAY, behind which nothing is of use: what their users have not taken may widen a window.
    this.#streams.closeAll()
    if (code !== errorCode.none) this.#output.goaway(lastId, code, text)
    this.#user.onEnd()
  }

  #onEmpty(): void {
    this.#idleSinceMs = this.#clock.now
    this.#endIfDrained()
  }

  #endIfDrained(): void {
    if (this.#table.size === 0 && this.#table.isDraining) this.#end(errorCode.none)
  }
}
