import { huffmanCodes, huffmanLengths } from './huffman-code.ts'

/** Octets that these are in Huffman code, padding included. */
export function huffmanLength(source: Uint8Array, from: number, to: number): number {
  let bits = 0
  for (let i = from; i < to; i++) bits += huffmanLengths[source[i] ?? 0] ?? 0
  return (bits + 7) >> 3
}

/** Gives where what was written ends. There must be room for it. */
export function writeHuffman(target: Uint8Array, start: number, source: Uint8Array, from: number, to: number): number {
  let at = start
  // Bits that are not written yet are the lowest `count` ones; those above them are old, and fall away as octets are stored.
  let bits = 0
  let count = 0
  for (let i = from; i < to; i++) {
    const symbol = source[i] ?? 0
    const code = huffmanCodes[symbol] ?? 0
    let length = huffmanLengths[symbol] ?? 0
    if (length > 24) {
      // With up to 7 bits that wait, the whole of it would not fit into 32.
      bits = (bits << 8) | (code >>> (length - 8))
      target[at++] = bits >>> count
      length -= 8
    }
    bits = (bits << length) | (code & ((1 << length) - 1))
    for (count += length; count >= 8; ) {
      count -= 8
      target[at++] = bits >>> count
    }
  }
  // RFC 7541 section 5.2: the padding is the beginning of EOS, which is ones.
  if (count > 0) target[at++] = (bits << (8 - count)) | (0xff >> count)
  return at
}
