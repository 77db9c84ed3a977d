import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkedDecoder } from '../../../src/proxy/lean/chunked-decoder.ts'

type Decoded = {
  readonly outcome: string
  readonly body: string
  readonly trailers: readonly string[] | undefined
  /** What was behind the message. */
  readonly rest: string
  readonly problem: string
}

/** The pieces come one after another through one buffer, as they do from a socket; between them it holds other bytes. */
function decode(pieces: readonly string[], decoder = new ChunkedDecoder()): Decoded {
  const buffer = Buffer.alloc(Math.max(...pieces.map(({ length }) => length)) + 8)
  let body = ''
  let outcome = 'more'
  let rest = ''
  for (const piece of pieces) {
    if (outcome === 'more') {
      buffer.fill('\n1\r\n')
      buffer.write(piece, 4, 'latin1')
      const end = 4 + piece.length
      outcome = decoder.feed(buffer, 4, end, {
        onBytes: (bytes, from, till) => {
          expect(from).toBeLessThan(till)
          body += bytes.toString('latin1', from, till)
        },
      })
      if (outcome === 'end') rest = buffer.toString('latin1', decoder.position, end)
    } else {
      rest += piece
    }
  }
  return { outcome, body, trailers: decoder.trailers?.list, rest, problem: decoder.problem }
}

/** Whole, in two pieces cut at each byte, in three at some, and byte by byte. */
function* cuts(text: string): Generator<readonly string[]> {
  yield [text]
  yield [...text]
  for (let at = 1; at < text.length; at++) {
    yield [text.slice(0, at), text.slice(at)]
    yield [text.slice(0, at), text.slice(at, at + 2), text.slice(at + 2)]
  }
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'))
const size = (length: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('', '0', '000'), fc.boolean())
    .map(([zeros, upper]) => zeros + (upper ? length.toString(16).toUpperCase() : length.toString(16)))
const extension = fc.constantFrom('', '', ';x', '; x=1', ';name="a;b\t\xe9"', ';q="\\""')
const trailer = fc.tuple(
  fc.tuple(
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/),
    fc.constantFrom('', '1', 'a b', 'voil\xc3\xa0', 'x, y'),
  ),
  fc.constantFrom('', ' ', '\t ', '  '),
)
const message = fc
  .tuple(
    fc.array(
      bytes.chain((body) => fc.tuple(fc.constant(body), size(body.length), extension)),
      { maxLength: 6 },
    ),
    fc.constantFrom('0', '00', '0;last'),
    fc.array(trailer, { maxLength: 4 }),
  )
  .map(([chunks, last, trailers]) => ({
    body: chunks.map(([body]) => body).join(''),
    fields: trailers.flatMap(([field]) => field),
    text: `${chunks.map(([body, length, more]) => `${length}${more}\r\n${body}\r\n`).join('')}${last}\r\n${trailers
      .map(([[name, value], space]) => `${name}:${space}${value}${space}\r\n`)
      .join('')}\r\n`,
  }))

