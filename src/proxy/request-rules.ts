import { token } from './head-syntax.ts'
import type { Http1Request } from './http1-request.ts'
import { contentLengthOf, type KeyFields } from './key-fields.ts'

// What Node's parser lets through and a gateway must not: two servers that read the same bytes differently are how requests
// are smuggled. Everything here is answered 400 (or what is said) and the connection is closed.

/** An answer that refuses a request before it is routed. */
export type Refusal = { readonly status: number; readonly text: string }

const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The first rule of HTTP/1.x that the head breaks; undefined where it breaks none. */
export function refusalOfHead({ method, httpVersion, fields, target }: Http1Request): Refusal | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return { status: 505, text: 'HTTP version not supported' }
  const refusedMethod = refusalOfMethod(method)
  if (refusedMethod !== undefined) return refusedMethod
  if (target === '*' && method !== 'OPTIONS') return { status: 400, text: 'request target * is for OPTIONS only' }
  return refusalOfFraming(fields, httpVersion)
}

export function refusalOfMethod(method: string): Refusal | undefined {
  if (known.has(method)) return undefined
  // TRACE would show the client the fields that we add for the endpoint; CONNECT would make us a tunnel to anywhere.
  if (method === 'TRACE' || method === 'CONNECT') return { status: 405, text: `${method} is not allowed` }
  return token.test(method) ? undefined : { status: 400, text: 'malformed method' }
}

function refusalOfFraming(fields: KeyFields, httpVersion: string): Refusal | undefined {
  const { hosts, lengths, codings, coding } = fields
  // RFC 9112 section 3.2: a server MUST answer 400 to a request with no or more than one Host field.
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return { status: 400, text: 'exactly one Host is needed' }
  if (lengths > 1) return { status: 400, text: 'more than one Content-Length' }
  // Beyond what can be counted, the request would go on as one without a body.
  if (lengths === 1 && contentLengthOf(fields) === undefined) return { status: 400, text: 'malformed Content-Length' }
  if (codings > 0) {
    // RFC 9112 section 6.1: such a message ought to be handled as an error; Pingora's CVE-2026-2835 is what else happens.
    if (httpVersion === '1.0') return { status: 400, text: 'Transfer-Encoding in HTTP/1.0' }
    if (lengths > 0) return { status: 400, text: 'both Content-Length and Transfer-Encoding' }
    if (codings > 1 || coding.trim().toLowerCase() !== 'chunked') {
      return { status: 501, text: 'the only transfer coding is chunked' }
    }
  }
  return refusalOfFields(fields)
}

/** What no version of HTTP rules out, and a gateway must: a policy and the endpoint might each look at another one. */
export function refusalOfFields({ authorizations }: Pick<KeyFields, 'authorizations'>): Refusal | undefined {
  return authorizations > 1 ? { status: 400, text: 'more than one Authorization' } : undefined
}
