import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DownstreamRequest } from './exchange.ts'

/** The endpoint has agreed. */
export type Switched = {
  readonly response: IncomingMessage
  readonly upstream: Duplex
  /** What the endpoint sent behind its 101. */
  readonly upstreamHead: Buffer
  /** Writes a 101 with the fields of `response.headers`, then carries bytes both ways. */
  readonly join: () => void
}

/** The client's side of a tunnel, in whatever version of HTTP it asked for it. */
export interface TunnelClient {
  readonly request: DownstreamRequest
  /** The bytes of the tunnel; as long as it is not open, it tells whether the client is still there. */
  readonly socket: Duplex
  /** Sec-WebSocket-Key: the endpoint has to prove that it has read it. */
  readonly key: string
  /** Fields of the handshake that are not among those of the request: [name, value, …]. */
  readonly handshake: readonly string[]
  join(switched: Switched): void
  /** An answer of our own. */
  refuse(status: number, text: string, more?: readonly string[]): void
  /** An answer of the endpoint's that is no switch. */
  relay(response: IncomingMessage): void
}

/** A side that vanished without a word is asked for after this long; nothing else would ever tell. */
export const keepAliveDelayMs = 30_000
