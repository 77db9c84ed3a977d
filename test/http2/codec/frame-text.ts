import { contentOf, type Frame } from '../support/frame-reader.ts'
import { errorCode, flag, frameType } from '../support/frames.ts'
import type { Field } from '../support/header-block.ts'
import { HeaderReader } from '../support/header-reader.ts'

/**
 * What a server sends as lines that a test can name: `SETTINGS ack`, `HEADERS 1 200`, `DATA 1 5 end`, `RST_STREAM 1 cancel`. The fields
 * of header lists are kept beside them.
 */
export class FrameTexts {
  /** Of all header lists so far, in order. */
  readonly fields: (readonly Field[])[] = []
  readonly #reader = new HeaderReader()
  #block: readonly Buffer[] = []

  of(frame: Frame): string {
    const { type, flags, streamId, payload } = frame
    const end = (flags & flag.endStream) !== 0 ? ' end' : ''
    switch (type) {
      case frameType.data:
        return `DATA ${streamId} ${contentOf(frame)?.length}${end}`
      case frameType.headers:
        this.#block = [contentOf(frame) ?? Buffer.alloc(0)]
        return `HEADERS ${streamId} ${this.#blockText(flags)}${end}`
      case frameType.continuation:
        this.#block = [...this.#block, payload]
        return `CONTINUATION ${streamId} ${this.#blockText(flags)}`
      case frameType.reset:
        return `RST_STREAM ${streamId} ${codeName(payload.readUInt32BE(0))}`
      case frameType.settings:
        return (flags & flag.ack) !== 0 ? 'SETTINGS ack' : 'SETTINGS'
      case frameType.ping:
        return `PING ${(flags & flag.ack) !== 0 ? 'ack ' : ''}${payload.readUInt32BE(4)}`
      case frameType.goaway:
        return `GOAWAY ${payload.readUInt32BE(0)} ${codeName(payload.readUInt32BE(4))} ${payload.toString('latin1', 8)}`.trimEnd()
      case frameType.windowUpdate:
        return `WINDOW_UPDATE ${streamId} ${payload.readUInt32BE(0)}`
      default:
        return `frame ${type} ${streamId}`
    }
  }

  /** `part`: more follows; else the status, or that these are trailers. */
  #blockText(flags: number): string {
    if ((flags & flag.endHeaders) === 0) return 'part'
    const fields = this.#reader.read(Buffer.concat(this.#block))
    this.fields.push(fields)
    return fields.find(([name]) => name === ':status')?.[1] ?? 'trailers'
  }
}

function codeName(code: number): string {
  return Object.entries(errorCode).find(([, value]) => value === code)?.[0] ?? `${code}`
}
