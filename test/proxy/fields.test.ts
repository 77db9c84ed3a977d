import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fields } from '../../src/proxy/fields.ts'

/** Bytes as characters, among them those of which `trim` thinks that they are white space. */
const text = fc.oneof(
  fc.constantFrom('voil\xc3\xa0', '\xa0', '\xa0x\xa0', '\x85', 'a: b', 'a  b', '', ':', '\xef\xbb\xbfx'),
  fc.stringMatching(/^[\x21-\x7e\x80-\xff]{0,20}$/),
)
const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/)
const list = fc.array(fc.tuple(name, text), { maxLength: 8 }).map((pairs) => pairs.flat())
const space = fc.constantFrom('', ' ', '\t', ' \t ')

describe('fields', () => {
  it('keep order, case, duplicates and every byte, from a list to lines and back', () => {
    fc.assert(
      fc.property(list, (fields) => {
        const { lines } = Fields.ofList(fields)
        expect(Fields.ofLines(lines).list).toEqual(fields)
      }),
    )
  })

  it('are read from lines as they come, with and without space around a value', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.tuple(name, text), space, space), { maxLength: 8 }), (fields) => {
        const lines = fields.map(([[key, value], before, after]) => `${key}:${before}${value}${after}\r\n`).join('')
        expect(Fields.ofLines(lines).list).toEqual(fields.flatMap(([field]) => field))
      }),
    )
  })

  it('are given back in the form in which they came, untouched', () => {
    const lines = 'a:1\r\nB:  2\r\n'
    expect(Fields.ofLines(lines).lines).toBe(lines)
    const flat = ['a', '1', 'B', '2']
    expect(Fields.ofList(flat).list).toBe(flat)
  })

  it('make the other form once', () => {
    const ofLines = Fields.ofLines('a: 1\r\n')
    expect(ofLines.list).toBe(ofLines.list)
    expect(Fields.ofList(['a', '1']).lines).toBe('a: 1\r\n')
  })

  it('may be none', () => {
    expect(Fields.ofLines('').list).toEqual([])
    expect(Fields.ofList([]).lines).toBe('')
  })
})
