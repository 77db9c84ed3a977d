import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import { decoded } from './decoded.ts'
import { type Indexing, IndexingEncoder } from './indexing-encoder.ts'

const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const text = fc.oneof(fc.string({ unit: octet, maxLength: 60 }), fc.constantFrom('a', 'b', 'GET', 'gzip, deflate', ''))
const name = fc.oneof(text, fc.constantFrom(':path', ':method', 'accept-encoding', 'cookie', 'x-a', 'x-b'))
const indexing = fc.constantFrom<Indexing>('kept', 'kept', 'not kept', 'never')
const block = fc.record({
  fields: fc.array(fc.tuple(name, text), { maxLength: 12 }),
  indexing: fc.array(indexing, { minLength: 12, maxLength: 12 }),
  huffman: fc.boolean(),
  sizes: fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 3 }),
})

describe('a decoder', () => {
  it('follows any encoder through its table, whatever size that takes', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 12 }), (blocks) => {
        const encoder = new IndexingEncoder()
        const decoder = new HpackDecoder(4096)
        for (const { fields, indexing, huffman, sizes } of blocks) {
          for (const size of sizes) encoder.setTableBytes(size)
          const bytes = encoder.block(fields, (at) => indexing[at] ?? 'kept', huffman)
          expect(decoded(decoder, bytes)).toEqual(fields)
          expect(decoder.tableBytes).toBe(encoder.tableBytes)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('takes any octets without a throw, and never holds more than its table may', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // Mostly literals that are kept, so that the table fills.
      fc.array(fc.constantFrom(0x40, 0x41, 0x7e, 0xbe, 0x20, 0x3f, 0x01, 0x61, 0x82, 0x00), { maxLength: 300 }),
    )
    fc.assert(
      fc.property(fc.constantFrom(0, 40, 100, 4096, 10_000), fc.array(octets, { maxLength: 8 }), (size, blocks) => {
        const decoder = new HpackDecoder(size)
        decoder.settingsAcknowledged()
        // As an encoder must begin, where our SETTINGS allow less than what holds before them.
        expect(decoded(decoder, Buffer.from([0x20]))).toEqual([])
        for (const bytes of blocks) {
          decoded(decoder, Buffer.from(bytes))
          expect(decoder.tableBytes).toBeLessThanOrEqual(size)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes any change of a right block without a throw', () => {
    fc.assert(
      fc.property(block, fc.nat(), fc.integer({ min: 0, max: 255 }), ({ fields, huffman }, at, value) => {
        const bytes = new IndexingEncoder().block(fields, () => 'kept', huffman)
        if (bytes.length > 0) bytes[at % bytes.length] = value
        const decoder = new HpackDecoder(4096)
        const found = decoded(decoder, bytes)
        expect(found === undefined || found.every((field) => field.length === 2)).toBe(true)
        expect(decoder.tableBytes).toBeLessThanOrEqual(4096)
      }),
      { numRuns: 1_000 },
    )
  })
})
