import type { Http2Limits, LimitReason } from '../../../src/proxy/http2/limits.ts'
import type { RequestHead } from '../../../src/proxy/http2/message-head.ts'
import { type ConnectionUser, ServerConnection } from '../../../src/proxy/http2/server-connection.ts'
import type { Stream } from '../../../src/proxy/http2/stream.ts'
import { giveWriteBuffer } from '../../../src/proxy/write-buffers.ts'
import { InputAccount } from './input-account.ts'
import { OutputCheck } from './output-check.ts'
import { type Manner, WatchedUser } from './watched-user.ts'

const firstWindow = 65_535

export type SubjectOptions = {
  readonly limits: Http2Limits
  readonly mannerOf: (stream: Stream) => Manner
}

/** A connection with nothing around it, and all that must hold of one whatever it is sent. */
export class Subject implements ConnectionUser {
  readonly clock = { now: 0 }
  readonly connection: ServerConnection
  readonly check = new OutputCheck()
  readonly users: WatchedUser[] = []
  readonly reached: LimitReason[] = []
  readonly #input = new InputAccount()
  readonly #options: SubjectOptions
  #ends = 0
  #fault: string | undefined

  constructor(options: SubjectOptions) {
    this.#options = options
    this.connection = new ServerConnection({ limits: options.limits, clock: this.clock, user: this })
    this.connection.start()
  }

  receive(piece: Buffer): void {
    this.connection.receive(piece)
    this.#input.take(piece)
    this.#checkBounds()
  }

  /** As the socket would: all that is there to be sent. */
  take(): void {
    for (const { buffer, length } of this.connection.take()) {
      this.check.take(Buffer.copyBytesFrom(buffer, 0, length))
      giveWriteBuffer(buffer)
    }
    this.#checkWindows()
  }

  close(): void {
    this.take()
    if (!this.connection.isEnded) this.#checkCredit()
    this.connection.close()
    if (this.users.some(({ isReset, isAnswered }) => !isReset && !isAnswered)) this.#fail('a request that is left open')
    if (this.connection.openStreams > 0) this.#fail('streams of a closed connection')
  }

  /** The first thing that was not as it must be. */
  get fault(): string | undefined {
    return this.#fault ?? this.check.end() ?? this.users.find(({ fault }) => fault !== undefined)?.fault
  }

  onRequest(stream: Stream, head: RequestHead, hasBody: boolean): void {
    const user = new WatchedUser(this.connection, stream, head, hasBody, this.#options.mannerOf(stream))
    stream.user = user
    this.users.push(user)
    const { headerFields, headerListBytes } = this.#options.limits
    const bytes = head.fields.reduce((sum, { size }) => sum + size, 0)
    if (head.fields.length > headerFields || bytes > headerListBytes) this.#fail(`a head of ${bytes} bytes`)
  }

  onOutput(): void {}

  onOutputFull(): void {}

  onLimit(reason: LimitReason): void {
    this.reached.push(reason)
  }

  onEnd(): void {
    this.#ends++
    if (this.#ends > 1) this.#fail('a second end of the connection')
  }

  #checkBounds(): void {
    const { streams, connectionWindow, streamWindow } = this.#options.limits
    if (this.users.some((user) => user.untaken > streamWindow)) this.#fail('a body beyond its window')
    if (this.connection.openStreams > streams) this.#fail(`${this.connection.openStreams} streams`)
    const untaken = this.users.reduce((sum, user) => sum + (user.isReset ? 0 : user.untaken), 0)
    if (untaken > connectionWindow) this.#fail(`${untaken} bytes of bodies`)
    if (this.connection.isEnded && this.#ends === 0) this.#fail('an end that nobody was told of')
  }

  /** RFC 9113 section 6.9. */
  #checkWindows(): void {
    let sent = 0
    for (const { id, received } of this.check.streams.values()) {
      sent += received
      if (received > this.#input.streamWindow(id)) this.#fail(`${received} bytes on stream ${id}`)
    }
    if (sent > this.#input.connectionWindow) this.#fail(`${sent} bytes on the connection`)
  }

  /** What is not being held must have been given back but for the last half of a window. */
  #checkCredit(): void {
    const untaken = this.users.reduce((sum, user) => sum + (user.isReset ? 0 : user.untaken), 0)
    const { connectionWindow } = this.#options.limits
    const window = Math.min(firstWindow, connectionWindow) + this.check.credit - this.#input.dataBytes
    if (window + untaken <= connectionWindow / 2) this.#fail(`a window of ${window} bytes, with ${untaken} untaken`)
  }

  #fail(text: string): void {
    this.#fault ??= text
  }
}
