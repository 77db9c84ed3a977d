import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Frame, FrameReader } from './frame-reader.ts'
import { newTrace, type Trace } from './trace.ts'

export type Where = { readonly port: number; readonly isTls: boolean }

/** A client that sends exactly these bytes, whatever HTTP/2 says of them, and keeps the frames that come. It answers nothing by itself. */
export class RawHttp2 {
  readonly socket: Socket
  /** What carries it: another one where it speaks TLS. */
  readonly #tcp: Socket
  readonly #reader = new FrameReader()
  readonly #waiting = new Set<() => void>()
  onFrame: (frame: Frame) => void = () => {}
  /** All that came; somebody who expects many empties it. */
  frames: Frame[] = []
  readonly #trace: Trace | undefined = newTrace()
  #ended = false

  constructor(socket: Socket, tcp: Socket) {
    this.socket = socket
    this.#tcp = tcp
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#reader.push(chunk)) {
        this.#trace?.received(frame)
        this.frames.push(frame)
        this.onFrame(frame)
      }
      this.notify()
    })
    const end = (): void => {
      this.#ended = true
      this.notify()
    }
    for (const event of ['end', 'close', 'error']) socket.on(event, end)
  }

  static async open({ port, isTls }: Where): Promise<RawHttp2> {
    const tcp = connectTcp({ port, host: '127.0.0.1', noDelay: true })
    if (!isTls) {
      await once(tcp, 'connect')
      return new RawHttp2(tcp, tcp)
    }
    tcp.on('error', () => {})
    const socket = connectTls({ socket: tcp, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    await once(socket, 'secureConnect')
    if (socket.alpnProtocol !== 'h2') throw new Error(`h2 was not agreed upon: ${socket.alpnProtocol}`)
    return new RawHttp2(socket, tcp)
  }

  get ended(): boolean {
    return this.#ended
  }

  send(bytes: Buffer): void {
    this.#trace?.sent(bytes)
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** Calls it after whatever came, until it is called off. */
  watch(look: () => void): () => void {
    this.#waiting.add(look)
    return () => this.#waiting.delete(look)
  }

  /** Somebody's state has changed without a frame: those who wait look again. */
  notify(): void {
    for (const look of [...this.#waiting]) look()
  }

  /** Resolves with what it finds; rejects if the connection ends or the time is over before that. */
  until<T>(look: () => T | undefined | false, boundMs = 20_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        this.#waiting.delete(again)
        clearTimeout(late)
        act()
      }
      const again = (): void => {
        try {
          const found = look()
          if (found !== undefined && found !== false) finish(() => resolve(found))
          else if (this.#ended) finish(() => reject(new ConnectionEnded(`the connection ended before: ${look}`)))
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const late = setTimeout(() => finish(() => reject(new Error(`not within ${boundMs} ms: ${look}`))), boundMs)
      this.#waiting.add(again)
      again()
    })
  }

  async untilEnd(boundMs = 20_000): Promise<void> {
    await this.until(() => this.#ended, boundMs)
  }

  /** Nothing more is sent; what comes is still read. */
  end(): void {
    this.socket.end()
  }

  close(): void {
    this.socket.destroy()
  }

  /** Leaves as a program does that crashes: with a reset. */
  reset(): void {
    this.#tcp.resetAndDestroy()
  }
}

export class ConnectionEnded extends Error {}
