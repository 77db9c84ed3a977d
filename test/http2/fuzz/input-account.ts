import { type Frame, FrameReader } from '../support/frame-reader.ts'
import { flag, frameType, preface, setting } from '../support/frames.ts'

const firstWindow = 65_535

/** What a client has allowed its server to send, and has sent itself, by the frames alone. Of use while the connection has no error. */
export class InputAccount {
  /** Payload of all DATA, padding included. */
  dataBytes = 0
  connectionWindow = firstWindow
  readonly #widened = new Map<number, number>()
  readonly #reader = new FrameReader()
  #mostInitial = firstWindow
  #prefaceLeft = preface.length

  take(piece: Buffer): void {
    const from = Math.min(this.#prefaceLeft, piece.length)
    this.#prefaceLeft -= from
    for (const frame of this.#reader.push(piece.subarray(from))) this.#onFrame(frame)
  }

  /** The most that it ever might have had. */
  streamWindow(id: number): number {
    return this.#mostInitial + (this.#widened.get(id) ?? 0)
  }

  #onFrame({ type, flags, streamId, payload }: Frame): void {
    const id = streamId & 0x7fff_ffff
    if (type === frameType.data) this.dataBytes += payload.length
    else if (type === frameType.windowUpdate && payload.length === 4)
      this.#widen(id, payload.readInt32BE(0) & 0x7fff_ffff)
    else if (type === frameType.settings && (flags & flag.ack) === 0) this.#settings(payload)
  }

  #widen(id: number, bytes: number): void {
    if (id === 0) this.connectionWindow += bytes
    else this.#widened.set(id, (this.#widened.get(id) ?? 0) + bytes)
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== setting.initialWindow) continue
      this.#mostInitial = Math.max(this.#mostInitial, payload.readUInt32BE(at + 2))
    }
  }
}
