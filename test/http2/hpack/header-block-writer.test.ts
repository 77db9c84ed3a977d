import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import { HeaderBlockWriter } from '../../../src/proxy/http2/hpack/header-block-writer.ts'
import { decoded, type FieldText } from './decoded.ts'

const writer = new HeaderBlockWriter()
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const anyText = fc.string({ unit: octet, maxLength: 300 })
const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.!~'), minLength: 1, maxLength: 24 })
const knownName = fc.constantFrom('content-type', 'Set-Cookie', 'server', 'Date', 'vary', 'etag', 'x-frame-options')
/** What may stand in a line: anything but line ends, and no white space around it. */
const lineValue = anyText.map((text) => text.replace(/[\r\n]/g, '').replace(/^[ \t]+|[ \t]+$/g, ''))

describe('a header block', () => {
  it('holds any list of fields that was written to it', () => {
    const fields = fc.array(fc.tuple(fc.oneof(knownName, anyText), anyText), { maxLength: 20 })
    fc.assert(
      fc.property(fields, (list) => {
        expect(blockOf(() => writeFields(list))).toEqual(list)
      }),
    )
  })

  it('holds any lines that were written to it, with names in lower case, be they written for the first time or again', () => {
    const lines = fc.array(fc.tuple(fc.oneof(knownName, token), lineValue), { maxLength: 12 })
    fc.assert(
      fc.property(lines, fc.constantFrom(':', ': ', ':\t ', ': '), (list, colon) => {
        const text = list.map(([name, value]) => `${name}${colon}${value}\r\n`).join('')
        const expected = list.map(([name, value]): FieldText => [name.toLowerCase(), value])
        for (let time = 0; time < 4; time++) expect(blockOf(() => writer.lines(text))).toEqual(expected)
      }),
    )
  })
})

function writeFields(list: readonly FieldText[]): void {
  for (const [name, value] of list) writer.field(name, value)
}

function blockOf(write: () => void): readonly FieldText[] | undefined {
  writer.start()
  write()
  return decoded(new HpackDecoder(4096), writer.bytes.subarray(0, writer.length))
}
