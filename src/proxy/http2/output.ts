import { giveWriteBuffer, takeWriteBuffer, writeBufferBytes } from '../write-buffers.ts'
import { flag, frameHeadBytes, frameType, maxFrameBytes } from './frame.ts'

/** A piece of output; its buffer is to be given back by `giveWriteBuffer` when its bytes are not needed any more. */
export type OutputPiece = { readonly buffer: Buffer; readonly length: number }

export type OutputEvents = {
  /** There is something to take, where there was nothing. */
  readonly onFirst: () => void
  /** A buffer is full: it may be taken now, while it is warm, or together with what follows. No frame may be written meanwhile. */
  readonly onFull: () => void
}

/**
 * The frames that a connection is about to send, written one behind the other, so that all of one turn of the event loop leave
 * together. Holds no memory while there are none.
 */
export class Output {
  /** Grows with each buffer that is left behind: a place in an earlier one is out of reach. */
  serial = 0
  #buffer: Buffer | undefined
  #at = 0
  #full: OutputPiece[] = []
  #fullBytes = 0
  readonly #events: OutputEvents

  constructor(events: OutputEvents) {
    this.#events = events
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#fullBytes + this.#at
  }

  /** All there is, in order. The buffers are the caller's: to be given back by `giveWriteBuffer`. */
  take(): readonly OutputPiece[] {
    this.#turnOver()
    const pieces = this.#full
    this.#full = []
    this.#fullBytes = 0
    return pieces
  }

  /** The place of the flags of this frame, for `addFlags` while `serial` is the same. */
  frame(type: number, flags: number, streamId: number, payload: Buffer, from: number, to: number): number {
    const at = this.#begin(to - from, type, flags, streamId)
    payload.copy(this.#current, at, from, to)
    return at - frameHeadBytes + 4
  }

  addFlags(place: number, flags: number): void {
    const buffer = this.#current
    buffer[place] = (buffer[place] ?? 0) | flags
  }

  /** A header list of any length: what does not fit into HEADERS follows in CONTINUATION (RFC 9113 section 4.3). */
  headers(streamId: number, flags: number, block: Buffer, length: number): number {
    const first = Math.min(length, maxFrameBytes)
    const place = this.frame(
      frameType.headers,
      flags | (first === length ? flag.endHeaders : 0),
      streamId,
      block,
      0,
      first,
    )
    if (first === length) return place
    const { serial } = this
    for (let from = first; from < length; from += maxFrameBytes) {
      const to = Math.min(length, from + maxFrameBytes)
      this.frame(frameType.continuation, to === length ? flag.endHeaders : 0, streamId, block, from, to)
    }
    // In a buffer that has been left behind nothing can be changed.
    return serial === this.serial ? place : -1
  }

  settings(values: readonly (readonly [id: number, value: number])[]): void {
    let at = this.#begin(values.length * 6, frameType.settings, 0, 0)
    for (const [id, value] of values) {
      at = this.#current.writeUInt16BE(id, at)
      at = this.#current.writeUInt32BE(value, at)
    }
  }

  settingsAck(): void {
    this.#begin(0, frameType.settings, flag.ack, 0)
  }

  /** The eight bytes of a PING, said back. */
  pong(bytes: Buffer, from: number): void {
    this.frame(frameType.ping, flag.ack, 0, bytes, from, from + 8)
  }

  windowUpdate(streamId: number, bytes: number): void {
    const at = this.#begin(4, frameType.windowUpdate, 0, streamId)
    this.#current.writeUInt32BE(bytes, at)
  }

  rstStream(streamId: number, code: number): void {
    const at = this.#begin(4, frameType.rstStream, 0, streamId)
    this.#current.writeUInt32BE(code, at)
  }

  /** `text` is for whoever debugs the other side (RFC 9113 section 6.8). */
  goaway(lastStreamId: number, code: number, text = ''): void {
    const at = this.#begin(8 + text.length, frameType.goaway, 0, 0)
    const buffer = this.#current
    buffer.writeUInt32BE(lastStreamId, at)
    buffer.writeUInt32BE(code, at + 4)
    buffer.write(text, at + 8, 'latin1')
  }

  /** Of a connection that is gone. */
  discard(): void {
    for (const { buffer } of this.take()) giveWriteBuffer(buffer)
  }

  get #current(): Buffer {
    if (this.#buffer === undefined) throw new Error('no frame has been begun')
    return this.#buffer
  }

  /** Writes the head of a frame. Returns where its payload goes. */
  #begin(length: number, type: number, flags: number, streamId: number): number {
    if (this.#at + frameHeadBytes + length > writeBufferBytes) {
      this.#turnOver()
      this.#events.onFull()
    }
    if (this.#buffer === undefined) {
      this.#buffer = takeWriteBuffer()
      if (this.#full.length === 0) this.#events.onFirst()
    }
    const buffer = this.#buffer
    const at = this.#at
    buffer[at] = length >> 16
    buffer[at + 1] = length >> 8
    buffer[at + 2] = length
    buffer[at + 3] = type
    buffer[at + 4] = flags
    buffer[at + 5] = streamId >> 24
    buffer[at + 6] = streamId >> 16
    buffer[at + 7] = streamId >> 8
    buffer[at + 8] = streamId
    this.#at = at + frameHeadBytes + length
    return at + frameHeadBytes
  }

  #turnOver(): void {
    if (this.#buffer === undefined) return
    this.#full.push({ buffer: this.#buffer, length: this.#at })
    this.#fullBytes += this.#at
    this.#buffer = undefined
    this.#at = 0
    this.serial++
  }
}
