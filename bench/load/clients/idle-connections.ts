import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { host } from '../load.ts'

/** Opens connections, has one request answered on each, and then holds them until it is told to end. */
export type IdleConnections = {
  readonly port: number
  readonly tls: boolean
  readonly count: number
}

export type IdleReport = { readonly opened: number; readonly lost: number }

const { port, tls, count }: IdleConnections = JSON.parse(process.argv[2] ?? '')
const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const secureContext = createSecureContext({ ecdhCurve: 'X25519' })
const sockets = new Set<Socket>()
let started = 0
let lost = 0

process.once('SIGTERM', () => {
  report()
  process.exit(0)
})
await Promise.all(Array.from({ length: 100 }, openSome))
report()
setInterval(() => {}, 1_000_000)

async function openSome(): Promise<void> {
  while (started < count) {
    const socket = open(started++)
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      lost++
    })
    socket.write(request)
    await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => {})
  }
}

/** From several addresses, as no address has ports for more than some ten thousand. */
function open(index: number): Socket {
  const options = { port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % 8)}` }
  if (!tls) return connect(options)
  return connectTls({ ...options, servername: host, secureContext, rejectUnauthorized: false })
}

function report(): void {
  const text: IdleReport = { opened: sockets.size, lost }
  process.stdout.write(`${JSON.stringify(text)}\n`)
}
