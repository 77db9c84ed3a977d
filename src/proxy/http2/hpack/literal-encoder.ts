import { huffmanLength, writeHuffman } from './huffman-encoder.ts'
import { longestInteger, writeInteger } from './integers.ts'
import { type Octets, wordBytes } from './octets.ts'

/** Room that a field takes at most: two strings, what stands before them, and a word behind them. */
export function mostFieldBytes(textLength: number): number {
  return 1 + 2 * longestInteger + textLength + wordBytes
}

/** RFC 7541 section 6.2.2, and 6.2.3 for what nobody on the way may put into a table. Index 0: the name follows. */
export function writeLiteralStart(target: Octets, at: number, nameIndex: number, neverIndexed: boolean): number {
  return writeInteger(target.bytes, at, neverIndexed ? 0x10 : 0x00, 0x0f, nameIndex)
}

/** RFC 7541 section 5.2, in the shorter of its two forms. Gives where it ends. */
export function writeString(target: Octets, at: number, source: Uint8Array, from: number, to: number): number {
  const { bytes, view } = target
  const length = huffmanLength(source, from, to)
  if (length < to - from) return writeHuffman(view, writeInteger(bytes, at, 0x80, 0x7f, length), source, from, to)
  let end = writeInteger(bytes, at, 0x00, 0x7f, to - from)
  for (let i = from; i < to; i++) bytes[end++] = source[i] ?? 0
  return end
}
