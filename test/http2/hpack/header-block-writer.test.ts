import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import { HeaderBlockWriter } from '../../../src/proxy/http2/hpack/header-block-writer.ts'
import { decoded, type FieldText } from './decoded.ts'

const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const anyText = fc.string({ unit: octet, maxLength: 300 })
const anyName = fc.oneof(anyText, fc.constantFrom(':path', ':status', ':method', 'accept-encoding', 'cookie', 'age'))
const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.!~'), minLength: 1, maxLength: 24 })
const knownName = fc.constantFrom('content-type', 'Set-Cookie', 'server', 'Date', 'Accept-Encoding', 'x-frame-options')
/** What may stand in a line: anything but line ends, and no white space around it. */
const lineValue = fc.oneof(
  anyText.map((text) => text.replace(/[\r\n]/g, '').replace(/^[ \t]+|[ \t]+$/g, '')),
  fc.constantFrom('gzip, deflate', 'nginx'),
)

describe('what is written to a header block', () => {
  const writer = new HeaderBlockWriter()

  it('is read from it again, be it any list of fields', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyName, anyText), { maxLength: 20 }), (list) => {
        const block = written(writer, () => {
          for (const [name, value] of list) writer.field(name, value)
        })
        expect(readBlock(block)).toEqual(list)
      }),
    )
  })

  it('is read from it again, be it any lines, for the first time or known from before', () => {
    const list = fc.array(fc.tuple(fc.oneof(knownName, token), lineValue), { maxLength: 12 })
    fc.assert(
      fc.property(
        list,
        fc.constantFrom(':', ': ', ':\t '),
        fc.constantFrom('', ' ', '\t\t'),
        (fields, before, behind) => {
          const lines = fields.map(([name, value]) => `${name}${before}${value}${behind}\r\n`).join('')
          const expected = fields.map(([name, value]): FieldText => [name.toLowerCase(), value])
          for (let time = 0; time < 4; time++) {
            expect(readBlock(written(writer, () => writer.lines(lines)))).toEqual(expected)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is the same the first time and each later time', () => {
    const lines = 'Server: nginx\r\nX-Own: 1\r\nSet-Cookie: a=b\r\nVary:\r\nA:\r\n'
    const blocks = Array.from({ length: 5 }, () => written(writer, () => writer.lines(lines)).toString('hex'))
    expect(new Set(blocks)).toHaveLength(1)
  })

  it('tells lines apart that differ in one octet', () => {
    const lines: readonly string[] = Array.from(
      { length: 40 },
      (_, at) => `X: ${'a'.repeat(at)}b${'a'.repeat(39 - at)}\r\n`,
    )
    for (let time = 0; time < 3; time++) {
      for (const line of lines) {
        const block = written(writer, () => writer.lines(line))
        expect(readBlock(block)).toEqual([['x', line.slice(3, -2)]])
      }
    }
  })

  it('stays right while more lines come, again and again, than can be known', () => {
    const line = (at: number) => `X-Number: ${at}-${'x'.repeat(at % 240)}\r\n`
    const known = 'Server: nginx\r\nContent-Type: text/plain\r\n'
    for (let at = 0; at < 4_000; at++) {
      for (const number of [at, at, at - (at % 7)]) {
        const [field, ...others] = readBlock(written(writer, () => writer.lines(line(number) + known))) ?? []
        expect(field).toEqual(['x-number', line(number).slice(10, -2)])
        expect(others).toEqual([
          ['server', 'nginx'],
          ['content-type', 'text/plain'],
        ])
      }
    }
  })

  it('may be larger than the bytes there are', () => {
    const large = 'é'.repeat(100_000)
    const fields: readonly FieldText[] = [
      ['x-first', 'a'],
      ['x-large', large],
      ['x-last', 'b'],
    ]
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const ownWriter = new HeaderBlockWriter()
    for (let time = 0; time < 3; time++) {
      expect(readBlock(written(ownWriter, () => ownWriter.lines(lines)))).toEqual(fields)
    }
    const many = 'a: b\r\n'.repeat(20_000)
    const otherWriter = new HeaderBlockWriter()
    expect(readBlock(written(otherWriter, () => otherWriter.lines(many)))).toHaveLength(20_000)
  })

  it('has a name alone where a line is nothing else', () => {
    expect(readBlock(written(writer, () => writer.lines('Name\r\nServer: nginx\r\n')))).toEqual([
      ['name', ''],
      ['server', 'nginx'],
    ])
  })

  it('never leaves an entry in a table', () => {
    const decoder = new HpackDecoder(4096)
    const block = written(writer, () => {
      writer.status(200)
      writer.field('x-own', 'a')
      writer.lines('Server: nginx\r\nX-Other: b\r\n')
    })
    expect(decoded(decoder, block)).toHaveLength(4)
    expect(decoder.tableBytes).toBe(0)
  })
})

describe('the octets of a header block', () => {
  const writer = new HeaderBlockWriter()

  it.each([200, 204, 206, 304, 400, 404, 500])('are one for status %i', (status) => {
    const block = written(writer, () => writer.status(status))
    expect(block).toHaveLength(1)
    expect(readBlock(block)).toEqual([[':status', String(status)]])
  })

  it('say every status', () => {
    for (let status = 100; status < 1000; status++) {
      expect(readBlock(written(writer, () => writer.status(status)))).toEqual([[':status', String(status)]])
    }
  })

  it.each([
    ['is an index where the static table has it', 'accept-encoding', 'gzip, deflate', '90'],

    ['has the index of its name', 'vary', '*', '0f2c 01 2a'],
    ['has a value in Huffman code where that is shorter', 'server', 'nginx', '0f27 84 aa63 55e7'],
    ['has its own name', 'x', '', '00 01 78 00'],
    ['is never to be indexed where it is a secret', 'set-cookie', '*', '1f28 01 2a'],
    ['is never to be indexed where it is a credential', 'authorization', '', '1f08 00'],
  ])('of a field: it %s', (_, name, value, octets) => {
    const block = written(writer, () => writer.field(name, value)).toString('hex')
    expect(block).toBe(octets.replaceAll(' ', ''))
    expect(written(writer, () => writer.lines(`${name}: ${value}\r\n`)).toString('hex')).toBe(block)
  })

  it('of a pseudo-header are its index, also where it is not the first of its name', () => {
    expect(written(writer, () => writer.field(':path', '/index.html')).toString('hex')).toBe('85')
  })

  it.each([
    [0, '20'],
    [30, '3e'],
    [4096, '3fe11f'],
  ])('of a size update to %i', (bytes, octets) => {
    expect(written(writer, () => writer.sizeUpdate(bytes)).toString('hex')).toBe(octets)
  })
})

function written(writer: HeaderBlockWriter, write: () => void): Buffer {
  writer.start()
  write()
  return Buffer.from(writer.bytes.subarray(0, writer.length))
}

function readBlock(block: Buffer): readonly FieldText[] | undefined {
  return decoded(new HpackDecoder(4096), block)
}
