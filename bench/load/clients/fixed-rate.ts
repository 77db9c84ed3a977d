import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { host, type LoadResult, latencyOf } from '../load.ts'

/**
 * Requests at times that do not depend on the answers. A latency counts from the moment at which the request was due, also if
 * it had to wait for a connection: a proxy that pauses does not make its pauses disappear (coordinated omission).
 */
export type FixedRate = {
  readonly port: number
  readonly requestsPerSecond: number
  readonly seconds: number
  readonly connections: number
}

type Connection = {
  readonly socket: Socket
  dueAt: number
  /** Of a head that is not whole yet. */
  head: Buffer | undefined
  bodyBytesLeft: number
}

const { port, requestsPerSecond, seconds, connections }: FixedRate = JSON.parse(process.argv[2] ?? '')
const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const total = Math.floor(requestsPerSecond * seconds)
const latencies = new Float64Array(total)
const graceMs = 2_000

const opened = await Promise.all(Array.from({ length: connections }, open))
const idle = [...opened]
const startedAt = performance.now()
let sent = 0
let answered = 0
let errors = 0
const finished = Promise.withResolvers<void>()
const timer = setInterval(sendDue, 1)
await finished.promise
clearInterval(timer)
const result: LoadResult = {
  requests: answered,
  errors: errors + total - answered,
  seconds: (performance.now() - startedAt) / 1000,
  latency: latencyOf(latencies.subarray(0, answered)),
}
process.stdout.write(JSON.stringify(result))
for (const { socket } of opened) socket.destroy()

function sendDue(): void {
  const now = performance.now()
  const due = Math.min(total, Math.ceil(((now - startedAt) * requestsPerSecond) / 1000))
  while (sent < due) {
    const connection = idle.pop()
    if (connection === undefined) break
    connection.dueAt = startedAt + (sent * 1000) / requestsPerSecond
    sent++
    connection.socket.write(request)
  }
  if (answered === total || now > startedAt + seconds * 1000 + graceMs) finished.resolve()
}

async function open(): Promise<Connection> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  await once(socket, 'connect')
  const connection: Connection = { socket, dueAt: 0, head: undefined, bodyBytesLeft: 0 }
  socket.on('data', (chunk: Buffer) => read(connection, chunk))
  socket.on('error', () => {})
  return connection
}

function read(connection: Connection, chunk: Buffer): void {
  if (connection.bodyBytesLeft > 0) {
    connection.bodyBytesLeft -= chunk.length
  } else {
    const bytes = connection.head === undefined ? chunk : Buffer.concat([connection.head, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    connection.head = end < 0 ? bytes : undefined
    if (end < 0) return
    const head = bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 200')) errors++
    connection.bodyBytesLeft = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0) - (bytes.length - end - 4)
  }
  if (connection.bodyBytesLeft > 0) return
  latencies[answered++] = performance.now() - connection.dueAt
  idle.push(connection)
  sendDue()
}
