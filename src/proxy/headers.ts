import type { ResponseHead } from './exchange.ts'
import { Fields } from './fields.ts'
import { isTraceparent, withoutTrace } from './trace-context.ts'

// Which header fields cross the proxy, in both directions. All lists are flat, [name, value, name, value, …], as node:http
// gives them in `rawHeaders`: order, case and duplicates survive, and a policy sees every value, not only the first. Readers of whole
// heads apply the same rules line by line.

/** Meant for one connection only (RFC 9110 section 7.6.1), or consumed by us. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/**
 * Fields by which a backend learns who the client is. A client's own copies never pass: an application that trusts them
 * would trust whoever wrote them.
 */
const identity = new Set([
  'forwarded',
  'x-forwarded',
  'x-forwarded-by',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-uri',
  'x-original-forwarded-for',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-real-ip',
  'x-request-id',
  'x-rewrite-url',
  'x-scheme',
  // CGI turns a `Proxy` field into HTTP_PROXY ("httpoxy", CVE-2016-5385).
  'proxy',
])

/** Framing is ours: the length is said again from what was parsed, the host from what was checked. */
const rewritten = new Set(['host', 'content-length', 'expect'])

/** All that a client's request loses on its way, besides names with an underscore. */
export const droppedUpstream: ReadonlySet<string> = new Set([...hopByHop, ...identity, ...rewritten])

/** Fields that a `Connection` field cannot take away: routing, framing and end-to-end meaning depend on them. */
const notNominable = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'cookie',
  'authorization',
  'cache-control',
])

/** What an endpoint is told about the client's request. */
export type ForwardedAs = {
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly port: number
  readonly clientAddress: string
  /** Addresses from the client on, as they are named to the endpoint; at least the client's own. */
  readonly hops: readonly string[]
  /** By RFC 7239 too. */
  readonly addForwarded: boolean
}

/** The client's own fields that go on to an endpoint, as lines. */
export function passingLines(received: readonly string[]): string {
  const nominated = nominatedNames(received)
  let lines = ''
  let traces = 0
  let isTraceBroken = false
  for (let i = 0; i + 1 < received.length; i += 2) {
    const name = received[i] ?? ''
    const value = received[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'traceparent') isTraceBroken ||= ++traces > 1 || !isTraceparent(value)
    if (passesUpstream(lower, value) && nominated?.has(lower) !== true) lines += `${name}: ${value}\r\n`
  }
  return isTraceBroken ? withoutTrace(lines) : lines
}

/** No parser lets these through. If one did, what follows would be a line of its own; beyond latin1 a character loses its high byte. */
const breaksLine = /[\0\r\n\u0100-\uffff]/

/** The id of the request is still to be added. */
export function identityLines({ authority, scheme, port, clientAddress, hops, addForwarded }: ForwardedAs): string {
  return (
    `X-Forwarded-For: ${hops.join(', ')}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: ${authority}\r\n` +
    `X-Forwarded-Port: ${port}\r\nX-Real-IP: ${clientAddress}\r\n` +
    `${addForwarded ? forwardedLine(hops, authority, scheme) : ''}X-Request-ID: `
  )
}

/** RFC 7239 section 4: an element a hop; what the client asked for stands with the first one. */
function forwardedLine(hops: readonly string[], authority: string, scheme: string): string {
  const asked = `;host=${authority.includes(':') ? `"${authority}"` : authority};proto=${scheme}`
  const elements = hops.map((hop, i) => `for=${hop.includes(':') ? `"[${hop}]"` : hop}${i === 0 ? asked : ''}`)
  return `Forwarded: ${elements.join(', ')}\r\n`
}

type ForwardedRequest = { readonly authority: string; readonly passing: string; readonly identity: string }

/** The fields of a request as an endpoint gets them: those of the client's own that pass, then ours. */
export function upstreamFields(
  { authority, passing, identity }: ForwardedRequest,
  requestId: string,
  contentLength: number | undefined,
): Fields {
  const length = contentLength === undefined ? '' : `Content-Length: ${contentLength}\r\n`
  return Fields.ofLines(`Host: ${authority}\r\n${passing}${length}${identity}${requestId}\r\n`)
}

/** Whether a field of a client's own goes on to an endpoint, as far as the field alone can tell. */
export function passesUpstream(lowerName: string, value: string): boolean {
  // CGI-style servers read `X_Real_IP` and `X-Real-IP` as the same variable; nginx drops such names by default too.
  return !lowerName.includes('_') && !droppedUpstream.has(lowerName) && !breaksLine.test(value)
}

