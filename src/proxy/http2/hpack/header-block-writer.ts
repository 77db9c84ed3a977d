import { trimSpace } from '../../head-syntax.ts'
import { writeInteger } from './integers.ts'
import { LineCache, mostCachedBytes } from './line-cache.ts'
import { isNeverIndexed, mostFieldBytes, writeField } from './literal-encoder.ts'
import { staticFields } from './static-table.ts'

const firstBytes = 16_384
const mostShortBytes = 16

/** Static entries by the status they stand for. */
const statusIndexes: ReadonlyMap<number, number> = new Map(
  staticFields.flatMap(({ name, value }, i) => (name === ':status' ? [[Number(value), i + 1] as const] : [])),
)

/** Writes header blocks (RFC 7541 section 6), one after the other. It keeps nothing of a connection: all may share one. */
export class HeaderBlockWriter {
  /** The block, from its beginning to `length`. Replaced when it grows. */
  bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes)
  length = 0
  readonly #cache = new LineCache()

  start(): void {
    this.length = 0
  }

  /** RFC 7541 section 6.3: nowhere but at the beginning. */
  sizeUpdate(tableBytes: number): void {
    this.#reserve(mostShortBytes)
    this.length = writeInteger(this.bytes, this.length, 0x20, 0x1f, tableBytes)
  }

  status(status: number): void {
    const index = statusIndexes.get(status)
    if (index === undefined) return this.field(':status', String(status))
    this.#reserve(mostShortBytes)
    this.length = writeInteger(this.bytes, this.length, 0x80, 0x7f, index)
  }

  field(lowerName: string, value: string): void {
    this.#reserve(mostFieldBytes(lowerName.length, value.length))
    this.length = writeField(this.bytes, this.length, lowerName, value)
  }

  /** As `Fields.lines` has them. Names become lower case (RFC 9113 section 8.2.1); white space around values goes. */
  lines(lines: string): void {
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf('\r\n', at)
      this.#line(lines.slice(at, end))
      at = end + 2
    }
  }

  #line(line: string): void {
    this.#reserve(mostCachedBytes)
    const from = this.length
    const end = this.#cache.copy(line, this.bytes, from)
    if (end >= 0) {
      this.length = end
      return
    }
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    this.field(name, trimSpace(line.slice(colon + 1)))
    if (!isNeverIndexed(name)) this.#cache.offer(line, this.bytes, from, this.length)
  }

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}
