import type { HeaderField } from './hpack/header-field.ts'
import type { RequestHead } from './message-head.ts'
import { defaultPriority, type Priority } from './priority.ts'

/** Whoever answers a request. Nothing is called after `onReset`, nor `onBodyEnd` twice. */
export interface StreamUser {
  /** Bytes of the body, valid for as long as they are kept: see `ServerConnection.consumed`. */
  onBody(bytes: Buffer, from: number, to: number): void
  onBodyEnd(trailers: readonly HeaderField[] | undefined): void
  /** More may be written. */
  onDrain(): void
  /** The stream is gone, by the client, or because the client broke a rule or its connection. */
  onReset(): void
}

/** One request and its answer (RFC 9113 section 5). The connection changes it; its user only reads. */
export class Stream {
  readonly id: number
  user: StreamUser | undefined
  /** Until the request is handed on. */
  head: RequestHead | undefined
  /** The client has sent all of its request. */
  isRemoteClosed = false
  /** We have sent all of the answer. */
  isLocalClosed = false
  /** Nothing of it is of interest any more. */
  isClosed = false
  /** When it last got any further. */
  movedAtMs: number

  receiveWindow: number
  /** Body bytes that nobody has taken yet. */
  unconsumed = 0
  /** Taken, and not told to the client yet. */
  credit = 0
  /** Came when the request had been answered already. */
  unwanted = 0
  /** Content-Length, or -1; and what has come of it. */
  expectedBytes = -1
  receivedBytes = 0

  sendWindow: number
  priority: Priority = defaultPriority
  /** The head of the final answer is out. */
  hasHead = false
  /** Body that waits for a window or for the client to read. */
  pending: Buffer[] = []
  pendingBytes = 0
  /** All of the answer is there: what is pending is the rest of it. */
  isEnding = false
  /** Field lines behind the body. */
  trailers: string | undefined
  /** Its user was told to wait. */
  isHeldBack = false
  /** Where the flags of its last frame stand, while that is in the output of this serial number. */
  flagsAt = -1
  flagsSerial = -1

  constructor(id: number, receiveWindow: number, sendWindow: number, nowMs: number) {
    this.id = id
    this.receiveWindow = receiveWindow
    this.sendWindow = sendWindow
    this.movedAtMs = nowMs
  }
}
