import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'

// The endpoint of WebSockets: echoes short messages, and looks at no more than that takes. `node echo-backend.ts PORT`.
const suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

createServer((_request, response) => response.end())
  .on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${suffix}`).digest('base64')
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, '\r\n'].join('\r\n'))
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = echoFrames(socket, rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
    })
  })
  .listen(Number(process.argv[2]), '127.0.0.1', 4096)

/** Sends each whole frame back, without its mask as a server must (RFC 6455 section 5.1); returns what is left over. */
function echoFrames(socket: Socket, bytes: Buffer): Buffer {
  let at = 0
  while (bytes.length >= at + 6) {
    const length = (bytes[at + 1] ?? 0) & 0x7f
    if (length > 125 || bytes.length < at + 6 + length) break
    const frame = Buffer.allocUnsafe(2 + length)
    frame[0] = bytes[at] ?? 0
    frame[1] = length
    for (let i = 0; i < length; i++) frame[2 + i] = (bytes[at + 6 + i] ?? 0) ^ (bytes[at + 2 + (i & 3)] ?? 0)
    socket.write(frame)
    at += 6 + length
  }
  return bytes.subarray(at)
}
