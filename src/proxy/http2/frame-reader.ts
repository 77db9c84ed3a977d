import { errorCode } from './error-code.ts'
import { flag, frameHeadBytes, frameType, maxFrameBytes, maxStreamId } from './frame.ts'

/** What a reader hands on. Each returns undefined, or the code of a connection error: nothing is read after that. */
export interface FrameListener {
  /** A whole frame of any type but DATA; its payload stands in `bytes` from `from` up to `to`. */
  onFrame(frame: FrameHead, bytes: Buffer, from: number, to: number): number | undefined
  /** The head of a DATA frame has come, with the padding length where it has one. */
  onDataBegin(frame: FrameHead, padding: number): number | undefined
  /** Some of its data, without padding: pieces as they come in. */
  onDataPiece(bytes: Buffer, from: number, to: number): void
  /** All of it has come, padding included. */
  onDataEnd(frame: FrameHead): number | undefined
}

/** Used again for the next frame: keep what is needed. */
export type FrameHead = { length: number; type: number; flags: number; streamId: number }

/**
 * Cuts the bytes of a connection into frames (RFC 9113 section 4.1), whatever pieces they come in. The data of large DATA frames is
 * handed on as it comes, without a copy; other frames are short, or must be whole to be understood.
 */
export class FrameReader {
  readonly #listener: FrameListener
  readonly #clock: { readonly now: number }
  readonly #frame: FrameHead = { length: 0, type: 0, flags: 0, streamId: 0 }
  /** The beginning of a frame that has not come as a whole: first its head alone, then as much as it needs. */
  #partial: Buffer | undefined
  #partialBytes = 0
  #partialSinceMs = 0
  /** Of the DATA frame that is being read, padding included; below 0: none is. */
  #dataLeft = -1
  #paddingLeft = 0

  constructor(listener: FrameListener, clock: { readonly now: number }) {
    this.#listener = listener
    this.#clock = clock
  }

  /** How long the rest of a frame has been missing; of DATA that is the matter of its stream. */
  get waitingMs(): number {
    return this.#partial === undefined ? 0 : this.#clock.now - this.#partialSinceMs
  }

  /** Undefined, or the code of a connection error. */
  read(bytes: Buffer, start: number): number | undefined {
    let at = start
    let error: number | undefined
    while (error === undefined) {
      if (this.#dataLeft >= 0) {
        if (at === bytes.length && this.#dataLeft > 0) return undefined
        const to = Math.min(bytes.length, at + this.#dataLeft)
        error = this.#readData(bytes, at, to)
        at = to
      } else if (at === bytes.length) {
        return undefined
      } else if (this.#partial !== undefined) {
        at = this.#fill(this.#partial, bytes, at)
        if (this.#partialBytes === this.#partial.length) error = this.#onFilled(this.#partial)
      } else if (bytes.length - at < frameHeadBytes) {
        this.#partialSinceMs = this.#clock.now
        this.#keep(frameHeadBytes, bytes, at)
        return undefined
      } else {
        error = this.#readHead(bytes, at)
        const needed = this.#neededBytes()
        if (error !== undefined) return error
        if (bytes.length - at < needed) {
          this.#partialSinceMs = this.#clock.now
          this.#keep(needed, bytes, at)
          return undefined
        }
        error = this.#deliver(bytes, at)
        at += needed
      }
    }
    return error
  }

  #onFilled(partial: Buffer): number | undefined {
    this.#partial = undefined
    if (partial.length > frameHeadBytes) return this.#deliver(partial, 0)
    const error = this.#readHead(partial, 0)
    if (error !== undefined) return error
    const needed = this.#neededBytes()
    if (needed === frameHeadBytes) return this.#deliver(partial, 0)
    this.#keep(needed, partial, 0)
    return undefined
  }

  /** Returns where the rest of the input begins. */
  #fill(partial: Buffer, bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + partial.length - this.#partialBytes)
    bytes.copy(partial, this.#partialBytes, from, to)
    this.#partialBytes += to - from
    return to
  }

  #keep(needed: number, bytes: Buffer, from: number): void {
    this.#partial = Buffer.allocUnsafe(needed)
    this.#partialBytes = bytes.copy(this.#partial, 0, from)
  }

  /** A frame whose size nobody allowed is not read at all (RFC 9113 section 4.2). */
  #readHead(bytes: Buffer, at: number): number | undefined {
    const frame = this.#frame
    frame.length = byteAt(bytes, at) * 65_536 + (byteAt(bytes, at + 1) << 8) + byteAt(bytes, at + 2)
    frame.type = byteAt(bytes, at + 3)
    frame.flags = byteAt(bytes, at + 4)
    // The first bit is reserved, and ignored.
    frame.streamId = bytes.readUInt32BE(at + 5) & maxStreamId
    return frame.length > maxFrameBytes ? errorCode.frameSize : undefined
  }

  /** What of a frame must be there before it is handed on: all, or of DATA as much as says how long it is. */
  #neededBytes(): number {
    const { type, flags, length } = this.#frame
    if (type !== frameType.data) return frameHeadBytes + length
    return frameHeadBytes + ((flags & flag.padded) !== 0 && length > 0 ? 1 : 0)
  }

  #deliver(bytes: Buffer, at: number): number | undefined {
    const frame = this.#frame
    if (frame.type !== frameType.data) {
      return this.#listener.onFrame(frame, bytes, at + frameHeadBytes, at + frameHeadBytes + frame.length)
    }
    let padding = 0
    this.#dataLeft = frame.length
    if ((frame.flags & flag.padded) !== 0) {
      // RFC 9113 section 6.1: without room for the length of its padding, or with padding beyond its end.
      if (frame.length === 0) return errorCode.frameSize
      padding = byteAt(bytes, at + frameHeadBytes)
      if (padding >= frame.length) return errorCode.protocol
      this.#dataLeft--
    }
    this.#paddingLeft = padding
    return this.#listener.onDataBegin(frame, padding)
  }

  #readData(bytes: Buffer, from: number, to: number): number | undefined {
    const dataTo = Math.min(to, from + this.#dataLeft - this.#paddingLeft)
    this.#dataLeft -= to - from
    if (dataTo > from) this.#listener.onDataPiece(bytes, from, dataTo)
    if (this.#dataLeft > 0) return undefined
    this.#dataLeft = -1
    return this.#listener.onDataEnd(this.#frame)
  }
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0
}
