import { flag, frameType } from './frames.ts'

export type Frame = {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** Divides what comes into frames, whatever is in them. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Frame[] {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const frames: Frame[] = []
    let at = 0
    while (bytes.length - at >= 9) {
      const end = at + 9 + bytes.readUIntBE(at, 3)
      if (bytes.length < end) break
      frames.push({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        streamId: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + 9, end),
      })
      at = end
    }
    this.#pending = bytes.subarray(at)
    return frames
  }

  /** Bytes of a frame that is not whole. */
  get left(): number {
    return this.#pending.length
  }
}

/** What is in a DATA or HEADERS frame besides its padding and priority; undefined where it is not well-formed. */
export function contentOf({ type, flags, payload }: Frame): Buffer | undefined {
  const isPadded = (flags & flag.padded) !== 0
  const hasPriority = type === frameType.headers && (flags & flag.priority) !== 0
  const from = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0)
  const to = payload.length - (isPadded ? (payload[0] ?? 0) : 0)
  return from > to ? undefined : payload.subarray(from, to)
}
