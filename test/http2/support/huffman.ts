// RFC 7541 appendix B by the lengths of its codes: they are numbered in the order of length, then of byte, so the lengths say all.
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
]

const codes = numberCodes()

function numberCodes(): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  let code = 0
  for (let length = 1; length <= 30; length++) {
    code *= 2
    lengths.forEach((its, byte) => {
      if (its === length) found.set(code.toString(2).padStart(length, '0'), byte)
      if (its === length) code++
    })
  }
  return found
}

/** Slow and plain, to be believed: bit by bit. Throws where RFC 7541 section 5.2 forbids what it reads. */
export function decodeHuffman(bytes: Buffer): Buffer {
  const decoded: number[] = []
  let bits = ''
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      bits += (byte >> bit) & 1
      const found = bits.length < 5 ? undefined : codes.get(bits)
      if (found === undefined) continue
      decoded.push(found)
      bits = ''
    }
  }
  if (bits.length > 7 || bits.includes('0')) throw new Error(`not the padding of a Huffman string: ${bits}`)
  return Buffer.from(decoded)
}