/** Asked only where the response has trailers. */
export type TrailerTaker = { readonly acceptsTrailers: boolean }

export const noTrailers: TrailerTaker = { acceptsTrailers: false }

/** The fields of a response as the client gets them. `Trailer` passes where trailers will. */
export function downstreamResponseHeaders(received: readonly string[], client: TrailerTaker): string[] {
  const nominated = nominatedNames(received)
  const sent: string[] = []
  let hasServer = false
  for (let i = 0; i + 1 < received.length; i += 2) {
    const name = received[i] ?? ''
    const lower = name.toLowerCase()
    if (
      hopByHop.has(lower) &&
      !(lower === 'trailer' && client.acceptsTrailers && listsToken(received, 'transfer-encoding', 'chunked'))
    )
      continue
    if (nominated?.has(lower)) continue
    if (lower === 'server') hasServer = true
    sent.push(name, received[i + 1] ?? '')
  }
  // The Ingress conformance suite asks for a Server field on every response (RFC 9110 section 10.2.4 makes it optional).
  if (!hasServer) sent.push('Server', 'headgate')
  return sent
}

/** The head of an answer made of what came from an endpoint. */
export function downstreamResponseHead(
  status: number,
  received: readonly string[],
  client: TrailerTaker,
): ResponseHead {
  const passing = downstreamResponseHeaders(received, client)
  // RFC 9110 section 8.6: no Content-Length in a 204; and an HTTP/2 client takes one without its bytes for a broken answer.
  const list = status === 204 || status === 205 ? withoutLength(passing) : passing
  const hasDate = hasField(list, 'date')
  const hasLength = hasField(list, 'content-length')
  return { status, fields: Fields.ofList(list), hasDate, hasLength }
}

function hasField(list: readonly string[], lowerName: string): boolean {
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return true
  }
  return false
}

/**
 * What goes before the head of a response (1xx) or behind its body (trailers): nothing there may frame, route or control a
 * message (RFC 9110 section 6.5.1).
 */
export function supplementaryFields(received: readonly string[]): string[] {
  const nominated = nominatedNames(received)
  return fieldsWhere(received, (name) => !hopByHop.has(name) && !rewritten.has(name) && nominated?.has(name) !== true)
}

function withoutLength(headers: readonly string[]): string[] {
  return fieldsWhere(headers, (name) => name !== 'content-length')
}

/** The fields whose names are not among these, in lower case. */
export function withoutNames(headers: readonly string[], lowerNames: ReadonlySet<string>): string[] {
  return fieldsWhere(headers, (name) => !lowerNames.has(name))
}

function fieldsWhere(headers: readonly string[], isWanted: (lowerName: string) => boolean): string[] {
  const wanted: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (isWanted(name.toLowerCase())) wanted.push(name, headers[i + 1] ?? '')
  }
  return wanted
}

/** Names in `Connection` fields, which a proxy MUST remove (RFC 9110 section 7.6.1); undefined where there are none. */
function nominatedNames(headers: readonly string[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = headers[i + 1] ?? ''
    if (value === 'keep-alive' || value === 'close') continue
    for (const token of value.split(',')) {
      const nominated = token.trim().toLowerCase()
      if (nominated === '' || notNominable.has(nominated)) continue
      names ??= new Set()
      names.add(nominated)
    }
  }
  return names
}

/** The value of the only field of that name; undefined where there is none or more than one. */
export function singleHeader(headers: readonly string[], lowerName: string): string | undefined {
  let found: string | undefined
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length !== lowerName.length || name.toLowerCase() !== lowerName) continue
    if (found !== undefined) return undefined
    found = headers[i + 1] ?? ''
  }
  return found
}

/** True where a field of that name lists the token, in any case. */
export function listsToken(headers: readonly string[], lowerName: string, token: string): boolean {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length !== lowerName.length || name.toLowerCase() !== lowerName) continue
    for (const item of (headers[i + 1] ?? '').split(',')) if (item.trim().toLowerCase() === token) return true
  }
  return false
}

/** The port that the client believes it is talking to: our own is behind a Service and would tell an application nothing. */
export function publicPort(authority: string, scheme: 'http' | 'https'): number {
  const colon = authority.lastIndexOf(':')
  const port = colon > 0 && !authority.endsWith(']') ? Number(authority.slice(colon + 1)) : 0
  // RFC 3986 section 3.2.3: a colon without digits is as good as none.
  return port > 0 ? port : scheme === 'https' ? 443 : 80
}
