import type { RequestHead } from '../http2/message-head.ts'
import { type Refusal, refusalOfFields, refusalOfMethod } from '../request-rules.ts'
import type { Http2Request } from './http2-request.ts'

/** What a well-formed request is refused for; undefined: nothing. */
export function refusalOfHttp2(head: RequestHead, request: Http2Request): Refusal | undefined {
  if (head.isTooLarge) return { status: 431, text: 'the header fields are too large' }
  // RFC 9113 section 8.3.1: an intermediary must not let the two disagree.
  if (request.disagrees) return { status: 400, text: ':authority and host differ' }
  if (head.protocol !== undefined) return { status: 501, text: `no tunnel for ${head.protocol}` }
  if (head.method !== 'CONNECT' && head.scheme !== 'https' && head.scheme !== 'http') {
    return { status: 400, text: 'the scheme is neither http nor https' }
  }
  return refusalOfMethod(head.method) ?? refusalOfFields(request)
}
