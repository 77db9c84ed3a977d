import { ClientStream } from './client-stream.ts'
import { contentOf, type Frame } from './frame-reader.ts'
import * as frames from './frames.ts'
import { flag, frameType, setting } from './frames.ts'
import { encodeBlock, type Field } from './header-block.ts'
import { HeaderReader } from './header-reader.ts'
import { RawHttp2, type Where } from './raw-http2.ts'

export type Settings = readonly (readonly [id: number, value: number])[]

export type RequestOptions = frames.HeadersOptions & { readonly block?: Buffer }

export type GoAway = { readonly lastStreamId: number; readonly code: number }

/**
 * A client that keeps account of all that HTTP/2 counts, and of every rule that the server must keep towards it; the first one broken
 * is its fault. It acknowledges settings and pings. Credit for what came is given only when asked to.
 */
export class CarefulClient {
  readonly wire: RawHttp2
  readonly streams = new Map<number, ClientStream>()
  /** Of the server: what it allows. */
  peer = { initialWindow: 65_535, maxFrame: 16_384, maxStreams: 0, hasSettings: false }
  sendWindow = 65_535
  receiveWindow = 65_535
  /** DATA that came and was not credited to the connection yet. */
  uncredited = 0
  pings = 0
  goaway: GoAway | undefined
  fault: string | undefined
  readonly #own = { initialWindow: 65_535, maxFrame: 16_384 }
  readonly #unacknowledged: Settings[] = []
  readonly #fields = new HeaderReader()
  #block: { readonly stream: ClientStream; readonly end: boolean; readonly parts: Buffer[] } | undefined
  #nextId = 1

  constructor(wire: RawHttp2) {
    this.wire = wire
    wire.onFrame = (frame) => {
      wire.frames = []
      if (this.fault === undefined) this.#take(frame)
    }
  }

  static async open(where: Where, settings: Settings = [], credit = 0): Promise<CarefulClient> {
    const client = new CarefulClient(await RawHttp2.open(where))
    client.wire.send(frames.preface)
    client.changeSettings([[setting.enablePush, 0], ...settings])
    if (credit > 0) client.credit(undefined, credit)
    return client
  }

  until<T>(look: () => T | undefined | false, boundMs?: number): Promise<T> {
    return this.wire.until(() => {
      if (this.fault !== undefined) throw new Error(this.fault)
      return look()
    }, boundMs)
  }

  changeSettings(settings: Settings): void {
    this.#unacknowledged.push(settings)
    this.wire.send(frames.settingsFrame(settings))
  }

  get nextId(): number {
    return this.#nextId
  }

  /** `block`: in place of the fields, as it is. */
  request(fields: readonly Field[], options: RequestOptions = {}): ClientStream {
    const stream = new ClientStream(this.#nextId, this.#own.initialWindow, this.peer.initialWindow)
    this.#nextId += 2
    this.streams.set(stream.id, stream)
    stream.hasSentEnd = options.end === true
    this.wire.send(frames.headers(stream.id, options.block ?? encodeBlock(fields), options))
    return stream
  }

  trailers(stream: ClientStream, fields: readonly Field[]): void {
    stream.hasSentEnd = true
    this.wire.send(frames.headers(stream.id, encodeBlock(fields), { end: true }))
  }

  /** How many bytes may be sent on it now, padding counted. */
  roomFor(stream: ClientStream): number {
    return Math.max(0, Math.min(stream.sendWindow, this.sendWindow, this.peer.maxFrame))
  }

  data(stream: ClientStream, bytes: Buffer, options: frames.DataOptions = {}): void {
    const size = bytes.length + (options.padding === undefined ? 0 : options.padding + 1)
    stream.sendWindow -= size
    this.sendWindow -= size
    stream.hasSentEnd = options.end === true
    this.wire.send(frames.data(stream.id, bytes, options))
  }

  reset(stream: ClientStream, code: number): void {
    stream.hasSentReset = true
    this.wire.send(frames.resetStream(stream.id, code))
    this.wire.notify()
  }

  /** Allows the server so much more, on a stream or on the connection. */
  credit(stream: ClientStream | undefined, bytes: number): void {
    if (stream === undefined) {
      this.receiveWindow += bytes
      this.uncredited = Math.max(0, this.uncredited - bytes)
    } else stream.receiveWindow += bytes
    this.wire.send(frames.windowUpdate(stream?.id ?? 0, bytes))
  }

  /** Resolves when the server has dealt with all that was sent before. */
  async roundTrip(): Promise<void> {
    const until = this.pings + 1
    this.wire.send(frames.ping())
    await this.until(() => this.pings >= until)
  }

  #fail(text: string): void {
    this.fault = text
    this.wire.close()
  }

