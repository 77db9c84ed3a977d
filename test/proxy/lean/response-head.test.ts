import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fields } from '../../../src/proxy/fields.ts'
import { downstreamResponseHead, noTrailers } from '../../../src/proxy/headers.ts'
import { readResponseHead } from '../../../src/proxy/lean/response-head.ts'
import { badAnswers, goodAnswers } from '../../upstream/answers.ts'

const ok = 'HTTP/1.1 200 OK\r\n'
const read = (lines: string, method = 'GET') => readResponseHead(`${ok}${lines}\r\n`, 0, method)

describe('how long a response is', () => {
  it.each([
    ['Content-Length: 5\r\n', 'GET', 'length', 5],
    ['content-length:\t 007 \t\r\n', 'GET', 'length', 7],
    ['Content-Length: 999999999999999\r\n', 'GET', 'length', 999_999_999_999_999],
    ['Content-Length: 5\r\n', 'HEAD', 'length', 0],
    ['Transfer-Encoding: chunked\r\n', 'GET', 'chunked', 0],
    ['Transfer-Encoding: chunked\r\n', 'HEAD', 'length', 0],
    ['X: y\r\n', 'GET', 'close', 0],
    ['X: y\r\n', 'HEAD', 'length', 0],
    ['', 'GET', 'close', 0],
    ['X-Content-Length: 5\r\nContent-Lengths: 6\r\nContent_Length: 7\r\n', 'GET', 'close', 0],
  ])('is known: %j to %s', (lines, method, framing, length) => {
    expect(read(lines, method)).toMatchObject({ framing, length, hasLength: /^content-length:/i.test(lines) })
  })

  it.each([204, 304, 100, 103, 199])('is nothing for %i, whatever it says', (status) => {
    for (const line of ['', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n']) {
      const head = readResponseHead(`HTTP/1.1 ${status} x\r\n${line}\r\n`, 0, 'GET')
      expect(head).toMatchObject({ status, framing: 'length', length: 0 })
    }
  })
})

describe('a connection after its response', () => {
  it.each([
    ['', true],
    ['Connection: keep-alive\r\n', true],
    ['Connection: close\r\n', false],
    ['CONNECTION:\tCLOSE \r\n', false],
    ['Connection: keep-alive, close\r\n', false],
    ['Connection: x\r\nX: y\r\nConnection: a , close\r\n', false],
    ['Connection: closed, not-close\r\n', true],
    ['X-Connection: close\r\n', true],
    ['Keep-Alive: timeout=5\r\n', true],
    ['Keep-Alive: timeout=0\r\n', false],
    ['Connection: close\r\nConnection: keep-alive\r\n', false],
  ])('is kept or not: %j', (lines, isKept) => {
    expect(read(`Content-Length: 0\r\n${lines}`)?.keepsAlive).toBe(isKept)
    const old = readResponseHead(`HTTP/1.0 200 OK\r\nContent-Length: 0\r\n${lines}\r\n`, 0, 'GET')
    expect(old?.keepsAlive).toBe(isKept && /connection: keep-alive/i.test(lines))
  })

  it.each([
    ['timeout=5', 5],
    ['max=100, timeout=60', 60],
    ['Timeout=7,max=1', 7],
    ['max=100', -1],
    ['xtimeout=5', -1],
    ['timeout=', -1],
    ['timeout=-5', -1],
    ['timeout=99999999999', -1],
  ])('is idle no longer than the endpoint says: %s', (value, seconds) => {
    const head = read(`Keep-Alive: ${value}\r\n`)
    // What makes no sense is as good as nothing, and so is the beginning of a number that is too long.
    if (seconds >= 0) expect(head?.keepAliveSeconds).toBe(seconds)
    else expect([-1, 999_999]).toContain(head?.keepAliveSeconds)
  })
})

describe('the head of a response', () => {
  const heads = goodAnswers.map(({ name, bytes, method = 'GET' }) => ({ name, bytes, method }))

  it.each(heads)('is read where it stands: $name', ({ bytes, method }) => {
    const end = bytes.indexOf('\r\n\r\n') + 4
    const head = readResponseHead(bytes, 0, method)
    expect(head?.end).toBe(end)
    expect(bytes.slice(0, end)).toMatch(new RegExp(`^HTTP/1\\.[01] ${head?.status}`))
    expect(head?.lines).toBe(bytes.slice(bytes.indexOf('\r\n') + 2, end - 2))
    const before = 'HTTP/1.1 102 Processing\r\nContent-Length: 77\r\n\r\n'
    expect(readResponseHead(before + bytes, before.length, method)).toEqual({ ...head, end: end + before.length })
  })

  const whole = badAnswers.filter(({ bytes }) => bytes.includes('\r\n\r\n'))
  it.each(whole)('is refused: $name', ({ bytes }) => {
    const head = readResponseHead(bytes, 0, 'GET')
    const next = head === undefined ? undefined : bytes.slice(head.end)
    // What is wrong may be its size, which is for its caller to see, or what comes behind an interim one.
    if (next !== undefined && bytes.length < 60_000 && head?.status !== 101) {
      expect(head?.status).toBe(102)
      expect(readResponseHead(next, 0, 'GET')).toBeUndefined()
    }
  })

  it('is never read where the grammar does not allow it, and reads what the grammar says', () => {
    const base = fc.constantFrom(
      ...heads.filter(({ bytes }) => bytes.length < 1_000).map(({ bytes }) => bytes.split('\r\n\r\n', 1)[0] ?? ''),
    )
    const insertion = fc.constantFrom(
      ...['\r', '\n', '\r\n', '\0', ' ', '\t', ':', ',', '0', '5', 'x', '\x7f', '\xa0', 'Connection: close\r\n'],
      ...['\r\nContent-Length: 5', '\r\nTransfer-Encoding: chunked', 'chunked', '\r\n ', '', '', ''],
    )
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(2), insertion), { maxLength: 3 })
    fc.assert(
      fc.property(base, edits, (text, list) => {
        let head = text
        for (const [at, removed, inserted] of list) {
          const index = at % (head.length + 1)
          head = head.slice(0, index) + inserted + head.slice(index + removed)
        }
        head = `${head}\r\n\r\n`
        head = head.slice(0, head.indexOf('\r\n\r\n') + 4)
        const expected = readByGrammar(head)
        const { framing, length } = readResponseHead(head, 0, 'GET') ?? {}
        if (expected === undefined) expect(framing).toBeUndefined()
        else expect([framing, framing === 'length' ? length : 0]).toEqual(expected)
      }),
      { numRuns: 5_000 },
    )
  })
})

