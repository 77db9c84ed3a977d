import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

// RFC 6455 as far as an echo needs it: every frame goes back as it came, unmasked. A message in several frames comes back
// in the same frames.

const opcodes = { close: 8, ping: 9, pong: 10 } as const

/** Bytes of one frame; more than that ends the connection. */
const maxPayloadBytes = 65_536

/** Accepts the upgrade and echoes until the client closes. */
export function echoWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const key = request.headers['sec-websocket-key']
  if (key === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    return
  }
  // RFC 6455 §1.3
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  let unread = head
  const read = (chunk: Buffer): void => {
    unread = Buffer.concat([unread, chunk])
    for (let frame = readFrame(unread); frame !== undefined; frame = readFrame(unread)) {
      if (frame === 'too long') {
        socket.destroy()
        return
      }
      unread = unread.subarray(frame.bytes)
      answer(socket, frame)
    }
  }
  socket.on('error', () => socket.destroy())
  socket.on('data', read)
  read(Buffer.alloc(0))
}

type Frame = {
  /** First byte: FIN, reserved bits and opcode. */
  readonly first: number
  readonly payload: Buffer
  /** Length of the whole frame. */
  readonly bytes: number
}

function answer(socket: Duplex, { first, payload }: Frame): void {
  const opcode = first & 0x0f
  if (opcode === opcodes.pong) return
  const echoed = opcode === opcodes.ping ? (first & 0xf0) | opcodes.pong : first
  socket.write(Buffer.concat([headOf(echoed, payload.length), payload]))
  if (opcode === opcodes.close) socket.end()
}

/** undefined: not all there yet. */
function readFrame(bytes: Buffer): Frame | 'too long' | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes.readUInt8(1) & 0x7f
  if (short === 127) return 'too long'
  const lengthEnd = short === 126 ? 4 : 2
  if (bytes.length < lengthEnd) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short
  if (length > maxPayloadBytes) return 'too long'
  // A client masks every frame (§5.3).
  const mask = bytes.subarray(lengthEnd, lengthEnd + 4)
  const end = lengthEnd + 4 + length
  if (bytes.length < end) return undefined
  const payload = Buffer.from(bytes.subarray(lengthEnd + 4, end))
  for (let index = 0; index < length; index++) {
    payload.writeUInt8(payload.readUInt8(index) ^ mask.readUInt8(index % 4), index)
  }
  return { first: bytes.readUInt8(0), payload, bytes: end }
}

function headOf(first: number, length: number): Buffer {
  return length < 126 ? Buffer.from([first, length]) : Buffer.from([first, 126, length >> 8, length & 0xff])
}
