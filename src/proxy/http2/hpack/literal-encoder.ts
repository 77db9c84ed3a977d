import { huffmanLength, writeHuffman } from './huffman-encoder.ts'
import { longestInteger, writeInteger } from './integers.ts'
import { staticFieldIndex, staticNameIndex } from './static-table.ts'

/** RFC 7541 section 7.1.3: what somebody else's table must not be probed for. */
const neverIndexed: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie'])

export function isNeverIndexed(lowerName: string): boolean {
  return neverIndexed.has(lowerName)
}

/** Octets that a field takes at most: two strings and what stands before them. */
export function mostFieldBytes(nameLength: number, valueLength: number): number {
  return 1 + 2 * longestInteger + nameLength + valueLength
}

/** With the static table and nothing else, so that what is written says the same on each connection. Gives where it ends. */
export function writeField(bytes: Buffer, from: number, lowerName: string, value: string): number {
  const nameIndex = staticNameIndex(lowerName)
  const index = staticFieldIndex(nameIndex, value)
  if (index > 0) return writeInteger(bytes, from, 0x80, 0x7f, index)
  const named = writeInteger(bytes, from, isNeverIndexed(lowerName) ? 0x10 : 0x00, 0x0f, nameIndex)
  return writeString(bytes, nameIndex > 0 ? named : writeString(bytes, named, lowerName), value)
}

/** RFC 7541 section 5.2, in the shorter of its two forms. */
function writeString(bytes: Buffer, from: number, text: string): number {
  const length = huffmanLength(text)
  if (length < text.length) return writeHuffman(bytes, writeInteger(bytes, from, 0x80, 0x7f, length), text)
  const at = writeInteger(bytes, from, 0x00, 0x7f, text.length)
  return at + bytes.write(text, at, 'latin1')
}