/** How the body ends, by RFC 9112; undefined where the head is malformed or two readers could take it differently. */
function readByGrammar(head: string): readonly [framing: string, length: number] | undefined {
  const text = '[\\t\\x20-\\x7e\\x80-\\xff]*'
  const line = `[!#$%&'*+.^_\`|~0-9A-Za-z-]+:${text}\\r\\n`
  const match = new RegExp(`^HTTP/1\\.([01]) ([1-9]\\d\\d)(?: ${text})?\\r\\n((?:${line})*)\\r\\n$`).exec(head)
  if (match === null) return undefined
  const [, minor, status = '', lines = ''] = match
  const values = (name: string): string[] =>
    [...lines.matchAll(new RegExp(`^${name}:[\\t ]*(.*?)[\\t ]*\\r$`, 'gim'))].map(([, value]) => value ?? '')
  const codings = values('transfer-encoding')
  const lengths = values('content-length')
  if (codings.length + lengths.length > 1) return undefined
  if (codings.some((coding) => coding.toLowerCase() !== 'chunked' || minor === '0')) return undefined
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) return undefined
  if (/^1|204|304/.test(status)) return ['length', 0]
  if (codings.length > 0) return ['chunked', 0]
  return lengths.length > 0 ? ['length', Number(lengths[0])] : ['close', 0]
}

describe('what passes of a response, as lines', () => {
  const names = [
    ...[
      'Date',
      'Server',
      'server',
      'Content-Length',
      'Connection',
      'Keep-Alive',
      'Proxy-Authenticate',
      'TE',
      'Trailer',
    ],
    ...['Upgrade', 'Proxy-Connection', 'X-Hop', 'Set-Cookie', 'Content-Type', 'Cache-Control', 'Dated', 'Servers', 'D'],
  ]
  const values = ['', 'x', 'keep-alive', 'close', 'X-Hop', 'close, X-Hop', 'voil\xc3\xa0', 'a  b']
  const field = fc.tuple(
    fc.constantFrom(...names),
    fc.constantFrom('', ' ', '\t '),
    fc.constantFrom(...values),
    fc.constantFrom('', ' '),
  )

  it('is what passes of them as a list, or is left to that', () => {
    let asLines = 0
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), fc.constantFrom('GET', 'HEAD'), (list, method) => {
        const lengths = list.filter(([name]) => name === 'Content-Length')
        const lines = list
          .map(([name, before, value, after]) => {
            return `${name}:${before}${name === 'Content-Length' ? lengths.length : value}${after}\r\n`
          })
          .join('')
        const head = read(lines, method)
        expect(head === undefined).toBe(lengths.length > 1)
        if (head === undefined) return
        const expected = downstreamResponseHead(200, Fields.ofLines(lines).list, noTrailers)
        if (head.passing === undefined) return void expect(lines).toMatch(/^(?:connection|trailer):/im)
        asLines++
        expect(Fields.ofLines(head.passing).list).toEqual(expected.fields.list)
        expect([head.hasDate, head.hasLength]).toEqual([expected.hasDate, expected.hasLength])
      }),
      { numRuns: 2_000 },
    )
    expect(asLines).toBeGreaterThan(200)
  })
})
