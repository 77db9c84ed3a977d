import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { listsToken, singleHeader } from './headers.ts'
import type { Http1Request } from './http1-request.ts'
import type { Refusal } from './request-rules.ts'

/** RFC 6455 section 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The only protocol that a client may leave HTTP for: `Upgrade: h2c` and the like stay ordinary requests. */
export function isWebSocketUpgrade(incoming: IncomingMessage): boolean {
  return incoming.method === 'GET' && listsToken(incoming.rawHeaders, 'upgrade', 'websocket')
}

export const unknownWebSocketVersion: Refusal = { status: 426, text: 'the WebSocket version must be 13' }

/** What RFC 6455 section 4.1 asks of a client, and what smuggling through a half-made tunnel needs (no body, one Upgrade). */
export function refusalOfHandshake({ headers, fields, httpVersion, contentLength }: Http1Request): Refusal | undefined {
  if (httpVersion !== '1.1') return { status: 400, text: 'a WebSocket needs HTTP/1.1' }
  if (
    singleHeader(headers, 'upgrade')?.toLowerCase() !== 'websocket' ||
    !listsToken(headers, 'connection', 'upgrade')
  ) {
    return { status: 400, text: 'a WebSocket needs Upgrade: websocket and Connection: Upgrade' }
  }
  if ((contentLength ?? 0) > 0 || fields.codings > 0) {
    return { status: 400, text: 'a WebSocket handshake has no body' }
  }
  if (singleHeader(headers, 'sec-websocket-version') !== '13') return unknownWebSocketVersion
  const key = singleHeader(headers, 'sec-websocket-key') ?? ''
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return { status: 400, text: 'Sec-WebSocket-Key is not 16 bytes in base64' }
  return undefined
}

/** RFC 6455 section 4.1: status, Upgrade, Connection and the proof that the endpoint has read this very key. */
export function isValidSwitch(response: IncomingMessage, key: string): boolean {
  const accept = createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64')
  return (
    response.statusCode === 101 &&
    singleHeader(response.rawHeaders, 'upgrade')?.toLowerCase() === 'websocket' &&
    listsToken(response.rawHeaders, 'connection', 'upgrade') &&
    singleHeader(response.rawHeaders, 'sec-websocket-accept') === accept
  )
}
