import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { WebSocketServer } from 'ws'

/** Sec-WebSocket-Accept: the proof that a key was read (RFC 6455 section 1.3). */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** A server that says back every message. */
export async function startEcho(): Promise<{ readonly port: number; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'string' || address === null) throw new Error('no port')
  return { port: address.port, close: () => server.close() }
}
