import { type AddressInfo, createServer, type Socket } from 'node:net'

// An HTTP/2 endpoint that writes frames as it is told (RFC 9113 section 4.1), also those that no library would.

const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const
export const endStream = 1
const ack = 1
const endHeaders = 4
/** `:status: 200` in the static table (RFC 7541 appendix A). */
const status200 = Buffer.from([0x88])

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

export type RawConnection = {
  readonly socket: Socket
  /** Streams that were opened. */
  readonly streams: readonly number[]
  /** Codes of resets that came, by stream. */
  readonly resets: ReadonlyMap<number, number>
  frame(type: number, flags: number, stream: number, payload?: Buffer): void
  /** The head of an answer of 200. */
  head(stream: number, flags?: number): void
  data(stream: number, text: string, flags?: number): void
  reset(stream: number, code: number): void
  goaway(lastStream: number, code: number): void
}

export type RawOrigin = {
  readonly port: number
  readonly connections: readonly RawConnection[]
  close(): Promise<void>
}

export async function startRawH2c(
  onRequest: (connection: RawConnection, stream: number) => void,
  settings: Buffer = Buffer.alloc(0),
): Promise<RawOrigin> {
  const connections: RawConnection[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    connections.push(serve(socket, onRequest, settings))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    connections,
    close: () =>
      new Promise((resolve) => {
        for (const { socket } of connections) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function serve(socket: Socket, onRequest: (connection: RawConnection, stream: number) => void, settings: Buffer) {
  const streams: number[] = []
  const resets = new Map<number, number>()
  const frame: RawConnection['frame'] = (type, flags, stream, payload = Buffer.alloc(0)) => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head.writeUInt8(type, 3)
    head.writeUInt8(flags, 4)
    head.writeUInt32BE(stream, 5)
    socket.write(Buffer.concat([head, payload]))
  }
  const numbers = (...values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at)
    return bytes
  }
  const connection: RawConnection = {
    socket,
    streams,
    resets,
    frame,
    head: (stream, flags = 0) => frame(frameType.headers, flags | endHeaders, stream, status200),
    data: (stream, text, flags = 0) => frame(frameType.data, flags, stream, Buffer.from(text)),
    reset: (stream, code) => frame(frameType.reset, 0, stream, numbers(code)),
    goaway: (lastStream, code) => frame(frameType.goaway, 0, 0, numbers(lastStream, code)),
  }
  const onFrame = (type: number, flags: number, stream: number, payload: Buffer): void => {
    if (type === frameType.settings && (flags & ack) === 0) frame(frameType.settings, ack, 0)
    if (type === frameType.reset) resets.set(stream, payload.readUInt32BE(0))
    if (type !== frameType.headers || streams.includes(stream)) return
    streams.push(stream)
    onRequest(connection, stream)
  }
  frame(frameType.settings, 0, 0, settings)
  let pending = Buffer.alloc(0)
  let skip = preface.length
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    const taken = Math.min(skip, pending.length)
    pending = pending.subarray(taken)
    skip -= taken
    while (pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
      const end = 9 + pending.readUIntBE(0, 3)
      onFrame(pending.readUInt8(3), pending.readUInt8(4), pending.readUInt32BE(5), pending.subarray(9, end))
      pending = pending.subarray(end)
    }
  })
  return connection
}
