import { describe, expect, it } from 'vitest'
import type { Field } from '../support/header-block.ts'
import { judge, malformed, pseudo } from './judge.ts'

const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
const shown = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
const withField = (name: string, value: string) => judge([...pseudo, [name, value]])
const passed = (name: string, value: string): boolean => typeof withField(name, value) !== 'string'

describe('the name of a field (RFC 9113 section 8.2.1)', () => {
  const inNames = new Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")

  it('may have the characters of a token but no upper-case letters, and no other octet', () => {
    for (const octet of octets) expect(passed(`x${octet}x`, 'v'), shown(octet)).toBe(inNames.has(octet))
  })

  it('may consist of any one of them', () => {
    for (const octet of octets) expect(passed(octet, 'v'), shown(octet)).toBe(inNames.has(octet))
  })

  it.each(['', ' x', 'x ', 'X-App', 'x-aPp', 'x:y', 'Content-Length', 'HOST', 'x-äpp'])('may not be %j', (name) => {
    expect(withField(name, 'v')).toBe(malformed)
  })
})

describe('the value of a field (RFC 9113 section 8.2.1)', () => {
  it('may have no control character but the tab', () => {
    for (const octet of octets) {
      const code = octet.charCodeAt(0)
      const isControl = (code < 0x20 && octet !== '\t') || code === 0x7f
      expect(passed('x-app', `a${octet}b`), shown(octet)).toBe(!isControl)
    }
  })

  it.each(['', 'a', 'a b', 'a\tb', '\xa0', '\x85a', 'a, b; c="d"', '\xe4\xff'])(
    'may be %j, and comes as it is',
    (value) => {
      expect(withField('x-app', value)).toMatchObject({ fields: [{ name: 'x-app', value }] })
    },
  )

  it.each([' ', '\t', ' a', 'a ', '\ta', 'a\t', 'a\r\nb: c', 'a\nb', 'a\rb', 'a\0'])('may not be %j', (value) => {
    expect(withField('x-app', value)).toBe(malformed)
  })

  it.each([':path', ':authority', ':method', ':scheme'])('has the same rules in %s', (name) => {
    for (const value of ['/a\r\nx: y', '/a\0', ' /a', '/a ', '/a\n']) {
      expect(judge(pseudo.map((field) => (field[0] === name ? [name, value] : field)))).toBe(malformed)
    }
  })
})

describe('a field that speaks of a connection of HTTP/1.1 (RFC 9113 section 8.2.2)', () => {
  it.each([
    ['connection', 'close'],
    ['connection', 'keep-alive'],
    ['connection', ''],
    ['keep-alive', 'timeout=5'],
    ['proxy-connection', 'keep-alive'],
    ['transfer-encoding', 'chunked'],
    ['transfer-encoding', 'identity'],
    ['upgrade', 'websocket'],
    ['upgrade', 'h2c'],
    ['te', 'gzip'],
    ['te', 'trailers, gzip'],
    ['te', 'trailers;q=1'],
    ['te', ''],
  ])('makes the request malformed: %s: %s', (name, value) => {
    expect(withField(name, value)).toBe(malformed)
    expect(judge([...pseudo, [name, value]], {})).toBe(malformed)
  })

  it('may be te, where that says trailers and nothing else', () => {
    expect(withField('te', 'trailers')).toMatchObject({ fields: [{ name: 'te', value: 'trailers' }] })
  })

  it.each(['http2-settings', 'trailer', 'proxy-authorization'])('is not %s', (name) => {
    expect(passed(name, 'x')).toBe(true)
  })
})

describe('fields', () => {
  it('come in their order, doubles included', () => {
    const fields = [
      ['x-b', '1'],
      ['cookie', 'a=1'],
      ['x-a', '2'],
      ['cookie', 'b=2'],
      ['x-b', '3'],
    ] as const
    const head = judge([...pseudo, ...fields])
    if (typeof head === 'string') throw new Error(head)
    expect(head.fields.map(({ name, value }) => [name, value])).toEqual(fields)
  })

  it('are malformed as a whole by one of them, wherever it stands', () => {
    const good: readonly Field[] = [
      ['x-a', '1'],
      ['x-b', '2'],
    ]
    for (let at = 0; at <= good.length; at++) {
      expect(judge([...pseudo, ...good.toSpliced(at, 0, ['X-Bad', '1'])])).toBe(malformed)
    }
  })

  it('give the last priority to whoever has several', () => {
    expect(judge([...pseudo, ['priority', 'u=1'], ['priority', 'u=2']])).toMatchObject({ priority: 'u=2' })
  })
})
