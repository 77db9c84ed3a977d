import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { rawAnswer, rawHead } from './answer.ts'
import { grouped } from './grouped-fields.ts'
import { downstreamResponseHeaders, noTrailers, singleHeader } from './headers.ts'
import type { Http1Request } from './http1-request.ts'
import { keepAliveDelayMs, type Switched, type TunnelClient } from './tunnel-client.ts'

/** How long the two sides of a tunnel may both be silent once one of them has ended: a slow client gets what is left. */
const closeGraceMs = 3_000

/** A client that asks by `Upgrade` (RFC 9110 section 7.8): the connection itself becomes the tunnel. */
export class Http1TunnelClient implements TunnelClient {
  readonly request: Http1Request
  readonly socket: Duplex
  readonly key: string
  /** All of it is among the fields of the request. */
  readonly handshake = []

  /** `head`: bytes that came with the request; not a byte of them goes upstream before the 101. */
  constructor(request: Http1Request, socket: Duplex, head: Buffer) {
    this.request = request
    this.socket = socket
    this.key = singleHeader(request.headers, 'sec-websocket-key') ?? ''
    if (head.length > 0) socket.unshift(head)
  }

  join({ response, upstream, join }: Switched): void {
    const { socket } = this
    const fields = downstreamResponseHeaders(response.rawHeaders, noTrailers)
    response.headers = { ...grouped(fields), connection: 'Upgrade', upgrade: 'websocket' }
    join()
    const sides = [socket, upstream].filter((side) => side instanceof Socket)
    const end = (): void => {
      for (const side of sides) side.setTimeout(closeGraceMs, () => side.destroy())
    }
    for (const side of sides) {
      side.setKeepAlive(true, keepAliveDelayMs)
      side.once('end', end)
      side.once('close', end)
    }
  }

  refuse(status: number, text: string, more?: readonly string[]): void {
    this.socket.end(rawAnswer(status, text, more), () => this.socket.destroy())
  }

  relay(response: IncomingMessage): void {
    const { socket } = this
    const fields = downstreamResponseHeaders(response.rawHeaders, noTrailers)
    socket.write(rawHead(response.statusCode ?? 502, [...fields, 'Connection', 'close']), 'latin1')
    // The listener allows half-open connections: one that has been answered is ended on both sides.
    socket.once('finish', () => socket.destroy())
    response.pipe(socket)
  }
}