describe('a chunked body', () => {
  it('comes out the same, wherever its chunks begin and its bytes are cut', () => {
    fc.assert(
      fc.property(message, fc.constantFrom('', 'HTTP/1.1 200 OK', '\r\n', '0'), ({ body, fields, text }, behind) => {
        const expected = {
          outcome: 'end',
          body,
          trailers: fields.length === 0 ? undefined : fields,
          rest: behind,
          problem: '',
        }
        for (const pieces of cuts(text + behind)) expect(decode(pieces)).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('is not at its end one byte earlier', () => {
    fc.assert(
      fc.property(message, ({ text }) => {
        for (let length = 1; length < text.length; length++) {
          expect(decode([text.slice(0, length)]).outcome).toBe('more')
        }
      }),
      { numRuns: 50 },
    )
  })

  it('is handed out in the bytes that came, without a copy', () => {
    const input = Buffer.from('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n')
    const runs: unknown[] = []
    const sink = { onBytes: (buffer: Buffer, from: number, end: number) => runs.push([buffer === input, from, end]) }
    expect(new ChunkedDecoder().feed(input, 0, input.length, sink)).toBe('end')
    expect(runs).toEqual([
      [true, 3, 8],
      [true, 13, 19],
    ])
  })

  it('leaves nothing behind for the next one', () => {
    const decoder = new ChunkedDecoder()
    for (const [text, expected] of [
      ['3;x\r\nabc\r\n0\r\nA: b\r\n\r\n', { outcome: 'end', body: 'abc', trailers: ['A', 'b'] }],
      ['a\r\n12', { outcome: 'more', body: '12', trailers: undefined }],
      ['0;xy', { outcome: 'more', body: '', trailers: undefined }],
      ['zz', { outcome: 'malformed', body: '' }],
      ['1\r\nx\r\n0\r\n\r\n', { outcome: 'end', body: 'x', trailers: undefined, problem: '' }],
    ] as const) {
      decoder.reset()
      expect(decode([text], decoder)).toMatchObject(expected)
    }
  })

  it('takes nothing more once it has ended or turned out to be malformed', () => {
    for (const [text, outcome] of [
      ['0\r\n\r\n', 'end'],
      ['-1\r\n', 'malformed'],
    ] as const) {
      const decoder = new ChunkedDecoder()
      decode([text], decoder)
      const { position } = decoder
      expect(decode(['1\r\nx\r\n0\r\n\r\n'], decoder)).toMatchObject({ outcome, body: '' })
      expect(decoder.position).toBe(position)
    }
  })

  it('may have a chunk of any size that a number can say', () => {
    for (const digits of ['1fffffffffffff', '001fffffffffffff', '7FFFFFFF', '0000000100000000']) {
      expect(decode([`${digits}\r\nx`])).toMatchObject({ outcome: 'more', body: 'x' })
    }
  })

  it('may have extensions as long as it is itself, for as long as it lasts', () => {
    const chunk = `40;signature=${'f'.repeat(64)}\r\n${'x'.repeat(64)}\r\n`
    expect(decode([`${chunk.repeat(300)}0\r\n\r\n`]).outcome).toBe('end')
    expect(decode([`1;${'x'.repeat(4_096)}\r\nx\r\n0\r\n\r\n`]).outcome).toBe('end')
  })

  it('may have 100 trailers and 16 KB of them', () => {
    const many = decode([`0\r\n${'a:1\r\n'.repeat(100)}\r\n`])
    expect(many.trailers).toHaveLength(200)
    const value = 'x'.repeat(16 * 1024 - 'Sum: \r\n\r\n'.length)
    expect(decode([`0\r\nSum: ${value}\r\n\r\n`]).trailers).toEqual(['Sum', value])
  })
})

const malformed: readonly (readonly [name: string, text: string])[] = [
  ['a negative size', '-1\r\nx\r\n0\r\n\r\n'],
  ['a plus sign', '+1\r\nx\r\n0\r\n\r\n'],
  ['0x before a size', '0x1\r\nx\r\n0\r\n\r\n'],
  ['0X before the last size', '0X0\r\n\r\n'],
  ['a space before a size', ' 1\r\nx\r\n0\r\n\r\n'],
  ['a space behind a size', '1 \r\nx\r\n0\r\n\r\n'],
  ['a tab behind a size', '1\t\r\nx\r\n0\r\n\r\n'],
  ['a space before an extension', '1 ;a=b\r\nx\r\n0\r\n\r\n'],
  ['a space inside a size', '1 1\r\nx\r\n0\r\n\r\n'],
  ['no size', '\r\nx\r\n0\r\n\r\n'],
  ['an extension without a size', ';a\r\nx\r\n0\r\n\r\n'],
  ['a size that is no number', 'g\r\nx\r\n0\r\n\r\n'],
  ['an underscore in a size', '1_0\r\nx\r\n0\r\n\r\n'],
  ['a fraction', '1.0\r\nx\r\n0\r\n\r\n'],
  ['an exponent', '1p1\r\nx\r\n0\r\n\r\n'],
  ['a NUL behind a size', '1\0\r\nx\r\n0\r\n\r\n'],
  ['a letter that is a digit elsewhere', '\xb2\r\nx\r\n0\r\n\r\n'],
  ['a size of 17 digits', '00000000000000001\r\nx\r\n0\r\n\r\n'],
  ['a size that is no safe integer', '20000000000000\r\nx'],
  ['a size of 64 bits', 'ffffffffffffffff\r\nx'],
  ['a size of more than 64 bits', '10000000000000001\r\nx\r\n0\r\n\r\n'],
  ['LF alone behind a size', '1\nx\r\n0\r\n\r\n'],
  ['LF alone behind the last size', '1\r\nx\r\n0\n\r\n'],
  ['LF alone behind a chunk', '1\r\nx\n0\r\n\r\n'],
  ['LF alone everywhere', '1\nx\n0\n\n'],
  ['CR alone behind a size', '1\rx\r\n0\r\n\r\n'],
  ['two CR behind a size', '1\r\r\nx\r\n0\r\n\r\n'],
  ['CR alone behind a chunk', '1\r\nx\r0\r\n\r\n'],
  ['a chunk longer than its size', '1\r\nxy\r\n0\r\n\r\n'],
  ['a chunk shorter than its size', '3\r\nx\r\n0\r\n\r\n'],
  ['nothing between two chunks', '1\r\nx1\r\nx\r\n0\r\n\r\n'],
  ['an empty line between two chunks', '1\r\nx\r\n\r\n1\r\nx\r\n0\r\n\r\n'],
  ['LF in an extension', '1;a\nx\r\n0\r\n\r\n'],
  ['LF in a quoted string', '1;a="\n"\r\nx\r\n0\r\n\r\n'],
  ['CR in a quoted string', '1;a="\r"\r\nx\r\n0\r\n\r\n'],
  ['a line end in a quoted string', '1;a="\r\nx"\r\n0\r\n\r\n'],
  ['NUL in an extension', '1;a\0\r\nx\r\n0\r\n\r\n'],
  ['DEL in an extension', '1;a\x7f\r\nx\r\n0\r\n\r\n'],
  ['an extension that is too long', `1;${'x'.repeat(4_097)}\r\nx\r\n0\r\n\r\n`],
  ['extensions that are too long together', `${`1;${'x'.repeat(1_000)}\r\nx\r\n`.repeat(5)}0\r\n\r\n`],
  ['a last extension that is too long', `0;${'x'.repeat(5_000)}\r\n\r\n`],
  ['LF alone behind a trailer', '0\r\nA: b\n\r\n'],
  ['LF alone at the end', '0\r\nA: b\r\n\n'],
  ['LF alone instead of trailers', '0\r\n\n'],
  ['CR alone in a trailer', '0\r\nA: b\rc\r\n\r\n'],
  ['CR alone instead of trailers', '0\r\n\rx'],
  ['two CR behind a trailer', '0\r\nA: b\r\r\n\r\n'],
  ['NUL in a trailer', '0\r\nA: b\0c\r\n\r\n'],
  ['DEL in a trailer', '0\r\nA: b\x7fc\r\n\r\n'],
  ['a trailer without a colon', '0\r\nA\r\n\r\n'],
  ['a trailer without a name', '0\r\n: b\r\n\r\n'],
  ['a space before the colon of a trailer', '0\r\nA : b\r\n\r\n'],
  ['a space in the name of a trailer', '0\r\nA B: c\r\n\r\n'],
  ['a trailer whose name is no token', '0\r\nA(: b\r\n\r\n'],
  ['a trailer whose name is not ASCII', '0\r\n\xe9: b\r\n\r\n'],
  ['a continued trailer', '0\r\nA: b\r\n c\r\n\r\n'],
  ['a continued line before any trailer', '0\r\n A: b\r\n\r\n'],
  ['another message instead of trailers', '0\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['more than 100 trailers', `0\r\n${'a:1\r\n'.repeat(101)}\r\n`],
  ['a trailer of more than 16 KB', `0\r\nA: ${'x'.repeat(17_000)}\r\n\r\n`],
  ['trailers of more than 16 KB', `0\r\n${`A: ${'x'.repeat(2_000)}\r\n`.repeat(9)}\r\n`],
]

describe('a malformed chunked body', () => {
  it.each(malformed)('is refused, wherever its bytes are cut: %s', (_name, text) => {
    // Long ones are all alike inside: cut at each byte near their ends.
    const isNearAnEnd = (at: number): boolean => at < 40 || at > text.length - 40 || at % 997 === 0
    expect(decode([text]).problem).not.toBe('')
    expect(decode([...text]).outcome).toBe('malformed')
    for (let at = 1; at < text.length; at++) {
      if (isNearAnEnd(at)) expect(decode([text.slice(0, at), text.slice(at)]).outcome).toBe('malformed')
    }
  })

  it('hands out the bytes of its good chunks before that, and none behind', () => {
    for (const pieces of cuts('3\r\nabc\r\n-3\r\nxyz\r\n0\r\n\r\n')) {
      expect(decode(pieces)).toMatchObject({ outcome: 'malformed', body: 'abc' })
    }
  })

  it('is refused or unfinished wherever the grammar says so, and only there', () => {
    const parts = fc.constantFrom(
      ...['0', '1', '2', 'a', 'F', ';', '"', '\r\n', '\r\n', '\r', '\n', 'x', ' ', ':', 'A: b\r\n', '\0', '\xff'],
      ...['1\r\nx\r\n', '2;x="y"\r\n\r\n\r\n', '0\r\n', '00\r\n\r\n', 'a\r\n1234567890\r\n'],
    )
    fc.assert(
      fc.property(fc.array(parts, { minLength: 1, maxLength: 12 }), (list) => {
        const text = list.join('')
        const expected = readWhole(text)
        const { outcome, body, rest } = decode([text])
        if (expected === undefined) expect(outcome).not.toBe('end')
        else expect({ outcome, body, rest }).toEqual({ outcome: 'end', ...expected })
      }),
      { numRuns: 5_000 },
    )
  })
})

/** RFC 9112 section 7.1, read from a text that is all there. */
function readWhole(text: string): { readonly body: string; readonly rest: string } | undefined {
  const sizeLine = /([\dA-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n/y
  let body = ''
  for (let at = 0; ; ) {
    sizeLine.lastIndex = at
    const [line, digits] = sizeLine.exec(text) ?? []
    if (line === undefined || digits === undefined) return undefined
    const start = at + line.length
    const length = Number.parseInt(digits, 16)
    if (length === 0) {
      const trailers = /^(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/.exec(text.slice(start))
      return trailers === null ? undefined : { body, rest: text.slice(start + trailers[0].length) }
    }
    if (!text.startsWith('\r\n', start + length)) return undefined
    body += text.slice(start, start + length)
    at = start + length + 2
  }
}
