import { huffmanLength, writeHuffman } from '../../../src/proxy/http2/hpack/huffman-encoder.ts'
import { writeInteger } from '../../../src/proxy/http2/hpack/integers.ts'
import { Octets, wordBytes } from '../../../src/proxy/http2/hpack/octets.ts'
import { staticFields } from '../../../src/proxy/http2/hpack/static-table.ts'
import type { FieldText } from './decoded.ts'

/** How a field goes that is in no table. */
export type Indexing = 'kept' | 'not kept' | 'never'

const starts = { kept: [0x40, 0x3f], 'not kept': [0x00, 0x0f], never: [0x10, 0x0f] } as const

/** The encoding end of a connection, with a dynamic table, as clients have it. Its table is a plain list, to be plainly right. */
export class IndexingEncoder {
  #entries: readonly FieldText[] = []
  #limit = 4096
  #updates: readonly number[] = []

  /** Says so at the beginning of the next block, as RFC 7541 section 4.2 has it: the smallest size first, if it is not the last. */
  setTableBytes(limit: number): void {
    this.#limit = limit
    this.#updates = [...new Set([Math.min(limit, ...this.#updates), limit])]
    this.#evict()
  }

  get tableBytes(): number {
    return this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  }

  block(fields: readonly FieldText[], indexing: (at: number) => Indexing = () => 'kept', huffman = true): Buffer {
    const updates = this.#updates.map((bytes) => integer(0x20, 0x1f, bytes))
    this.#updates = []
    return Buffer.concat([...updates, ...fields.map((field, at) => this.#field(field, indexing(at), huffman))])
  }

  #field([name, value]: FieldText, indexing: Indexing, huffman: boolean): Buffer {
    const all = [...staticFields.map((field): FieldText => [field.name, field.value]), ...this.#entries]
    const index = all.findIndex((field) => field[0] === name && field[1] === value) + 1
    if (index > 0) return integer(0x80, 0x7f, index)
    const nameIndex = all.findIndex((field) => field[0] === name) + 1
    if (indexing === 'kept') {
      this.#entries = [[name, value], ...this.#entries]
      this.#evict()
    }
    const named = nameIndex > 0 ? [] : [string(name, huffman)]
    const [first, prefix] = starts[indexing]
    return Buffer.concat([integer(first, prefix, nameIndex), ...named, string(value, huffman)])
  }

  #evict(): void {
    while (this.tableBytes > this.#limit) this.#entries = this.#entries.slice(0, -1)
  }
}

function integer(first: number, prefix: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  return bytes.subarray(0, writeInteger(bytes, 0, first, prefix, value))
}

function string(text: string, isHuffman: boolean): Buffer {
  const plain = Buffer.from(text, 'latin1')
  if (!isHuffman) return Buffer.concat([integer(0, 0x7f, plain.length), plain])
  const coded = huffmanCoded(plain)
  return Buffer.concat([integer(0x80, 0x7f, coded.length), coded])
}

export function huffmanCoded(plain: Buffer): Buffer {
  const target = new Octets(huffmanLength(plain, 0, plain.length) + wordBytes)
  return target.bytes.subarray(0, writeHuffman(target.view, 0, plain, 0, plain.length))
}
