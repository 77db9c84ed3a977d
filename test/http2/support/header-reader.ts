import type { Field } from './header-block.ts'
import { decodeHuffman } from './huffman.ts'

/** RFC 7541 appendix A, from index 1 on. */
const staticTable: readonly Field[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  ...['200', '204', '206', '304', '400', '404', '500'].map((status): Field => [':status', status]),
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...(
    'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control ' +
    'content-disposition content-encoding content-language content-length content-location content-range content-type ' +
    'cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since ' +
    'last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after ' +
    'server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate'
  )
    .split(' ')
    .map((name): Field => [name, '']),
]

/**
 * Reads header blocks, written apart from the decoder under `src` so that the two do not share a mistake. Throws where a block breaks
 * a rule of RFC 7541: whoever is tested has sent it.
 */
export class HeaderReader {
  #entries: Field[] = []
  #size = 0
  /** What the encoder has chosen, and what it may choose at most. */
  #capacity = 4096
  #limit = 4096
  /** It has been told a limit below its choice, and must say a new one first (RFC 7541 section 4.2). */
  #mustUpdate = false

  /** From the moment that the other side acknowledges the setting. */
  setLimit(limit: number): void {
    this.#limit = limit
    if (limit < this.#capacity) this.#mustUpdate = true
  }

  read(block: Buffer): readonly Field[] {
    const cursor = { block, at: 0 }
    const fields: Field[] = []
    while (cursor.at < block.length) {
      const first = byteAt(cursor)
      if ((first & 0xe0) === 0x20) {
        if (fields.length > 0) throw new Error('a table size update behind a field')
        this.#resize(readInteger(cursor, 5))
        continue
      }
      if (this.#mustUpdate) throw new Error('no table size update after the limit was lowered')
      fields.push(this.#field(cursor, first))
    }
    return fields
  }

  #field(cursor: Cursor, first: number): Field {
    if ((first & 0x80) !== 0) return this.#entry(readInteger(cursor, 7))
    const isIndexed = (first & 0xc0) === 0x40
    const index = readInteger(cursor, isIndexed ? 6 : 4)
    const name = index === 0 ? readText(cursor) : this.#entry(index)[0]
    const field: Field = [name, readText(cursor)]
    if (isIndexed) this.#add(field)
    return field
  }

  #entry(index: number): Field {
    const found = index <= staticTable.length ? staticTable[index - 1] : this.#entries[index - staticTable.length - 1]
    if (found === undefined) throw new Error(`no entry ${index} in the table`)
    return found
  }

  #add(field: Field): void {
    this.#entries.unshift(field)
    this.#size += sizeOf(field)
    this.#evict()
  }

  #resize(capacity: number): void {
    if (capacity > this.#limit) throw new Error(`table size ${capacity} above the limit of ${this.#limit}`)
    this.#capacity = capacity
    this.#mustUpdate = false
    this.#evict()
  }

  #evict(): void {
    while (this.#size > this.#capacity) {
      const last = this.#entries.pop()
      if (last === undefined) return
      this.#size -= sizeOf(last)
    }
  }
}

type Cursor = { readonly block: Buffer; at: number }

function sizeOf([name, value]: Field): number {
  return name.length + value.length + 32
}

function byteAt({ block, at }: Cursor): number {
  const byte = block[at]
  if (byte === undefined) throw new Error('a header block that ends within a field')
  return byte
}

function readInteger(cursor: Cursor, prefixBits: number): number {
  const limit = 2 ** prefixBits - 1
  let value = byteAt(cursor) & limit
  cursor.at++
  if (value < limit) return value
  for (let factor = 1; ; factor *= 128) {
    const byte = byteAt(cursor)
    cursor.at++
    value += (byte & 127) * factor
    if (byte < 128) return value
  }
}

function readText(cursor: Cursor): string {
  const isHuffman = (byteAt(cursor) & 0x80) !== 0
  const length = readInteger(cursor, 7)
  const bytes = cursor.block.subarray(cursor.at, cursor.at + length)
  if (bytes.length < length) throw new Error('a header block that ends within a text')
  cursor.at += length
  return (isHuffman ? decodeHuffman(bytes) : bytes).toString('latin1')
}
