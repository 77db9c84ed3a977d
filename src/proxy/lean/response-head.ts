import { isNameAt, isSpaceCode, isTokenCode, NameFilter, PassingLines, trimSpace } from '../head-syntax.ts'
import { hopByHop } from '../headers.ts'

/** How the end of a body is known (RFC 9112 section 6.3). */
export type Framing = 'length' | 'chunked' | 'close'

/** The head of a response, read from the text of a connection (latin1, one character a byte). */
export type ResponseHead = {
  readonly status: number
  /** All field lines, as they came. */
  readonly lines: string
  /** Those that pass on to the client; undefined where only a look at all of them together can tell. */
  readonly passing: string | undefined
  readonly hasDate: boolean
  readonly hasLength: boolean
  readonly framing: Framing
  /** Bytes of the body, where that is the framing. */
  readonly length: number
  /** The connection may carry another request afterwards. */
  readonly keepsAlive: boolean
  /** Seconds for which the endpoint says that it keeps an idle connection; below 0: it does not say. */
  readonly keepAliveSeconds: number
  /** Index of the first character behind the head. */
  readonly end: number
}

const filter = new NameFilter([...hopByHop, 'content-length', 'server', 'date'])
const cr = 13
const lf = 10
const space = 32
const tab = 9
const colon = 58
const maxLengthDigits = 15

/** What the walk over the lines gathers. */
class HeadReader {
  readonly #text: string
  hasDate = false
  hasServer = false
  length = -1
  isChunked = false
  connection: string | undefined
  keepAliveSeconds = -1
  /** What passes depends on other lines: names that `Connection` lists, `Trailer`. */
  isIntricate = false
  readonly passing: PassingLines

  constructor(text: string, from: number) {
    this.#text = text
    this.passing = new PassingLines(text, from)
  }

  /** False: malformed. The line is from `start` to `end`, without its CRLF; the value begins behind `colonAt`. */
  read(start: number, colonAt: number, end: number): boolean {
    const text = this.#text
    switch (colonAt - start) {
      case 4:
        if (!isNameAt(text, start, 'date')) break
        this.hasDate = true
        return true
      case 6:
        if (!isNameAt(text, start, 'server')) break
        this.hasServer = true
        return true
      case 14:
        if (isNameAt(text, start, 'content-length')) return this.#readLength(colonAt + 1, end)
        break
      case 10:
        if (isNameAt(text, start, 'connection')) {
          this.#readConnection(trimSpace(text.slice(colonAt + 1, end)))
          this.passing.drop(start, end + 2)
          return true
        }
        break
    }
    const name = text.slice(start, colonAt).toLowerCase()
    if (!hopByHop.has(name)) return true
    this.passing.drop(start, end + 2)
    return this.#readRare(name, trimSpace(text.slice(colonAt + 1, end)))
  }

  #readLength(from: number, end: number): boolean {
    const length = readCount(this.#text, from, end)
    if (this.length >= 0 || length < 0) return false
    this.length = length
    return true
  }

  #readConnection(value: string): void {
    const known = value === 'keep-alive' || value === 'close' ? value : value.toLowerCase()
    this.connection = this.connection === undefined ? known : `${this.connection},${known}`
  }

  #readRare(name: string, value: string): boolean {
    switch (name) {
      case 'transfer-encoding':
        if (this.isChunked || value.toLowerCase() !== 'chunked') return false
        this.isChunked = true
        break
      case 'keep-alive':
        this.keepAliveSeconds = Number(/(?:^|[,;\s])timeout=(\d{1,6})/i.exec(value)?.[1] ?? -1)
        break
      case 'trailer':
        this.isIntricate = true
        break
    }
    return true
  }
}

/**
 * Reads the head that begins at `from`; the text holds its last empty line. undefined: it is malformed, and nothing that
 * comes behind it can be trusted. `method` is that of the request. Without a doubt about framing: what two readers could take
 * differently (two lengths, a length beside chunks, another coding, folded lines, bare line ends) is refused.
 */
