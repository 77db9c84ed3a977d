import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shortLogLine } from '../src/log-line.ts'
import { maxLineBytes } from '../src/log-output.ts'

const frame = { level: 'error', time: '2026-11-21T12:00:00.007Z', message: 'list failed' }

function lineOf(fields: object): string {
  return `${JSON.stringify({ ...frame, ...fields })}\n`
}

describe('a line of the program log', () => {
  it('stays as it is where it has room', () => {
    const line = lineOf({ error: { message: 'x'.repeat(3_000) } })
    expect(shortLogLine(line)).toBe(line)
  })

  it('that would be too long has the beginning of its texts, and says so', () => {
    const error = { type: 'Error', message: 'm'.repeat(100), stack: 's'.repeat(10_000) }
    const { error: cut, ...rest } = JSON.parse(shortLogLine(lineOf({ error })))
    expect(rest).toEqual({ ...frame, cut: true })
    expect(cut).toEqual({ ...error, stack: `${'s'.repeat(1_500)} (cut)` })
  })

  it('with ever so many fields still tells its message', () => {
    const fields = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`field${index}`, index]))
    expect(JSON.parse(shortLogLine(lineOf(fields)))).toEqual({ ...frame, cut: true })
  })

  it('is never longer than a pipe takes as one, whatever is in it', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000, size: 'max' })
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text), fc.nat()), { maxKeys: 5 }), (fields) => {
        const line = shortLogLine(`${JSON.stringify({ ...fields, ...frame })}\n`)
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(maxLineBytes)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.parse(line)).toMatchObject(frame)
      }),
      { numRuns: 50 },
    )
  })
})
