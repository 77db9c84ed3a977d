import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { answer } from '../answer.ts'
import { downstreamResponseHead, noTrailers, withoutNames } from '../headers.ts'
import type { ServerConnection } from '../http2/server-connection.ts'
import type { Stream } from '../http2/stream.ts'
import { nextRequestId } from '../request-id.ts'
import { keepAliveDelayMs, type Switched, type TunnelClient } from '../tunnel-client.ts'
import { Http2Exchange } from './http2-exchange.ts'
import type { Http2Request } from './http2-request.ts'
import { Http2TunnelStream } from './http2-tunnel-stream.ts'

/** The answer to a key that the client did not send. */
const proof: ReadonlySet<string> = new Set(['sec-websocket-accept'])

/** A client that asks by an extended CONNECT (RFC 8441): one stream of its connection becomes the tunnel. */
export class Http2TunnelClient implements TunnelClient {
  readonly request: Http2Request
  readonly socket: Http2TunnelStream
  /** The client has none: in HTTP/2 nobody takes an answer for a switch that is none (RFC 8441 section 5). */
  readonly key: string
  readonly handshake: readonly string[]
  readonly #exchange: Http2Exchange

  constructor(connection: ServerConnection, stream: Stream, request: Http2Request) {
    this.#exchange = new Http2Exchange(connection, stream, request, false)
    this.request = request
    this.socket = new Http2TunnelStream(connection, stream)
    this.socket.on('error', ignore)
    // With its end sent, nothing more is carried either way: what the client still sends is not waited for (server-streams.ts).
    this.socket.once('finish', () => this.socket.destroy())
    stream.user = this.socket
    this.key = randomBytes(16).toString('base64')
    this.handshake = ['Sec-WebSocket-Key', this.key]
  }

  join({ response, upstream, upstreamHead }: Switched): void {
    const { socket } = this
    this.#respond(200, response)
    if (upstreamHead.length > 0) upstream.unshift(upstreamHead)
    if (upstream instanceof Socket) upstream.setKeepAlive(true, keepAliveDelayMs)
    upstream.pipe(socket).pipe(upstream)
    socket.once('close', () => upstream.destroy())
    upstream.once('close', () => socket.end())
  }

  refuse(status: number, text: string, more?: readonly string[]): void {
    this.socket.leave()
    answer(this.#exchange, status, text, nextRequestId(), more)
  }

  relay(response: IncomingMessage): void {
    const { statusCode = 502 } = response
    if (statusCode < 300) {
      // To the client it would be a tunnel, and the page in it messages (RFC 8441 section 5).
      response.destroy()
      return this.refuse(502, 'the endpoint did not switch')
    }
    this.#respond(statusCode, response)
    response.pipe(this.socket)
  }

  #respond(status: number, { rawHeaders }: IncomingMessage): void {
    this.#exchange.respond(downstreamResponseHead(status, withoutNames(rawHeaders, proof), noTrailers))
  }
}

function ignore(): void {}
