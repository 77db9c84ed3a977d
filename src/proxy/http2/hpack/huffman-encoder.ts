import { huffmanCodes, huffmanLengths } from './huffman-code.ts'

/** Octets of the text in Huffman code, padding included. Characters are octets. */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += huffmanLengths[text.charCodeAt(i) & 0xff] ?? 0
  return (bits + 7) >> 3
}

/** Gives where the octets end. There must be room for them. */
export function writeHuffman(bytes: Uint8Array, from: number, text: string): number {
  let at = from
  // Bits that are not written yet are the lowest `count` ones; those above them are old, and fall away as octets are stored.
  let bits = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff
    const code = huffmanCodes[symbol] ?? 0
    let length = huffmanLengths[symbol] ?? 0
    if (length > 24) {
      // With up to 7 bits that wait, the whole of it would not fit into 32.
      bits = (bits << 8) | (code >>> (length - 8))
      bytes[at++] = bits >> count
      length -= 8
    }
    bits = (bits << length) | (code & ((1 << length) - 1))
    for (count += length; count >= 8; ) {
      count -= 8
      bytes[at++] = bits >>> count
    }
  }
  // RFC 7541 section 5.2: the padding is the beginning of EOS, which is ones.
  if (count > 0) bytes[at++] = (bits << (8 - count)) | (0xff >> count)
  return at
}
