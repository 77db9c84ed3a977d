import { errorCode } from './error-code.ts'
import { flag, frameType, maxStreamId } from './frame.ts'
import type { FrameHead } from './frame-reader.ts'

/** The rule of RFC 9113 section 6 on size and stream that a frame from a client breaks, as a connection error; undefined: none. */
export function errorOfFrame({ type, length, streamId, flags }: FrameHead): number | undefined {
  switch (type) {
    case frameType.headers:
      // Section 5.1.1: clients have the odd ones.
      return (streamId & 1) === 0 ? errorCode.protocol : undefined
    case frameType.windowUpdate:
      return length === 4 ? undefined : errorCode.frameSize
    case frameType.rstStream:
      return length === 4 ? undefined : errorCode.frameSize
    case frameType.priority:
      if (streamId === 0) return errorCode.protocol
      return length === 5 ? undefined : errorCode.frameSize
    case frameType.settings:
      if (streamId !== 0) return errorCode.protocol
      return length % 6 === 0 && (length === 0 || (flags & flag.ack) === 0) ? undefined : errorCode.frameSize
    case frameType.ping:
      if (streamId !== 0) return errorCode.protocol
      return length === 8 ? undefined : errorCode.frameSize
    case frameType.goaway:
      if (streamId !== 0) return errorCode.protocol
      return length >= 8 ? undefined : errorCode.frameSize
    case frameType.priorityUpdate:
      if (streamId !== 0) return errorCode.protocol
      return length >= 4 ? undefined : errorCode.frameSize
    case frameType.pushPromise:
      return errorCode.protocol
    default:
      return undefined
  }
}

/** Where the header list stands in a HEADERS frame, between padding and priority (section 6.2). */
export class HeadersPayload {
  from = 0
  to = 0

  /** Undefined, or the code of a connection error. */
  read({ flags, streamId }: FrameHead, bytes: Buffer, start: number, end: number): number | undefined {
    let from = start
    let padding = 0
    if ((flags & flag.padded) !== 0) {
      if (from === end) return errorCode.frameSize
      padding = bytes[from++] ?? 0
    }
    if ((flags & flag.priority) !== 0) {
      if (end - from < 5) return errorCode.frameSize
      if (dependsOnItself(streamId, bytes, from)) return errorCode.protocol
      from += 5
    }
    this.from = from
    this.to = end - padding
    return this.from > this.to ? errorCode.protocol : undefined
  }
}

/** RFC 7540 section 5.3.1, of which nothing but the form is left (RFC 9113 section 5.3.2). */
export function dependsOnItself(streamId: number, bytes: Buffer, from: number): boolean {
  return (bytes.readUInt32BE(from) & maxStreamId) === streamId
}
