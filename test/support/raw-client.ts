import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseHead } from './http-head.ts'

/** A client that sends exactly these bytes. Text is latin1. */
export class RawClient {
  readonly socket: Socket
  /** What carries it: another one where it speaks TLS. */
  readonly #tcp: Socket
  #received = ''
  #ended = false
  #changed: () => void = () => {}

  constructor(socket: Socket, tcp: Socket = socket) {
    this.socket = socket
    this.#tcp = tcp
    const changed = (): void => this.#changed()
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1')
      changed()
    })
    const ended = (): void => {
      this.#ended = true
      changed()
    }
    socket.on('end', ended)
    socket.on('close', ended)
    socket.on('error', ended)
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  get received(): string {
    return this.#received
  }

  get ended(): boolean {
    return this.#ended
  }

  send(bytes: string | Buffer): void {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  /** Resolves with all that came once it satisfies the test; rejects if the connection ends before that. */
  async until(test: (received: string) => boolean): Promise<string> {
    for (;;) {
      if (test(this.#received)) return this.#received
      if (this.#ended) throw new Error(`connection ended after: ${JSON.stringify(this.#received)}`)
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }

  /** Resolves with all that came when the other side ends the connection. */
  async untilEnd(): Promise<string> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
    return this.#received
  }

  /** All that came and was not consumed yet. */
  take(): string {
    const taken = this.#received
    this.#received = ''
    return taken
  }

  /** The next whole response (by Content-Length or chunked); what came is consumed. */
  async response(isHead = false): Promise<RawResponse> {
    await this.until((received) => parseResponse(received, isHead) !== undefined)
    const response = parseResponse(this.#received, isHead)
    if (response === undefined) throw new Error('unreachable')
    this.#received = this.#received.slice(response.length)
    return response
  }

  close(): void {
    this.socket.destroy()
  }

  /** Leaves as a program does that crashes: with a reset. */
  reset(): void {
    this.#tcp.resetAndDestroy()
  }
}

export type RawResponse = {
  readonly status: number
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
  readonly trailers: string
  readonly length: number
}

function parseResponse(bytes: string, isHead: boolean): RawResponse | undefined {
  const head = parseHead(bytes)
  if (head === undefined) return undefined
  const { line, fields, field, end: start } = head
  const status = Number(line.split(' ')[1])
  if (isHead || status < 200 || status === 204 || status === 304) {
    return { status, fields, body: '', trailers: '', length: start }
  }
  if (field('transfer-encoding') !== undefined) {
    const done = /(?:^|\r\n)0\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(bytes.slice(start))
    if (done === null) return undefined
    const length = start + done.index + done[0].length
    return { status, fields, body: dechunk(bytes.slice(start, length)), trailers: done[1] ?? '', length }
  }
  const size = Number(field('content-length') ?? 0)
  if (bytes.length < start + size) return undefined
  return { status, fields, body: bytes.slice(start, start + size), trailers: '', length: start + size }
}

function dechunk(bytes: string): string {
  let at = 0
  let body = ''
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16)
    if (!(size > 0)) return body
    body += bytes.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}

/** One request on a connection of its own. */
export async function exchange(port: number, bytes: string): Promise<RawResponse> {
  const client = await RawClient.open(port)
  try {
    client.send(bytes)
    return await client.response()
  } finally {
    client.close()
  }
}
