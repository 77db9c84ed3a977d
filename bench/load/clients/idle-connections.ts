import { on, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { host } from '../load.ts'

/** Opens connections, has one request answered on each, and then holds them until it is told to end. */
export type IdleConnections = {
  readonly port: number
  readonly protocol: 'plain' | 'tls' | 'h2'
  readonly count: number
}

export type IdleReport = { readonly opened: number; readonly lost: number }

const { port, protocol, count }: IdleConnections = JSON.parse(process.argv[2] ?? '')
const request = protocol === 'h2' ? http2Request() : `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`
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
    await Promise.race([answered(socket), once(socket, 'close')]).catch(() => {})
  }
}

/** From several addresses, as no address has ports for more than some ten thousand. */
function open(index: number): Socket {
  const options = { port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % 8)}` }
  if (protocol === 'plain') return connect(options)
  const ALPNProtocols = [protocol === 'h2' ? 'h2' : 'http/1.1']
  return connectTls({ ...options, ALPNProtocols, servername: host, secureContext, rejectUnauthorized: false })
}

/** Preface, empty SETTINGS, and on stream 1 a GET of `/`: three fields of the static table, then `:authority` (RFC 7541 appendix A). */
function http2Request(): Buffer {
  const block = Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0x41, host.length]), Buffer.from(host)])
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    Buffer.from([0, 0, block.length, 1, 5, 0, 0, 0, 1]),
    block,
  ])
}

/** In HTTP/2 the server's SETTINGS come before that: the answer is there when stream 1 has ended. */
async function answered(socket: Socket): Promise<void> {
  if (protocol !== 'h2') return void (await once(socket, 'data'))
  let bytes = Buffer.alloc(0)
  for await (const [chunk] of on(socket, 'data')) {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const [type = 0, flags = 0] = bytes.subarray(3)
      if (type <= 1 && (flags & 1) !== 0) return
      bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3))
    }
  }
}

function report(): void {
  const text: IdleReport = { opened: sockets.size, lost }
  process.stdout.write(`${JSON.stringify(text)}\n`)
}
