import { describe, expect, it } from 'vitest'
import { BlockReader } from '../../../src/proxy/http2/hpack/block-reader.ts'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import type { HeaderField } from '../../../src/proxy/http2/hpack/header-field.ts'
import { decoded, hex } from './decoded.ts'
import { IndexingEncoder } from './indexing-encoder.ts'

const customField = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'

describe('a header block', () => {
  it.each([
    ['index 0', '80'],
    ['an index behind the static table, with nothing in the other one', 'be'],
    ['an index behind the last entry', `${customField} bf`],
    ['a name of an index that is not there, kept', '7e 01 61'],
    ['a name of an index that is not there, not kept', '0f2f 01 61'],
    ['an integer that is cut off', 'ff'],
    ['an integer that is cut off later', 'ff80 80'],
    ['an integer of five more octets', '0f80 8080 8000 0161'],
    ['an integer above 2^28', 'ffff ffff ff7f'],
    ['an integer that would wrap at 2^32', 'ff83 ffff ff0f'],
    ['a literal without a name', '40'],
    ['a literal without a value', '4001 61'],
    ['a name that is cut off', '4002 61'],
    ['a value that is cut off', '4001 6102 62'],
    ['a length of nearly 2^28', '0001 617f ffff ff7f 62'],
    ['a value in Huffman code with wrong padding', '0001 6181 00'],
    ['a value in Huffman code with EOS', '0001 6184 ffff ffff'],
    ['a size update behind a field', '82 21 0161'],
    ['a size update that is cut off', '3f'],
    ['a size update above what our SETTINGS allow', '3fe2 1f'],
    ['a size update above what our SETTINGS allow, and one below', '3fe2 1f20'],
    ['three size updates', '2020 20'],
  ])('with %s is refused', (_, block) => {
    expect(decoded(new HpackDecoder(4096), hex(block))).toBeUndefined()
  })

  it('may begin with two size updates', () => {
    expect(decoded(new HpackDecoder(4096), hex('20 3fe11f 82'))).toEqual([[':method', 'GET']])
  })

  it('may have an index of four more octets, though zeroes', () => {
    expect(decoded(new HpackDecoder(4096), hex('0fad 8080 0001 61'))).toEqual([['via', 'a']])
  })

  it('may be empty', () => {
    expect(decoded(new HpackDecoder(4096), Buffer.alloc(0))).toEqual([])
  })

  it('is read from where it stands, and no further', () => {
    const decoder = new HpackDecoder(4096)
    const bytes = hex(`8080 82 ${customField} 8080`)
    const names: string[] = []
    const sink = { onField: (field: HeaderField) => void names.push(field.name) }
    expect(decoder.decode(bytes, 2, bytes.length - 2, sink)).toBe(true)
    expect(names).toEqual([':method', 'custom-key'])
    // The rest of the string is there, but not in the block.
    expect(decoder.decode(bytes, 3, bytes.length - 3, sink)).toBe(false)
    expect(decoder.decode(bytes, 0, 0, sink)).toBe(true)
  })

  it('that is cut off anywhere gives the fields before that place, or is refused', () => {
    const fields = [
      [':method', 'PUT'],
      ['x-name', 'a value that is not short'],
      ['cookie', 'a=b'],
      ['accept', '\x00\xff'],
    ] as const
    const whole = new IndexingEncoder().block(fields, (at) => (at === 2 ? 'never' : 'kept'))
    for (let length = 0; length < whole.length; length++) {
      const found = decoded(new HpackDecoder(4096), whole.subarray(0, length)) ?? []
      expect(found).toEqual(fields.slice(0, found.length))
      expect(found.length).toBeLessThan(fields.length)
    }
  })

  it('may hold a string larger than any scratch space', () => {
    const value = 'é/0~'.repeat(30_000)
    const block = new IndexingEncoder().block([['x-large', value]], () => 'not kept')
    expect(decoded(new HpackDecoder(4096), block)).toEqual([['x-large', value]])
  })
})

