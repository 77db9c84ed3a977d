import type { Socket } from 'node:net'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import { contentOf, type Frame, FrameReader } from '../support/frame-reader.ts'
import { flag, frameType, setting, settingsAck, settingsFrame } from '../support/frames.ts'
import { decoded, type FieldText } from './decoded.ts'

export type OnBlock = (fields: readonly FieldText[] | undefined, streamId: number) => void

/** Our decoder as one end of a connection: it answers SETTINGS, and hands on each header block that comes. */
export class BlockPeer {
  readonly #socket: Socket
  readonly #reader = new FrameReader()
  readonly #decoder: HpackDecoder
  readonly #onBlock: OnBlock
  #block: readonly Buffer[] = []

  constructor(socket: Socket, tableBytes: number, onBlock: OnBlock) {
    this.#socket = socket
    this.#decoder = new HpackDecoder(tableBytes)
    this.#onBlock = onBlock
    socket.write(settingsFrame([[setting.tableSize, tableBytes]]))
  }

  read(chunk: Buffer): void {
    for (const frame of this.#reader.push(chunk)) this.#take(frame)
  }

  #take(frame: Frame): void {
    if (frame.type === frameType.settings) this.#settings(frame)
    if (frame.type !== frameType.headers && frame.type !== frameType.continuation) return
    this.#block = [...this.#block, contentOf(frame) ?? Buffer.alloc(0)]
    if ((frame.flags & flag.endHeaders) === 0) return
    this.#onBlock(decoded(this.#decoder, Buffer.concat(this.#block)), frame.streamId)
    this.#block = []
  }

  #settings({ flags }: Frame): void {
    if ((flags & flag.ack) === 0) this.#socket.write(settingsAck)
    else this.#decoder.settingsAcknowledged()
  }
}
