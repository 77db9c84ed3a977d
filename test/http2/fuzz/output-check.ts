import { ClientStream } from '../support/client-stream.ts'
import { contentOf, type Frame, FrameReader } from '../support/frame-reader.ts'
import { flag, frameType } from '../support/frames.ts'
import { HeaderReader } from '../support/header-reader.ts'

const maxFrame = 16_384
/** Windows of the client are its own affair here: what it sent may mean anything. */
const anyWindow = Number.MAX_SAFE_INTEGER

/** Reads what a server says and tells the first rule of RFC 9113 that it breaks, whatever it was sent. */
export class OutputCheck {
  fault: string | undefined
  /** The last GOAWAY; nothing may follow one with an error. */
  goaway: { readonly code: number; readonly lastStreamId: number; readonly text: string } | undefined
  readonly streams = new Map<number, ClientStream>()
  /** Of the connection: by how much the client's window was widened. */
  credit = 0
  /** All but window updates, as text, in order. */
  readonly log: string[] = []
  readonly #reader = new FrameReader()
  readonly #fields = new HeaderReader()
  #block: { readonly stream: ClientStream; readonly end: boolean; readonly parts: Buffer[] } | undefined
  #isFirst = true

  take(bytes: Buffer): void {
    for (const frame of this.#reader.push(bytes)) {
      if (this.fault === undefined) this.fault = this.#faultOf(frame)
    }
  }

  /** To be asked when nothing more will come. */
  end(): string | undefined {
    if (this.fault !== undefined) return this.fault
    if (this.#reader.left > 0) return `${this.#reader.left} bytes of a frame that is not whole`
    return this.#block === undefined ? undefined : 'a header list that is not whole'
  }

  #faultOf(frame: Frame): string | undefined {
    const { type, flags, streamId, payload } = frame
    if (this.#isFirst && (type !== frameType.settings || flags !== 0)) return `frame ${type} before its SETTINGS`
    this.#isFirst = false
    if (payload.length > maxFrame) return `a frame of ${payload.length} bytes`
    if (this.goaway !== undefined && this.goaway.code !== 0) return `frame ${type} behind GOAWAY`
    if (this.#block !== undefined && (type !== frameType.continuation || this.#block.stream.id !== streamId)) {
      return `frame ${type} of stream ${streamId} within a header list`
    }
    if (type !== frameType.windowUpdate) this.log.push(`${type} ${flags} ${streamId} ${payload.toString('hex')}`)
    if (streamId === 0) return this.#faultOfConnection(frame)
    if (streamId % 2 === 0) return `frame ${type} on stream ${streamId}`
    const stream = this.streams.get(streamId) ?? new ClientStream(streamId, anyWindow, 0)
    this.streams.set(streamId, stream)
    const fault = this.#faultOfStream(stream, frame)
    return fault === undefined ? undefined : `stream ${streamId}: ${fault}`
  }

  #faultOfConnection({ type, flags, payload }: Frame): string | undefined {
    const { length } = payload
    switch (type) {
      case frameType.settings:
        if ((flags & flag.ack) !== 0) return length === 0 ? undefined : 'an acknowledgement with settings'
        return length % 6 === 0 ? undefined : 'SETTINGS of an odd length'
      case frameType.ping:
        return length === 8 && flags === flag.ack ? undefined : 'a PING of its own'
      case frameType.goaway:
        if (length < 8) return 'a short GOAWAY'
        this.goaway = {
          lastStreamId: payload.readUInt32BE(0),
          code: payload.readUInt32BE(4),
          text: payload.toString('latin1', 8),
        }
        return undefined
      case frameType.windowUpdate:
        if (length !== 4 || payload.readInt32BE(0) <= 0) return 'a wrong WINDOW_UPDATE'
        this.credit += payload.readInt32BE(0)
        return undefined
      default:
        return `frame ${type} on stream 0`
    }
  }

  #faultOfStream(stream: ClientStream, frame: Frame): string | undefined {
    const { type, flags, payload } = frame
    if (stream.resetCode !== undefined) return `frame ${type} behind its reset`
    const end = (flags & flag.endStream) !== 0
    switch (type) {
      case frameType.headers:
        this.#block = { stream, end, parts: [contentOf(frame) ?? Buffer.alloc(0)] }
        return this.#endBlock(flags)
      case frameType.continuation:
        this.#block?.parts.push(payload)
        return this.#block === undefined ? 'CONTINUATION without HEADERS' : this.#endBlock(flags)
      case frameType.data:
        return stream.takeData(contentOf(frame) ?? Buffer.alloc(0), payload.length, end)
      case frameType.reset:
        if (payload.length !== 4) return 'a wrong RST_STREAM'
        stream.resetCode = payload.readUInt32BE(0)
        return undefined
      case frameType.windowUpdate:
        return payload.length === 4 && payload.readInt32BE(0) > 0 ? undefined : 'a wrong WINDOW_UPDATE'
      default:
        return `frame ${type}, which a server does not send`
    }
  }

  #endBlock(flags: number): string | undefined {
    if (this.#block === undefined || (flags & flag.endHeaders) === 0) return undefined
    const { stream, end, parts } = this.#block
    this.#block = undefined
    try {
      return stream.takeFields(this.#fields.read(Buffer.concat(parts)), end)
    } catch (error) {
      return `header list: ${error}`
    }
  }
}