describe('the table of a connection', () => {
  it('gives the same object each time a field is referred to, with what its reader wrote to it', () => {
    const decoder = new HpackDecoder(4096)
    const [kept] = fieldsOf(decoder, hex(customField))
    if (kept === undefined) throw new Error('no field')
    kept.kind = 7
    const again = fieldsOf(decoder, hex('82 be be 83'))
    expect(again[1]).toBe(kept)
    expect(again[2]).toBe(kept)
    expect(fieldsOf(new HpackDecoder(4096), hex('82'))[0]).toBe(again[0])
    expect(again.map((field) => field.kind)).toEqual([0, 7, 7, 0])
  })

  it('costs nothing more when a block refers to one large entry thousands of times', () => {
    const decoder = new HpackDecoder(4096)
    const [kept] = fieldsOf(decoder, new IndexingEncoder().block([['x', 'a'.repeat(4000)]]))
    const fields = fieldsOf(decoder, Buffer.alloc(16_384, 0xbe))
    expect(fields).toHaveLength(16_384)
    expect(new Set(fields)).toEqual(new Set([kept]))
    expect(decoder.tableBytes).toBe(4033)
  })

  it('does not keep what is not to be kept', () => {
    const decoder = new HpackDecoder(4096)
    expect(fieldsOf(decoder, hex('0001 6101 62 1001 6101 62'))).toHaveLength(2)
    expect(decoder.tableBytes).toBe(0)
  })

  it('drops its oldest entries for new ones', () => {
    const decoder = new HpackDecoder(100)
    expect(decoded(decoder, hex('3f45'))).toEqual([])
    for (const [octet, bytes] of [
      ['61', 34],
      ['62', 68],
      ['63', 68],
      ['64', 68],
    ] as const) {
      expect(decoded(decoder, hex(`4001 ${octet} 01 76`))).toHaveLength(1)
      expect(decoder.tableBytes).toBe(bytes)
    }
    expect(decoded(decoder, hex('be bf'))).toEqual([
      ['d', 'v'],
      ['c', 'v'],
    ])
    expect(decoded(decoder, hex('c0'))).toBeUndefined()
  })

  it('is emptied by an entry that is larger than it, which is read nevertheless', () => {
    const decoder = new HpackDecoder(4096)
    const large = 'x'.repeat(4096)
    decoded(decoder, hex(customField))
    const block = new IndexingEncoder().block([['custom-key', large]])
    expect(decoded(decoder, block)).toEqual([['custom-key', large]])
    expect(decoder.tableBytes).toBe(0)
  })

  it('takes a new entry by the name of the one that goes for it', () => {
    const decoder = new HpackDecoder(55)
    expect(decoded(decoder, hex(`3f18 ${customField}`))).toHaveLength(1)
    expect(decoded(decoder, hex('7e0d 4355 5354 4f4d 2d48 4541 4445 52'))).toEqual([['custom-key', 'CUSTOM-HEADER']])
    expect(decoder.tableBytes).toBe(55)
  })

  it('is emptied by a size of 0, and grows again up to what our SETTINGS allow', () => {
    const decoder = new HpackDecoder(4096)
    decoded(decoder, hex(customField))
    expect(decoded(decoder, hex('20'))).toEqual([])
    expect(decoder.tableBytes).toBe(0)
    expect(decoded(decoder, hex(`3fe11f ${customField} be`))).toHaveLength(2)
    expect(decoder.tableBytes).toBe(55)
  })

  it('keeps as many entries as fit, the first of them too', () => {
    const decoder = new HpackDecoder(4096)
    for (let i = 0; i < 200; i++) {
      const name = String.fromCharCode(0x61 + (i % 26))
      expect(decoded(decoder, Buffer.from([0x40, 1, name.charCodeAt(0), 0]))).toEqual([[name, '']])
    }
    // 4096 / 33 entries: the oldest stands at 62 + 123.
    expect(decoder.tableBytes).toBe(124 * 33)
    expect(decoded(decoder, hex('ff3a'))).toEqual([[String.fromCharCode(0x61 + (76 % 26)), '']])
    expect(decoded(decoder, hex('ff3b'))).toBeUndefined()
  })

  it('finds each entry after others have gone and many smaller ones have come', () => {
    const decoder = new HpackDecoder(4096)
    const encoder = new IndexingEncoder()
    const large = Array.from({ length: 9 }, (_, i) => ['x', String(i).repeat(900)] as const)
    const small = Array.from({ length: 60 }, (_, i) => ['y', String(i)] as const)
    const last = small.slice(-16)
    for (const fields of [large, small, last, small]) {
      expect(decoded(decoder, encoder.block(fields))).toEqual(fields)
      expect(decoder.tableBytes).toBe(encoder.tableBytes)
    }
  })

  it.each([1, 15, 16, 17, 32])('of %i entries has no entry behind the last one', (count) => {
    const decoder = new HpackDecoder(4096)
    const encoder = new IndexingEncoder()
    decoded(decoder, encoder.block(Array.from({ length: count }, (_, i) => ['x', String(i)])))
    expect(decoded(decoder, Buffer.from([0x80 | (61 + count)]))).toEqual([['x', '0']])
    expect(decoded(decoder, Buffer.from([0x80 | (62 + count)]))).toBeUndefined()
  })
})

describe('an integer', () => {
  it.each([
    ['7fffffff7f', -1],
    ['7f81ffff7f', 2 ** 28],
    ['7f82ffff7f', -1],
  ])('of octets %s is %i, where -1 is too large', (octets, value) => {
    const reader = new BlockReader()
    reader.begin(hex(octets), 0, 5)
    expect(reader.integer(0x7f)).toBe(value)
  })
})

describe('SETTINGS_HEADER_TABLE_SIZE', () => {
  it('below the initial size holds for blocks behind the acknowledgement, and a size update must say so', () => {
    const early = new HpackDecoder(256)
    expect(decoded(early, hex('3fe11f'))).toEqual([])
    early.settingsAcknowledged()
    expect(decoded(early, hex('82'))).toBeUndefined()

    const obedient = new HpackDecoder(256)
    expect(decoded(obedient, hex(customField))).toHaveLength(1)
    obedient.settingsAcknowledged()
    expect(decoded(obedient, hex('3fe101 be'))).toEqual([['custom-key', 'custom-header']])
    expect(decoded(obedient, hex('3fe201'))).toBeUndefined()
  })

  it('above the initial size holds as soon as a size update says so', () => {
    const decoder = new HpackDecoder(8192)
    const field = ['x', 'a'.repeat(5000)] as const
    const encoder = new IndexingEncoder()
    expect(decoded(decoder, encoder.block([field]))).toEqual([field])
    expect(decoder.tableBytes).toBe(0)
    encoder.setTableBytes(8192)
    expect(decoded(decoder, encoder.block([field, field]))).toEqual([field, field])
    expect(decoder.tableBytes).toBe(5033)
  })
})

function fieldsOf(decoder: HpackDecoder, block: Buffer): readonly HeaderField[] {
  const fields: HeaderField[] = []
  expect(decoder.decode(block, 0, block.length, { onField: (field) => void fields.push(field) })).toBe(true)
  return fields
}
