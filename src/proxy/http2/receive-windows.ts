import { defaultWindow } from './frame.ts'
import type { Http2Limits } from './limits.ts'
import type { Output } from './output.ts'
import type { Stream } from './stream.ts'

/**
 * What the client may send us (RFC 9113 section 5.2): windows shrink with what comes and are widened when it has been taken, in steps
 * of half a window, so that a client that sends fast needs few updates.
 */
export class ReceiveWindows {
  readonly #output: Output
  readonly #connectionStep: number
  readonly #streamStep: number
  #window: number
  #credit = 0

  constructor(output: Output, { connectionWindow, streamWindow }: Http2Limits) {
    this.#output = output
    this.#window = connectionWindow
    this.#connectionStep = connectionWindow / 2
    this.#streamStep = streamWindow / 2
  }

  /** The connection begins with the window of the RFC; ours is larger. */
  announce(): void {
    if (this.#window > defaultWindow) this.#output.windowUpdate(0, this.#window - defaultWindow)
  }

  /** False: the client sent more than it might. */
  take(bytes: number): boolean {
    this.#window -= bytes
    return this.#window >= 0
  }

  takeFor(stream: Stream, bytes: number): boolean {
    stream.receiveWindow -= bytes
    return stream.receiveWindow >= 0
  }

  /** Somebody took them, or nobody ever will. */
  give(bytes: number): void {
    this.#credit += bytes
    if (this.#credit < this.#connectionStep) return
    this.#output.windowUpdate(0, this.#credit)
    this.#window += this.#credit
    this.#credit = 0
  }

  giveFor(stream: Stream, bytes: number): void {
    if (stream.isClosed || stream.isRemoteClosed) return
    stream.credit += bytes
    if (stream.credit < this.#streamStep) return
    this.#output.windowUpdate(stream.id, stream.credit)
    stream.receiveWindow += stream.credit
    stream.credit = 0
  }
}
