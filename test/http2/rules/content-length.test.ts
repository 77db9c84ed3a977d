import { describe, expect, it } from 'vitest'
import { Driver } from '../codec/driver.ts'
import { data, headers } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { judge, malformed, pseudoWith } from './judge.ts'

const post = pseudoWith({ ':method': 'POST' })
const trailers = headers(1, encodeBlock([['x-sum', '1']]), { end: true })
const five = Buffer.from('hello')

const opened = (length: string): Driver => {
  const driver = new Driver()
  driver.send(headers(1, encodeBlock([...post, ['content-length', length]])))
  return driver
}

describe('a length (RFC 9110 section 8.6)', () => {
  it.each(['0', '5', '005', '123456789012345'])('may be %s', (length) => {
    expect(judge([...post, ['content-length', length]], {})).toMatchObject({ contentLength: Number(length) })
  })

  it.each([
    '',
    '-5',
    '+5',
    '5.0',
    '5e0',
    '0x5',
    '5, 5',
    '5,5',
    '5 5',
    'five',
    '5\xb2',
    '\xb2',
    '1234567890123456',
    '18446744073709551621',
  ])('may not be %j', (length) => {
    expect(judge([...post, ['content-length', length]], {})).toBe(malformed)
  })

  it.each([
    ['5', '5'],
    ['5', '6'],
    ['0', '0'],
  ])('may not be said twice: %s and %s', (first, second) => {
    expect(judge([...post, ['content-length', first], ['content-length', second]], {})).toBe(malformed)
  })
})

describe('a length that is not that of the body (RFC 9113 section 8.1.1)', () => {
  it('makes a request malformed that ends with its head', () => {
    expect(judge([...post, ['content-length', '5']])).toBe(malformed)
    expect(judge([...post, ['content-length', '0']])).toMatchObject({ contentLength: 0 })
    expect(judge([...post])).toMatchObject({ contentLength: undefined })
  })

  it.each([
    ['too short, by the end of its DATA', '6', [data(1, five, { end: true })]],
    ['too short, by an end without data', '6', [data(1, five), data(1, Buffer.alloc(0), { end: true })]],
    ['too short, by trailers', '6', [data(1, five), trailers]],
    ['missing, by trailers', '6', [trailers]],
    ['too long in one frame', '4', [data(1, five)]],
    ['too long in two', '8', [data(1, five), data(1, five)]],
    ['too long and at its end', '4', [data(1, five, { end: true })]],
    ['there at all', '0', [data(1, five, { end: true })]],
  ])('resets the stream: %s', (_what, length, frames) => {
    const driver = opened(length)
    expect(driver.ask(...frames)).toEqual([malformed])
    const { isReset, hasEnd, body } = driver.request(1)
    expect([isReset, hasEnd, driver.ends]).toEqual([true, false, 0])
    expect(body.length).toBeLessThanOrEqual(Number(length))
  })

  it.each([
    ['in one frame', '5', [data(1, five, { end: true })]],
    ['in two, with padding, which does not count', '10', [data(1, five, { padding: 9 }), data(1, five, { end: true })]],
    ['with an end of its own', '5', [data(1, five), data(1, Buffer.alloc(0), { end: true })]],
    ['with trailers', '5', [data(1, five), trailers]],
    ['without a byte', '0', [data(1, Buffer.alloc(0), { end: true })]],
  ])('is one that is right %s', (_what, length, frames) => {
    const driver = opened(length)
    expect(driver.ask(...frames)).toEqual([])
    const { hasEnd, body } = driver.request(1)
    expect([hasEnd, body.length]).toEqual([true, Number(length)])
  })
})

describe('trailers (RFC 9113 section 8.1)', () => {
  it.each([
    ['a pseudo-header field', [[':path', '/']]],
    ['a pseudo-header field that nobody knows', [[':x', '1']]],
    ['a status', [[':status', '200']]],
    ['a name in upper case', [['X-Sum', '1']]],
    ['a value with a line feed', [['x-sum', 'a\nb']]],
    ['a field of a connection', [['transfer-encoding', 'chunked']]],
  ] as const)('are malformed with %s', (_what, fields) => {
    const driver = new Driver()
    driver.send(headers(1, encodeBlock(post)))
    expect(driver.ask(headers(1, encodeBlock(fields), { end: true }))).toEqual([malformed])
    expect(driver.request(1)).toMatchObject({ isReset: true, hasEnd: false })
  })
})