  #take(frame: Frame): void {
    const { type, flags, streamId, payload } = frame
    if (payload.length > this.#own.maxFrame) return this.#fail(`a frame of ${payload.length} bytes`)
    if (this.#block !== undefined && (type !== frameType.continuation || this.#block.stream.id !== streamId)) {
      return this.#fail(`frame ${type} of stream ${streamId} within a header block`)
    }
    if (type === frameType.settings) return this.#takeSettings(flags, payload)
    if (type === frameType.goaway) {
      this.goaway = { lastStreamId: payload.readUInt32BE(0), code: payload.readUInt32BE(4) }
      return
    }
    if (type === frameType.ping) {
      if ((flags & flag.ack) !== 0) this.pings++
      else this.wire.send(frames.frame(frameType.ping, flag.ack, 0, payload))
      return
    }
    if (type === frameType.windowUpdate && streamId === 0) {
      this.sendWindow += payload.readUInt32BE(0)
      return
    }
    const stream = this.streams.get(streamId)
    if (stream === undefined) return this.#fail(`frame ${type} on stream ${streamId}, which nobody opened`)
    const broken = this.#takeOnStream(stream, frame)
    if (broken !== undefined) this.#fail(`stream ${streamId}: ${broken}`)
  }

  #takeOnStream(stream: ClientStream, frame: Frame): string | undefined {
    const { type, flags, payload } = frame
    if (stream.resetCode !== undefined) return `frame ${type} behind its own reset`
    const end = (flags & flag.endStream) !== 0
    switch (type) {
      case frameType.headers: {
        const first = contentOf(frame)
        if (first === undefined) return 'HEADERS with wrong padding'
        this.#block = { stream, end, parts: [first] }
        return this.#endBlock(flags)
      }
      case frameType.continuation:
        if (this.#block === undefined) return 'CONTINUATION without HEADERS'
        this.#block.parts.push(payload)
        return this.#endBlock(flags)
      case frameType.data:
        return this.#takeData(stream, frame, end)
      case frameType.reset:
        stream.resetCode = payload.readUInt32BE(0)
        return undefined
      case frameType.windowUpdate:
        if (stream.isEnded && stream.hasSentEnd) return 'WINDOW_UPDATE on a closed stream'
        stream.sendWindow += payload.readUInt32BE(0)
        return payload.readUInt32BE(0) > 0 ? undefined : 'WINDOW_UPDATE of 0'
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
      return `header block: ${error}`
    }
  }

  #takeData(stream: ClientStream, frame: Frame, end: boolean): string | undefined {
    const size = frame.payload.length
    this.receiveWindow -= size
    this.uncredited += size
    if (size > 0 && this.receiveWindow < 0) return `DATA beyond the window of the connection, by ${-this.receiveWindow}`
    const content = contentOf(frame)
    return content === undefined ? 'DATA with wrong padding' : stream.takeData(content, size, end)
  }

  #takeSettings(flags: number, payload: Buffer): void {
    if ((flags & flag.ack) !== 0) return this.#applyOwn()
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2)
      const id = payload.readUInt16BE(at)
      if (id === setting.maxFrame) this.peer.maxFrame = value
      if (id === setting.maxStreams) this.peer.maxStreams = value
      if (id !== setting.initialWindow) continue
      for (const stream of this.streams.values()) stream.sendWindow += value - this.peer.initialWindow
      this.peer.initialWindow = value
    }
    this.peer.hasSettings = true
    this.wire.send(frames.settingsAck)
  }

  /** The server keeps to a setting from its acknowledgement on (RFC 9113 section 6.5.3). */
  #applyOwn(): void {
    const settings = this.#unacknowledged.shift()
    if (settings === undefined) return this.#fail('an acknowledgement of settings that were not sent')
    for (const [id, value] of settings) {
      if (id === setting.maxFrame) this.#own.maxFrame = value
      if (id === setting.tableSize) this.#fields.setLimit(value)
      if (id !== setting.initialWindow) continue
      for (const stream of this.streams.values()) stream.receiveWindow += value - this.#own.initialWindow
      this.#own.initialWindow = value
    }
  }
}
