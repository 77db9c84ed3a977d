import { huffmanCodes, huffmanLengths } from './huffman-code.ts'

/** A code this long fits into a word behind up to 7 bits that wait. */
const longestAtOnce = 25

/** Octets that these are in Huffman code, padding included. */
export function huffmanLength(source: Uint8Array, from: number, to: number): number {
  let bits = 0
  for (let i = from; i < to; i++) bits += huffmanLengths[source[i] ?? 0] ?? 0
  return (bits + 7) >> 3
}

/** Gives where what was written ends. There must be room for it, and for a word. */
export function writeHuffman(target: DataView, start: number, source: Uint8Array, from: number, to: number): number {
  let at = start
  // Bits of an octet that is not full yet are the lowest `count` ones; those above them are old.
  let bits = 0
  let count = 0
  for (let i = from; i < to; i++) {
    const symbol = source[i] ?? 0
    let code = huffmanCodes[symbol] ?? 0
    let length = huffmanLengths[symbol] ?? 0
    if (length > longestAtOnce) {
      length -= 8
      bits = (bits << length) | (code >>> 8)
      count += length
      target.setInt32(at, bits << (32 - count))
      at += count >> 3
      count &= 7
      length = 8
      code &= 0xff
    }
    bits = (bits << length) | code
    count += length
    // A whole word each time, of which the full octets stay: to ask how many there are would cost more.
    target.setInt32(at, bits << (32 - count))
    at += count >> 3
    count &= 7
  }
  // RFC 7541 section 5.2: the padding is the beginning of EOS, which is ones.
  if (count > 0) target.setUint8(at++, (bits << (8 - count)) | (0xff >> count))
  return at
}
