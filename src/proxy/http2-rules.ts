import type { Http2Head } from './http2-head.ts'
import { type Refusal, refusalOfFields, refusalOfMethod } from './request-rules.ts'

/** As announced. */
export const maxHeaderBytes = 32 * 1024

/** The first rule that a head breaks; undefined where it breaks none. */
export function refusalOfHttp2(head: Http2Head): Refusal | undefined {
  // node:http2 announces a limit and does not hold it; 32 a field is what RFC 9113 section 6.5.2 counts besides the bytes.
  if (head.bytes + head.count * 32 > maxHeaderBytes) return { status: 431, text: 'the header fields are too large' }
  // RFC 9113 section 8.3.1: an intermediary must not let the two disagree.
  if (head.disagrees) return { status: 400, text: ':authority and host differ' }
  return refusalOfMethod(head.method) ?? refusalOfFields(head)
}