export function readResponseHead(text: string, from: number, method: string): ResponseHead | undefined {
  const status = readStatus(text, from)
  const minor = text.charCodeAt(from + 7)
  const first = endOfLine(text, from + 12)
  if (status < 0 || first < 0) return undefined
  const reader = new HeadReader(text, first + 2)
  let at = first + 2
  while (text.charCodeAt(at) !== cr) {
    let colonAt = at
    while (isTokenCode[text.charCodeAt(colonAt)] === 1) colonAt++
    if (colonAt === at || text.charCodeAt(colonAt) !== colon) return undefined
    const end = endOfLine(text, colonAt + 1)
    if (end < 0) return undefined
    if (filter.mayHave(colonAt - at, text.charCodeAt(at)) && !reader.read(at, colonAt, end)) return undefined
    at = end + 2
  }
  if (text.charCodeAt(at + 1) !== lf) return undefined
  return finish(reader, { text, status, isOld: minor === 0x30, method, first: first + 2, last: at })
}

type Rest = {
  readonly text: string
  readonly status: number
  readonly isOld: boolean
  readonly method: string
  readonly first: number
  readonly last: number
}

function finish(reader: HeadReader, { text, status, isOld, method, first, last }: Rest): ResponseHead | undefined {
  const { length, isChunked, connection, hasServer } = reader
  // RFC 9112 section 6.3: one of them is a lie, and whoever believes the other one reads another message.
  if (isChunked && (length >= 0 || isOld)) return undefined
  const isBodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const framing = isBodiless || length >= 0 ? 'length' : isChunked ? 'chunked' : 'close'
  const isPlain = connection === undefined || connection === 'keep-alive' || connection === 'close'
  const isClosing = isPlain ? connection === 'close' : listed(connection, 'close')
  const isKept = isOld ? connection !== undefined && listed(connection, 'keep-alive') : true
  let passing: string | undefined
  if (isPlain && !reader.isIntricate) {
    passing = reader.passing.upTo(last)
    // The Ingress conformance suite asks for a Server field on every response (RFC 9110 section 10.2.4 makes it optional).
    if (!hasServer) passing += 'Server: headgate\r\n'
  }
  return {
    status,
    lines: text.slice(first, last),
    passing,
    hasDate: reader.hasDate,
    hasLength: length >= 0,
    framing,
    length: isBodiless ? 0 : Math.max(length, 0),
    keepsAlive: framing !== 'close' && isKept && !isClosing && reader.keepAliveSeconds !== 0,
    keepAliveSeconds: reader.keepAliveSeconds,
    end: last + 2,
  }
}

/** `HTTP/1.1 200 OK`: the code, or below 0 where it is no such line. */
function readStatus(text: string, from: number): number {
  if (!text.startsWith('HTTP/1.', from) || text.charCodeAt(from + 8) !== space) return -1
  const minor = text.charCodeAt(from + 7)
  if (minor !== 0x30 && minor !== 0x31) return -1
  const hundreds = text.charCodeAt(from + 9) - 0x30
  const tens = text.charCodeAt(from + 10) - 0x30
  const ones = text.charCodeAt(from + 11) - 0x30
  const next = text.charCodeAt(from + 12)
  // Many servers leave out the space before an empty reason.
  if (next !== space && next !== cr) return -1
  if (!(hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) return -1
  return hundreds * 100 + tens * 10 + ones
}

/** Index of the CR that ends the line, with the LF behind it; below 0 where a control character stands in the line. */
function endOfLine(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= space) {
      if (code === 0x7f) return -1
    } else if (code === cr) {
      return text.charCodeAt(at + 1) === lf ? at : -1
    } else if (code !== tab) {
      return -1
    }
  }
  return -1
}

/** Digits with spaces around them; below 0: anything else. */
function readCount(text: string, from: number, end: number): number {
  let first = from
  let last = end
  while (first < last && isSpaceCode(text.charCodeAt(first))) first++
  while (last > first && isSpaceCode(text.charCodeAt(last - 1))) last--
  if (first === last || last - first > maxLengthDigits) return -1
  let count = 0
  for (let at = first; at < last; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return -1
    count = count * 10 + digit
  }
  return count
}

function listed(value: string, token: string): boolean {
  return value.split(',').some((item) => item.trim() === token)
}

/** False: whatever follows, it is no head, and to wait for its end would be to wait for a timeout. */
export function mayBecomeHead(text: string): boolean {
  const first = 'HTTP/1.'
  if (!text.startsWith(first.slice(0, text.length))) return false
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text.charCodeAt(at - 1) !== cr) return false
  }
  return true
}
