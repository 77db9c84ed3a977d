import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { parseHead } from './http-head.ts'

/** One request as an endpoint saw it, byte for byte (latin1). */
export type SeenRequest = {
  readonly line: string
  /** [name, value] in the order and case received. */
  readonly fields: readonly (readonly [string, string])[]
  readonly raw: string
  readonly body: string
  /** Which connection it came on, counted from 0. */
  readonly connection: number
}

export type Origin = {
  readonly port: number
  readonly seen: readonly SeenRequest[]
  readonly connections: number
  readonly openSockets: ReadonlySet<Socket>
  close(): Promise<void>
}

/**
 * An endpoint that knows no HTTP library: it records what arrives and answers with the bytes it is told. Written so that what
 * Headgate sends is judged raw, and so that it can answer what no library would.
 */
export async function startOrigin(
  respond: (request: SeenRequest, socket: Socket) => string | Buffer | undefined,
  { port = 0, host = '127.0.0.1' }: { port?: number; host?: string } = {},
): Promise<Origin> {
  const seen: SeenRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((socket) => {
    const connection = connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let pending = ''
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      for (let request = takeRequest(pending); request !== undefined; request = takeRequest(pending)) {
        pending = pending.slice(request.raw.length)
        const recorded = { ...request, connection }
        seen.push(recorded)
        const answer = respond(recorded, socket)
        if (answer !== undefined && socket.writable) socket.write(answer)
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    seen,
    get connections() {
      return connections
    },
    openSockets: sockets,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** The first request of these bytes; undefined while it is not whole. */
export function takeRequest(bytes: string): Omit<SeenRequest, 'connection'> | undefined {
  const head = parseHead(bytes)
  if (head === undefined) return undefined
  const { line, fields, field, end: start } = head
  if (field('transfer-encoding') === 'chunked') {
    const chunked = takeChunked(bytes.slice(start))
    return chunked && { line, fields, raw: bytes.slice(0, start + chunked.length), body: chunked.body }
  }
  const length = Number(field('content-length') ?? 0)
  if (bytes.length < start + length) return undefined
  return { line, fields, raw: bytes.slice(0, start + length), body: bytes.slice(start, start + length) }
}

function takeChunked(bytes: string): { body: string; length: number } | undefined {
  let at = 0
  let body = ''
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16)
    at = lineEnd + 2
    if (size === 0) {
      // From the end of the size on: without trailers, the empty line is right behind it.
      const end = bytes.indexOf('\r\n\r\n', at - 2)
      return end < 0 ? undefined : { body, length: end + 4 }
    }
    if (bytes.length < at + size + 2) return undefined
    body += bytes.slice(at, at + size)
    at += size + 2
  }
}

/** A plain 200 with a text and its length. */
export function ok(body: string, more = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
}

/** The value of the only field of that name; fails loudly where there are several. */
export function fieldOf(request: SeenRequest, name: string): string | undefined {
  const values = request.fields.filter(([n]) => n.toLowerCase() === name.toLowerCase())
  if (values.length > 1) throw new Error(`${values.length} fields ${name}: ${request.raw}`)
  return values[0]?.[1]
}
