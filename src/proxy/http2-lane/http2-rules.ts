import type { RequestHead } from '../http2/message-head.ts'
import { type Refusal, refusalOfFields, refusalOfMethod } from '../request-rules.ts'
import { unknownWebSocketVersion } from '../websocket-handshake.ts'
import type { Http2Request } from './http2-request.ts'

/** What a well-formed request is refused for; undefined: nothing. */
export function refusalOfHttp2(head: RequestHead, request: Http2Request, hasBody: boolean): Refusal | undefined {
  if (head.isTooLarge) return { status: 431, text: 'the header fields are too large' }
  // RFC 9113 section 8.3.1: an intermediary must not let the two disagree.
  if (request.disagrees) return { status: 400, text: ':authority and host differ' }
  if (head.method !== 'CONNECT' && head.scheme !== 'https' && head.scheme !== 'http') {
    return { status: 400, text: 'the scheme is neither http nor https' }
  }
  const refusedMethod =
    head.protocol === undefined ? refusalOfMethod(head.method) : refusalOfTunnel(head, request, hasBody)
  return refusedMethod ?? refusalOfFields(request)
}

/** An extended CONNECT (RFC 8441 section 5). */
function refusalOfTunnel({ protocol }: RequestHead, request: Http2Request, hasBody: boolean): Refusal | undefined {
  if (protocol !== 'websocket') return { status: 501, text: 'the only tunnel is websocket' }
  if (!hasBody || request.contentLength !== undefined) {
    return { status: 400, text: 'a tunnel is a stream that stays open, of no length' }
  }
  return request.field('sec-websocket-version') === '13' ? undefined : unknownWebSocketVersion
}
