import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { huffmanDecode } from '../../../src/proxy/http2/hpack/huffman-decoder.ts'
import { hex } from './decoded.ts'
import { huffmanCoded } from './indexing-encoder.ts'

describe('Huffman code', () => {
  it('gives each octet back, alone and behind any number of bits', () => {
    for (let octet = 0; octet < 256; octet++) {
      for (const before of ['', '0', '00', '000', '0000', '00000', '000000', '0000000']) {
        const text = before + String.fromCharCode(octet)
        expect(textOf(huffmanCoded(Buffer.from(text, 'latin1')))).toBe(text)
      }
    }
  })

  it('gives any octets back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        const text = Buffer.from(octets).toString('latin1')
        expect(textOf(huffmanCoded(Buffer.from(octets)))).toBe(text)
      }),
    )
  })

  it.each([
    ['nothing', '', ''],
    ['a symbol that fills an octet, without padding', 'f8', '&'],
    ['padding of one bit', 'b9', ':'],
    ['padding of seven bits', '0000007f', '00000'],
  ])('takes %s', (_, octets, text) => {
    expect(textOf(hex(octets))).toBe(text)
  })

  it.each([
    ['padding of zeroes', '00'],
    ['padding that is not the beginning of EOS', '18fe'],
    ['an octet of padding', 'f8ff'],
    ['padding alone', 'ff'],
    ['19 bits of padding behind a symbol', '1fffff'],
    ['EOS', 'fffffffc'],
    ['EOS and padding', 'ffffffff'],
    ['EOS between symbols', '1fffffffe1'],
    ['a code that is cut off', 'fffffa'],
  ])('refuses %s', (_, octets) => {
    expect(textOf(hex(octets))).toBeUndefined()
  })
})

function textOf(octets: Buffer): string | undefined {
  const target = Buffer.alloc(octets.length * 2)
  const length = huffmanDecode(octets, 0, octets.length, target)
  return length < 0 ? undefined : target.toString('latin1', 0, length)
}
