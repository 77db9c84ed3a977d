import { isSpaceCode } from '../../head-syntax.ts'
import { writeInteger } from './integers.ts'
import { hashOf, isCacheable, LineCache } from './line-cache.ts'
import { mostFieldBytes, writeLiteralStart, writeString } from './literal-encoder.ts'
import { Octets } from './octets.ts'
import { type StaticName, staticFields, staticNames } from './static-table.ts'

const firstBytes = 16_384
const mostShortBytes = 16
const colon = 0x3a
const statusNameIndex = 8
const zero = 0x30

/** Static entries by the status they stand for. */
const statusIndexes: ReadonlyMap<number, number> = new Map(
  staticFields.flatMap(({ name, value }, i) => (name === ':status' ? [[Number(value), i + 1] as const] : [])),
)

/**
 * Writes header blocks (RFC 7541 section 6), one after the other. With the static table and nothing else, so that what is written
 * means the same on each connection: all of them may share one writer, and lines that come again are encoded once.
 */
export class HeaderBlockWriter {
  length = 0
  readonly #block = new Octets(firstBytes)
  /** What is about to be encoded. */
  readonly #text = new Octets(firstBytes)
  readonly #cache = new LineCache()

  /** The block, from its beginning to `length`. Replaced when it grows. */
  get bytes(): Buffer {
    return this.#block.bytes
  }

  start(): void {
    this.length = 0
  }

  /** RFC 7541 section 6.3: nowhere but at the beginning. */
  sizeUpdate(tableBytes: number): void {
    this.#block.reserve(this.length, mostShortBytes)
    this.length = writeInteger(this.bytes, this.length, 0x20, 0x1f, tableBytes)
  }

  status(status: number): void {
    const index = statusIndexes.get(status)
    if (index !== undefined) return this.#indexed(index)
    this.#block.reserve(this.length, mostShortBytes)
    const start = writeLiteralStart(this.#block, this.length, statusNameIndex, false)
    this.length = writeDigits(this.bytes, start, status)
  }

  field(lowerName: string, value: string): void {
    const text = lowerName + value
    this.#takeText(text)
    this.#block.reserve(this.length, mostFieldBytes(text.length))
    this.#field(staticNames.get(lowerName), 0, lowerName.length, lowerName.length, text.length)
  }

  /** As `Fields.lines` has them. Names become lower case (RFC 9113 section 8.2.1); white space around values goes. */
  lines(lines: string): void {
    this.#takeText(lines)
    let at = 0
    for (let end = lines.indexOf('\r\n'); end >= 0; end = lines.indexOf('\r\n', at)) {
      this.#block.reserve(this.length, mostFieldBytes(end - at))
      if (isCacheable(end - at)) this.#cachedLine(lines, at, end)
      else this.#line(lines, at, end)
      at = end + 2
    }
  }

  #cachedLine(lines: string, at: number, end: number): void {
    const text = this.#text.view
    const block = this.#block.view
    const from = this.length
    const hash = hashOf(text, at, end - at)
    const known = this.#cache.copy(hash, text, at, end - at, block, from)
    if (known >= 0) this.length = known
    else if (this.#line(lines, at, end)) this.#cache.offer(hash, text, at, end - at, block, from, this.length)
  }

  /** False: it is a secret. */
  #line(lines: string, at: number, end: number): boolean {
    const text = this.#text.bytes
    let nameEnd = at
    while (nameEnd < end && text[nameEnd] !== colon) nameEnd++
    let from = Math.min(nameEnd + 1, end)
    let to = end
    while (from < to && isSpaceCode(text[from] ?? 0)) from++
    while (to > from && isSpaceCode(text[to - 1] ?? 0)) to--
    const name = lines.slice(at, nameEnd).toLowerCase()
    const known = staticNames.get(name)
    // The line itself stays as it is: it is what the cache knows it by.
    const nameFrom = lines.length
    if (known === undefined) text.write(name, nameFrom, 'latin1')
    this.#field(known, nameFrom, nameFrom + name.length, from, to)
    return known === undefined || !known.isSecret
  }

  /** The text has the value and, unless it is known, the name at these places. */
  #field(known: StaticName | undefined, nameFrom: number, nameTo: number, from: number, to: number): void {
    const { bytes: text } = this.#text
    const block = this.#block
    const index = known?.values?.get(text.toString('latin1', from, to))
    if (index !== undefined) return this.#indexed(index)
    let at = writeLiteralStart(block, this.length, known?.index ?? 0, known?.isSecret ?? false)
    if (known === undefined) at = writeString(block, at, text, nameFrom, nameTo)
    this.length = writeString(block, at, text, from, to)
  }

  #indexed(index: number): void {
    this.#block.reserve(this.length, mostShortBytes)
    this.length = writeInteger(this.bytes, this.length, 0x80, 0x7f, index)
  }

  /** Leaves room for one more name behind it. */
  #takeText(text: string): void {
    this.#text.reserve(0, 2 * text.length)
    this.#text.bytes.write(text, 0, 'latin1')
  }
}

/** A status as a string that is not in Huffman code, for that would save a byte at most. */
function writeDigits(bytes: Uint8Array, at: number, status: number): number {
  bytes[at] = 3
  bytes[at + 1] = zero + Math.floor(status / 100)
  bytes[at + 2] = zero + (Math.floor(status / 10) % 10)
  bytes[at + 3] = zero + (status % 10)
  return at + 4
}
