import { describe, expect, it } from 'vitest'
import type { Field } from '../support/header-block.ts'
import { judge, malformed, pseudo, pseudoWith } from './judge.ts'

const connect: readonly Field[] = [
  [':method', 'CONNECT'],
  [':authority', 'app.example.com:443'],
]
const extended = pseudoWith({ ':method': 'CONNECT', ':protocol': 'websocket' })
const without = (fields: readonly Field[], name: string) => fields.filter(([its]) => its !== name)

describe('a request is well formed (RFC 9113 section 8.3.1)', () => {
  const rotations = pseudo.map((_, i) => [...pseudo.slice(i), ...pseudo.slice(0, i)])

  it('with its pseudo-header fields in any order', () => {
    for (const fields of [...rotations, pseudo.toReversed()]) {
      expect(judge([...fields, ['x-app', '1']])).toMatchObject({
        method: 'GET',
        scheme: 'https',
        authority: 'app.example.com',
        path: '/',
        protocol: undefined,
        isTooLarge: false,
      })
    }
  })

  it.each([
    ['without :authority', { ':authority': undefined }, { authority: '' }],
    ['with an empty :authority, which somebody else judges', { ':authority': '' }, { authority: '' }],
    ['with any method', { ':method': 'BREW' }, { method: 'BREW' }],
    ['with a method that is no token, which somebody else judges', { ':method': 'G T' }, { method: 'G T' }],
    ['with any scheme', { ':scheme': 'ftp' }, { scheme: 'ftp' }],
    ['with a query', { ':path': '/a?b=/c' }, { path: '/a?b=/c' }],
    ['with an asterisk for OPTIONS', { ':method': 'OPTIONS', ':path': '*' }, { path: '*' }],
    ['with two slashes', { ':path': '//host/a' }, { path: '//host/a' }],
  ])('%s', (_what, changes, seen) => {
    expect(judge(pseudoWith(changes))).toMatchObject(seen)
  })
})

describe('a request is malformed (RFC 9113 section 8.3)', () => {
  it.each(pseudo.map(([name]) => name).filter((name) => name !== ':authority'))('without %s', (name) => {
    expect(judge(without(pseudo, name))).toBe(malformed)
  })

  it.each([...pseudo, [':protocol', 'websocket'] as const])('with %s twice, the same or not', (name, value) => {
    const fields = name === ':protocol' ? extended : pseudo
    expect(judge([...fields, [name, value]])).toBe(malformed)
    expect(judge([...fields, [name, '/other']])).toBe(malformed)
    expect(judge([...without(fields, name), [name, ''], [name, '']])).toBe(malformed)
  })

  it.each(pseudo)('with %s behind another field', (name, value) => {
    expect(judge([...without(pseudo, name), ['x-app', '1'], [name, value]])).toBe(malformed)
  })

  it.each([
    ['a response has', ':status', '200'],
    ['nobody knows', ':version', 'HTTP/2'],
    ['has no name', ':', 'x'],
    ['is in upper case', ':Path', '/'],
  ])('with a pseudo-header field that %s', (_what, name, value) => {
    expect(judge([...pseudo, [name, value]])).toBe(malformed)
    expect(judge([[name, value], ...pseudo])).toBe(malformed)
  })

  it.each([
    ['no path at all', { ':path': '' }],
    ['a path without a slash', { ':path': 'a' }],
    ['an absolute URL for a path', { ':path': 'https://app.example.com/' }],
    ['an asterisk for GET', { ':path': '*' }],
    ['more than an asterisk', { ':method': 'OPTIONS', ':path': '*/a' }],
    ['a query alone', { ':path': '?a' }],
    ['an empty method', { ':method': '' }],
  ])('with %s', (_what, changes) => {
    expect(judge(pseudoWith(changes))).toBe(malformed)
  })

  it('with nothing in it', () => {
    expect(judge([])).toBe(malformed)
  })
})

describe('CONNECT (RFC 9113 section 8.5)', () => {
  it('has a target and no more', () => {
    expect(judge(connect, {})).toMatchObject({
      method: 'CONNECT',
      authority: 'app.example.com:443',
      path: '',
      scheme: '',
    })
  })

  it.each([
    ['without a target', [[':method', 'CONNECT']]],
    ['with a path', [...connect, [':path', '/']]],
    ['with a scheme', [...connect, [':scheme', 'https']]],
    ['with all that a GET has', pseudoWith({ ':method': 'CONNECT' })],
  ] as readonly (readonly [string, readonly Field[]])[])('is malformed %s', (_what, fields) => {
    expect(judge(fields, {})).toBe(malformed)
  })
})

describe('extended CONNECT (RFC 8441 section 4)', () => {
  it('has all that a GET has, and a protocol', () => {
    expect(judge(extended, {})).toMatchObject({
      method: 'CONNECT',
      protocol: 'websocket',
      scheme: 'https',
      authority: 'app.example.com',
      path: '/',
    })
  })

  it.each([':scheme', ':path', ':authority'])('is malformed without %s', (name) => {
    expect(judge(without(extended, name), {})).toBe(malformed)
  })

  it.each(['GET', 'POST', 'OPTIONS'])('is malformed with %s', (method) => {
    expect(judge(pseudoWith({ ':method': method, ':protocol': 'websocket' }), {})).toBe(malformed)
  })
})
