import { connect, type Socket } from 'node:net'
import { host, type LoadResult, latencyOf } from '../load.ts'

/** Each connection sends a message, waits for its echo and sends the next. Frames by hand, to cost little (RFC 6455 section 5.2). */
export type WebSocketEcho = {
  readonly port: number
  readonly seconds: number
  readonly connections: number
}

const { port, seconds, connections }: WebSocketEcho = JSON.parse(process.argv[2] ?? '')
const upgrade = [
  'GET /echo HTTP/1.1',
  `Host: ${host}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n')
const message = Buffer.alloc(64, 'x')
// A mask of zeros leaves the message as it is.
const sentFrame = Buffer.concat([Buffer.of(0x82, 0x80 | message.length, 0, 0, 0, 0), message])
const wantedFrame = Buffer.concat([Buffer.of(0x82, message.length), message])

const latencies: number[] = []
let errors = 0
const startedAt = performance.now()
const endsAt = startedAt + seconds * 1000
await Promise.all(Array.from({ length: connections }, talk))
const result: LoadResult = {
  requests: latencies.length,
  errors,
  seconds: (performance.now() - startedAt) / 1000,
  latency: latencyOf(Float64Array.from(latencies)),
}
process.stdout.write(JSON.stringify(result))

function talk(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true)
    let isEnded = false
    const end = (isError: boolean): void => {
      if (isEnded) return
      isEnded = true
      if (isError) errors++
      socket.destroy()
      resolve()
    }
    socket.write(upgrade)
    socket.on('error', () => end(true))
    socket.on('close', () => end(true))
    socket.once('data', (head: Buffer) => {
      if (head.toString('latin1', 9, 12) !== '101') end(true)
      else echo(socket, end)
    })
  })
}

function echo(socket: Socket, end: (isError: boolean) => void): void {
  let sentAt = performance.now()
  let rest: Buffer | undefined
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    rest = bytes
    if (bytes.length < wantedFrame.length) return
    rest = undefined
    if (!bytes.equals(wantedFrame)) return end(true)
    const now = performance.now()
    latencies.push(now - sentAt)
    if (now > endsAt) return end(false)
    sentAt = now
    socket.write(sentFrame)
  })
  socket.write(sentFrame)
}
