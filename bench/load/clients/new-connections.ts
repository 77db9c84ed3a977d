import { connect, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls'
import { host, type LoadResult, latencyOf } from '../load.ts'

/** Each request on a connection of its own; `resumed` comes with the session of the one before. */
export type NewConnections = {
  readonly port: number
  readonly handshake: 'none' | 'full' | 'resumed'
  readonly seconds: number
  readonly connections: number
}

const { port, handshake, seconds, connections }: NewConnections = JSON.parse(process.argv[2] ?? '')
const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
// Also what OpenSSL 3.0 agrees on by itself: newer ones would add a key exchange that not every peer has.
const secureContext = createSecureContext({ ecdhCurve: 'X25519' })
const startedAt = performance.now()
const endsAt = startedAt + seconds * 1000
const latencies: number[] = []
let errors = 0

await Promise.all(Array.from({ length: connections }, askAgainAndAgain))
const result: LoadResult = {
  requests: latencies.length,
  errors,
  seconds: (performance.now() - startedAt) / 1000,
  latency: latencyOf(Float64Array.from(latencies)),
}
process.stdout.write(JSON.stringify(result))

async function askAgainAndAgain(): Promise<void> {
  const sessions: { last?: Buffer } = {}
  while (performance.now() < endsAt) {
    const from = performance.now()
    const isFirst = sessions.last === undefined
    const isGood = await ask(sessions)
    latencies.push(performance.now() - from)
    if (!isGood && !(handshake === 'resumed' && isFirst)) errors++
  }
}

/** True if the answer was 200, after the handshake that was wanted. */
function ask(sessions: { last?: Buffer }): Promise<boolean> {
  return new Promise((resolve) => {
    let isGood = false
    const socket = handshake === 'none' ? connect(port, '127.0.0.1') : openTls(sessions)
    socket.write(request)
    socket.once('data', (chunk: Buffer) => {
      isGood = chunk.toString('latin1', 9, 12) === '200' && isAsWanted(socket)
    })
    socket.resume()
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve(isGood))
  })
}

function openTls(sessions: { last?: Buffer }): TLSSocket {
  const session = handshake === 'resumed' ? sessions.last : undefined
  const options = { port, host: '127.0.0.1', servername: host, secureContext, rejectUnauthorized: false }
  const socket = connectTls(session === undefined ? options : { ...options, session })
  socket.on('session', (last) => {
    sessions.last = last
  })
  return socket
}

function isAsWanted(socket: Socket | TLSSocket): boolean {
  return !('isSessionReused' in socket) || socket.isSessionReused() === (handshake === 'resumed')
}
