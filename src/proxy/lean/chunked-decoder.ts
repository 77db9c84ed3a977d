import type { Fields } from '../fields.ts'
import { type DecoderOutcome, TrailerSection } from './trailer-section.ts'

/** Who gets the bytes of a body: those of `buffer` from `from` up to `end`, the caller's again when this returns. */
export interface ByteSink {
  onBytes(buffer: Buffer, from: number, end: number): void
}

/** As many as a 64 bit number has; leading zeros count. */
const maxSizeDigits = 16
/** Extensions carry nothing that we pass on: more of them than of the body is somebody keeping us busy. */
const maxUnpaidExtensionBytes = 4 * 1024

const cr = 0x0d
const lf = 0x0a
const semicolon = 0x3b

const beforeSize = 0
const inSize = 1
const inExtension = 2
const afterSizeCr = 3
const inData = 4
const afterData = 5
const afterDataCr = 6
const inTrailers = 7
const ended = 8
const broken = 9

/**
 * Takes the chunks off a body (RFC 9112 section 7.1), wherever its bytes are cut. As strict as the grammar, and stricter in what
 * parsers are known to disagree on: no white space around a size, no line that ends in LF alone, quoted or not.
 */
export class ChunkedDecoder {
  /** Where the message ended in the last input. What is behind it is no part of it. */
  position = 0
  /** Why it is malformed. */
  problem = ''
  #state = beforeSize
  #digits = 0
  /** Of this chunk: its size, then what of it is still to come. */
  #left = 0
  /** Bytes of extensions, less those of the body. */
  #unpaidBytes = 0
  #trailerSection: TrailerSection | undefined

  /** Undefined: none. To be asked for after the end. */
  get trailers(): Fields | undefined {
    return this.#trailerSection?.fields
  }

  /** Ready for the next message. */
  reset(): void {
    this.position = 0
    this.problem = ''
    this.#state = beforeSize
    this.#digits = 0
    this.#left = 0
    this.#unpaidBytes = 0
    this.#trailerSection = undefined
  }

  /** After `end` and `malformed` it takes nothing more, and says the same again. */
  feed(input: Buffer, from: number, end: number, sink: ByteSink): DecoderOutcome {
    let at = from
    while (at < end && this.#state < ended) {
      if (this.#state === inData) at = this.#passData(input, at, end, sink)
      else if (this.#state === inTrailers) at = this.#readTrailers(input, at, end)
      else this.#readFraming(input[at++] ?? 0)
    }
    if (this.#state < ended) return 'more'
    if (this.#state === broken) return 'malformed'
    if (at > from) this.position = at
    return 'end'
  }

  #passData(input: Buffer, from: number, end: number, sink: ByteSink): number {
    const till = Math.min(end, from + this.#left)
    this.#left -= till - from
    if (this.#left === 0) this.#state = afterData
    sink.onBytes(input, from, till)
    return till
  }

  #readFraming(byte: number): void {
    switch (this.#state) {
      case beforeSize:
      case inSize:
        this.#readSize(byte)
        break
      case inExtension:
        this.#readExtension(byte)
        break
      case afterSizeCr:
        if (byte === lf) this.#onSizeLine()
        else this.#refuse('no LF after the CR of a chunk size')
        break
      case afterData:
        if (byte === cr) this.#state = afterDataCr
        else this.#refuse('no CR after a chunk')
        break
      default:
        if (byte === lf) this.#state = beforeSize
        else this.#refuse('no LF after the CR of a chunk')
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      this.#state = inSize
      this.#left = this.#left * 16 + digit
      if (++this.#digits > maxSizeDigits || this.#left > Number.MAX_SAFE_INTEGER) this.#refuse('a chunk size too large')
    } else if (this.#state === beforeSize) this.#refuse('no chunk size')
    else if (byte === cr) this.#state = afterSizeCr
    else if (byte === semicolon) this.#state = inExtension
    else this.#refuse('a chunk size that is no number')
  }

  /** Its meaning is nobody's: only its end matters, which no quoted string can hide (RFC 9110 section 5.6.4). */
  #readExtension(byte: number): void {
    if (byte === cr) this.#state = afterSizeCr
    else if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) this.#refuse('a control character in a chunk extension')
    else if (++this.#unpaidBytes > maxUnpaidExtensionBytes) this.#refuse('chunk extensions too long')
  }

  #onSizeLine(): void {
    this.#unpaidBytes = Math.max(0, this.#unpaidBytes - this.#left)
    this.#digits = 0
    this.#state = this.#left === 0 ? inTrailers : inData
  }

  #readTrailers(input: Buffer, from: number, end: number): number {
    // Nearly always there are none, and the CRLF is here.
    if (this.#trailerSection === undefined && end - from >= 2 && input[from] === cr && input[from + 1] === lf) {
      this.#state = ended
      return from + 2
    }
    this.#trailerSection ??= new TrailerSection()
    const section = this.#trailerSection
    const outcome = section.feed(input, from, end)
    if (outcome === 'malformed') this.#refuse(section.problem)
    if (outcome === 'end') this.#state = ended
    return outcome === 'end' ? section.position : end
  }

  #refuse(problem: string): void {
    this.#state = broken
    this.problem = problem
  }
}

/** Below 0: it is none. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
