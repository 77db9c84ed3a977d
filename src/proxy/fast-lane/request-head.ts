import type { HandoverReason } from '../counters.ts'
import { isNameAt, isTokenCode, NameFilter, PassingLines } from '../head-syntax.ts'
import { droppedUpstream, hopByHop } from '../headers.ts'
import { http1Limits } from '../http1-limits.ts'
import { isTraceparent } from '../trace-context.ts'

/** A head that is plain beyond doubt. */
export type FastHead = {
  readonly method: string
  readonly target: string
  readonly host: string
  /** All field lines, as they came. */
  readonly lines: string
  /** Those that go on to an endpoint. */
  readonly passing: string
  /** The client's own X-Request-ID; empty: none. */
  readonly givenId: string
  /** undefined: no body. */
  readonly contentLength: number | undefined
  /** The client wants the connection closed after the answer. */
  readonly closes: boolean
  /** Index of the first character behind the head. */
  readonly end: number
}

const methods = ['GET', 'POST', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** Fields that make a request anything but plain: framing, expectations, switches, and what only the other parser knows. */
const unusual: ReadonlySet<string> = new Set([...hopByHop, 'expect']).difference(new Set(['connection', 'keep-alive']))

const filter = new NameFilter([...droppedUpstream, ...unusual, 'authorization', 'traceparent'])
const maxTargetChars = 8 * 1024
const maxLengthDigits = 15
const cr = 13
const lf = 10
const space = 32
const colon = 58
const underscore = 95
const slash = 47

/** What the walk over the lines gathers. */
class HeadReader {
  readonly #text: string
  host: string | undefined
  givenId: string | undefined
  length: string | undefined
  closes = false
  hasAuthorization = false
  hasConnection = false
  hasTrace = false
  readonly passing: PassingLines

  constructor(text: string, from: number) {
    this.#text = text
    this.passing = new PassingLines(text, from)
  }

  /** False: not plain. The line is from `start` to `end`, without its CRLF; the value begins two behind `colonAt`. */
  read(start: number, colonAt: number, end: number): boolean {
    const text = this.#text
    switch (colonAt - start) {
      case 4:
        if (!isNameAt(text, start, 'host')) break
        if (this.host !== undefined) return false
        this.host = text.slice(colonAt + 2, end)
        return this.drop(start, end + 2)
      case 10:
        if (!isNameAt(text, start, 'connection')) break
        if (this.hasConnection || !this.#readConnection(text.slice(colonAt + 2, end))) return false
        this.hasConnection = true
        return this.drop(start, end + 2)
      case 11:
        if (!isNameAt(text, start, 'traceparent')) break
        // Then tracestate has to go too, which may have passed already.
        if (this.hasTrace || !isTraceparent(text.slice(colonAt + 2, end))) return false
        this.hasTrace = true
        return true
      case 12:
        if (!isNameAt(text, start, 'x-request-id')) break
        if (this.givenId !== undefined) return false
        this.givenId = text.slice(colonAt + 2, end)
        return this.drop(start, end + 2)
      case 13:
        if (!isNameAt(text, start, 'authorization')) break
        // A policy and the endpoint might each look at another one.
        if (this.hasAuthorization) return false
        this.hasAuthorization = true
        return true
      case 14:
        if (!isNameAt(text, start, 'content-length')) break
        if (this.length !== undefined) return false
        this.length = text.slice(colonAt + 2, end)
        return this.drop(start, end + 2)
    }
    const name = text.slice(start, colonAt).toLowerCase()
    if (unusual.has(name)) return false
    return droppedUpstream.has(name) ? this.drop(start, end + 2) : true
  }

  drop(start: number, next: number): true {
    this.passing.drop(start, next)
    return true
  }

  /** Names in it would be fields to take away. */
  #readConnection(value: string): boolean {
    if (value === 'close' || value === 'Close') this.closes = true
    else return value === 'keep-alive' || value === 'Keep-Alive'
    return true
  }
}

/**
 * Reads a request that is plain beyond doubt from the text of a connection (latin1, one character a byte); anything else gives the
 * reason why the standard lane has to look at it. Never more lenient than that: each rule here is one of RFC 9112 or stricter.
 */
export function readRequestHead(text: string): FastHead | HandoverReason {
  const method = methodOf(text)
  if (method === undefined) return text.includes('\r\n\r\n') ? 'method' : 'incomplete'
  const targetFrom = method.length + 1
  const targetEnd = endOfTarget(text, targetFrom)
  if (targetEnd < 0) return text.includes('\r\n\r\n') ? 'unusual-head' : 'incomplete'
  if (!text.startsWith(' HTTP/1.1\r\n', targetEnd)) return text.includes('\r\n\r\n') ? 'version' : 'incomplete'
  const first = targetEnd + 11
  const reader = new HeadReader(text, first)
  let count = 0
  let at = first
  while (text.charCodeAt(at) !== cr) {
    let hasUnderscore = false
    let colonAt = at
    for (; ; colonAt++) {
      const code = text.charCodeAt(colonAt)
      if (isTokenCode[code] !== 1) break
      if (code === underscore) hasUnderscore = true
    }
    const end = colonAt > at && text.charCodeAt(colonAt) === colon ? endOfValue(text, colonAt + 1) : -1
    if (end < 0) return text.includes('\r\n\r\n') ? 'unusual-head' : 'incomplete'
    if (++count > http1Limits.maxHeaderFields) return 'too-large'
    // CGI-style servers read `X_Real_IP` and `X-Real-IP` as the same variable (see headers.ts).
    if (hasUnderscore) reader.drop(at, end + 2)
    else if (filter.mayHave(colonAt - at, text.charCodeAt(at)) && !reader.read(at, colonAt, end)) return 'field'
    at = end + 2
  }
  if (text.charCodeAt(at + 1) !== lf) return text.length === at + 1 ? 'incomplete' : 'unusual-head'
  const { host, length, givenId, closes } = reader
  if (host === undefined) return 'field'
  if (length !== undefined && !isCount(length)) return 'body'
  return {
    method,
    target: text.slice(targetFrom, targetEnd),
    host,
    lines: text.slice(first, at),
    passing: reader.passing.upTo(at),
    givenId: givenId ?? '',
    contentLength: length === undefined ? undefined : Number(length),
    closes,
    end: at + 2,
  }
}

function methodOf(text: string): string | undefined {
  for (const method of methods) {
    if (text.startsWith(method) && text.charCodeAt(method.length) === space) return method
  }
  return undefined
}

/** Index of the space behind a target in origin form, of visible characters only; below 0: it is none. */
function endOfTarget(text: string, from: number): number {
  if (text.charCodeAt(from) !== slash) return -1
  const limit = Math.min(text.length, from + maxTargetChars)
  for (let at = from + 1; at < limit; at++) {
    const code = text.charCodeAt(at)
    if (code === space) return at
    if (code < space || code >= 0x7f) return -1
  }
  return -1
}

/** Index of the CR that ends a line whose value, of visible ASCII and spaces, has one space before it and none behind. */
function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from + 1)
  if (text.charCodeAt(from) !== space || first <= space) return -1
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= space && code < 0x7f) continue
    return code === cr && text.charCodeAt(at + 1) === lf && text.charCodeAt(at - 1) !== space ? at : -1
  }
  return -1
}

function isCount(value: string): boolean {
  return value.length <= maxLengthDigits && /^\d+$/.test(value)
}
