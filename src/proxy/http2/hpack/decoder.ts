import { BlockReader } from './block-reader.ts'
import { DynamicTable } from './dynamic-table.ts'
import { HeaderField } from './header-field.ts'
import { staticCount, staticFields } from './static-table.ts'

export interface FieldSink {
  onField(field: HeaderField): void
}

/** RFC 9113 section 6.5.2: what holds for the peer until our SETTINGS have reached it. */
const initialTableBytes = 4096

/** RFC 7541 section 4.2: the smallest size since the last block, and the final one. */
const mostSizeUpdates = 2

/** The decoding end of one connection. */
export class HpackDecoder {
  readonly #maxTableBytes: number
  readonly #table = new DynamicTable(initialTableBytes)
  readonly #reader = new BlockReader()
  #acknowledged = false

  /** `maxTableBytes` is what our SETTINGS_HEADER_TABLE_SIZE says. */
  constructor(maxTableBytes: number = initialTableBytes) {
    this.#maxTableBytes = maxTableBytes
  }

  /** The peer has acknowledged our SETTINGS: a larger table than they allow must go with the next block (RFC 7541 section 4.2). */
  settingsAcknowledged(): void {
    this.#acknowledged = true
  }

  /** Bytes that the dynamic table holds, by RFC 7541 section 4.1. */
  get tableBytes(): number {
    return this.#table.bytes
  }

  /** False: a compression error (RFC 9113 section 4.3): the connection cannot go on. */
  decode(block: Buffer, from: number, to: number, sink: FieldSink): boolean {
    this.#reader.begin(block, from, to)
    const decoded = this.#sizeUpdates() && this.#fields(sink)
    this.#reader.end()
    return decoded
  }

  /** RFC 7541 section 4.2 and 6.3: at the beginning of a block, and there alone. */
  #sizeUpdates(): boolean {
    const reader = this.#reader
    const allowed = this.#acknowledged ? this.#maxTableBytes : Math.max(this.#maxTableBytes, initialTableBytes)
    for (let count = 0; !reader.done && (reader.next & 0xe0) === 0x20; count++) {
      const limit = reader.integer(0x1f)
      if (limit < 0 || limit > allowed || count === mostSizeUpdates) return false
      this.#table.setLimit(limit)
    }
    return this.#table.limit <= allowed
  }

  #fields(sink: FieldSink): boolean {
    const reader = this.#reader
    while (!reader.done) {
      const first = reader.next
      const field = first >= 0x80 ? this.#field(reader.integer(0x7f)) : this.#literal(first)
      if (field === undefined) return false
      sink.onField(field)
    }
    return true
  }

  /** RFC 7541 section 2.3.3. An index that is 0 or past the end is none. */
  #field(index: number): HeaderField | undefined {
    return index <= staticCount ? staticFields[index - 1] : this.#table.at(index - staticCount - 1)
  }

  /** RFC 7541 section 6.2. */
  #literal(first: number): HeaderField | undefined {
    const kept = first >= 0x40
    // A size update after a field.
    if (!kept && first >= 0x20) return undefined
    const reader = this.#reader
    const index = reader.integer(kept ? 0x3f : 0x0f)
    const name = index === 0 ? reader.string() : this.#field(index)?.name
    if (name === undefined) return undefined
    const value = reader.string()
    if (value === undefined) return undefined
    const field = new HeaderField(name, value)
    if (kept) this.#table.add(field)
    return field
  }
}
