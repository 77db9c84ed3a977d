import { defaultLimits, type Http2Limits, type LimitReason } from '../../../src/proxy/http2/limits.ts'
import type { RequestHead } from '../../../src/proxy/http2/message-head.ts'
import { type ConnectionUser, ServerConnection } from '../../../src/proxy/http2/server-connection.ts'
import type { Stream } from '../../../src/proxy/http2/stream.ts'
import { giveWriteBuffer } from '../../../src/proxy/write-buffers.ts'
import { type Frame, FrameReader } from '../support/frame-reader.ts'
import { type HeadersOptions, headers, preface, settingsAck, settingsFrame } from '../support/frames.ts'
import { encodeBlock, type Field } from '../support/header-block.ts'
import { FrameTexts } from './frame-text.ts'
import { SeenRequest } from './seen-request.ts'

export const requestFields: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'app.example.com'],
  [':path', '/'],
]

export const patience = { idleMs: 75_000, stallMs: 75_000 }

export type DriverOptions = {
  readonly limits?: Partial<Http2Limits>
  /** Of the client's first SETTINGS; without them nothing is sent yet, and nothing taken. */
  readonly settings?: readonly (readonly [id: number, value: number])[] | 'none'
  readonly onRequest?: (request: SeenRequest) => void
}

/** The server's side of a connection, with nothing around it but what a test says. Bytes in, frames out. */
export class Driver implements ConnectionUser {
  readonly clock = { now: 1_000_000 }
  readonly limits: Http2Limits
  readonly connection: ServerConnection
  readonly requests: SeenRequest[] = []
  readonly reached: LimitReason[] = []
  readonly texts = new FrameTexts()
  ends = 0
  readonly #onRequest: (request: SeenRequest) => void
  readonly #reader = new FrameReader()
  #hasOutput = false

  constructor({ limits = {}, settings = [], onRequest = () => {} }: DriverOptions = {}) {
    this.limits = { ...defaultLimits, ...limits }
    this.#onRequest = onRequest
    this.connection = new ServerConnection({ limits: this.limits, clock: this.clock, user: this })
    this.connection.start()
    if (settings === 'none') return
    this.send(preface, settingsFrame(settings), settingsAck)
    this.take()
  }

  /** In one read. */
  send(...frames: readonly Buffer[]): void {
    this.connection.receive(Buffer.concat(frames))
  }

  /** A request of these fields, in a read of its own. */
  open(id: number, more: readonly Field[] = [], options: HeadersOptions = { end: true }): SeenRequest {
    this.send(headers(id, encodeBlock([...requestFields, ...more]), options))
    return this.request(id)
  }

  request(id: number): SeenRequest {
    const request = this.requests.find((one) => one.id === id)
    if (request === undefined) throw new Error(`no request ${id}`)
    return request
  }

  takeBytes(): Buffer {
    this.#hasOutput = false
    return Buffer.concat(
      this.connection.take().map(({ buffer, length }) => {
        const bytes = Buffer.copyBytesFrom(buffer, 0, length)
        giveWriteBuffer(buffer)
        return bytes
      }),
    )
  }

  takeFrames(): readonly Frame[] {
    const frames = this.#reader.push(this.takeBytes())
    if (this.#reader.left > 0) throw new Error('half a frame')
    return frames
  }

  /** What waits to be sent, as lines: see FrameTexts. */
  take(): readonly string[] {
    return this.takeFrames().map((frame) => this.texts.of(frame))
  }

  /** Sends, and takes what comes of it. */
  ask(...frames: readonly Buffer[]): readonly string[] {
    this.send(...frames)
    return this.take()
  }

  /** So much later, with a sweep in each second. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.clock.now += Math.min(left, 1_000)
      this.connection.checkTimes(patience)
    }
  }

  onRequest(stream: Stream, head: RequestHead, hasBody: boolean): void {
    const request = new SeenRequest(this.connection, stream, head, hasBody)
    stream.user = request
    this.requests.push(request)
    this.#onRequest(request)
  }

  onOutputFull(): void {}

  onOutput(): void {
    if (this.#hasOutput) throw new Error('told twice of the same output')
    this.#hasOutput = true
  }

  onLimit(reason: LimitReason): void {
    this.reached.push(reason)
  }

  onEnd(): void {
    this.ends++
  }
}
