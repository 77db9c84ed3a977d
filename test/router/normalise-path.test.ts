import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalisePath, normaliseRulePath } from '../../src/router/normalise-path.ts'

const forms: readonly (readonly [target: string, match: string, forward: string])[] = [
  ['/', '/', '/'],
  ['/a?b=%2e/../#'.slice(0, -1), '/a', '/a?b=%2e/../'],
  ['/%61dmin/%7Ex', '/admin/~x', '/admin/~x'],
  ['/a%2fb', '/a/b', '/a%2fb'],
  ['/a%5Cb', '/a/b', '/a%5Cb'],
  ['/a%21%20%c3%a9', '/a!%20%C3%A9', '/a%21%20%c3%a9'],
  ['/%2541', '/%2541', '/%2541'],
  ['//a//b//', '/a/b/', '//a//b//'],
  ['/a//b/../c', '/a/c', '/a/c'],
  ['/a/./b/%2e%2E/', '/a/', '/a/'],
  ['/a/..', '/', '/'],
  ['/.well-known/x', '/.well-known/x', '/.well-known/x'],
  ['/x//../admin', '/admin', '/admin'],
]

const refused = [
  '',
  'a',
  '*',
  'http://a/',
  '/a b',
  '/a\tb',
  '/a\u0000',
  '/é',
  '/a#b',
  '/a\\b',
  '/a?b c',
  '/a?é',
  '/%',
  '/%4',
  '/%zz',
  '/%00',
  '/..',
  '/a/../..',
  '/%2e%2e/',
  '/a%2f..',
  '/a%2f../b',
  '/a/..%2fb',
  '/a%5c..%5cb',
  '/.%2fa',
  '/a/..;/b',
  '/a/.;x/b',
  '/a/..%3bx/b',
  '/a%2fb/../c',
]

describe('normalisePath', () => {
  it.each(forms)('takes %j', (target, match, forward) => {
    expect(normalisePath(target)).toEqual({ match, forward })
  })

  it.each(refused.map((target) => [target]))('refuses %j', (target) => {
    expect(normalisePath(target)).toBeUndefined()
  })

  it('forwards what has the same match form as what was sent, and changes it no further', () => {
    fc.assert(
      fc.property(messyPath, (target) => {
        const once = normalisePath(target)
        if (once === undefined) return
        expect(normalisePath(once.forward)).toEqual(once)
        expect(once.match).not.toMatch(/\/\/|\/\.\.?(\/|$)/)
      }),
      { numRuns: 2000 },
    )
  })

  it('lets no spelling of a protected prefix slip past it', () => {
    fc.assert(
      fc.property(spellings, (target) => {
        const path = normalisePath(target)
        if (path !== undefined) expect(path.match).toMatch(/^\/admin(\/|$)/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('normaliseRulePath', () => {
  it('encodes what a request can only send encoded', () => {
    expect(normaliseRulePath('/é a')).toBe(normalisePath('/%c3%a9%20a')?.match)
  })

  it.each(['/a?b', '/a#b', 'a', '/\ud800', '/a\\b'])('refuses %j', (path) => {
    expect(normaliseRulePath(path)).toBeUndefined()
  })
})

const messyPath = fc
  .array(fc.constantFrom('/', '/', '.', '..', '%2e', '%2F', '%5c', '%41', '%25', '%20', 'a', 'b', ';', '%3b', '?', '!'))
  .map((parts) => `/${parts.join('')}`)

const letter = (char: string) =>
  fc.constantFrom(
    char,
    char,
    `%${char.charCodeAt(0).toString(16)}`,
    `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
const separator = fc.constantFrom(
  '/',
  '//',
  '/./',
  '/x/../',
  '/%2e/',
  '/x/%2E./',
  '%2f',
  '%5C',
  '/%2f',
  '%2f/',
  '/x%2f../',
)
const spellings = fc
  .tuple(separator, ...[...'admin'].map(letter), separator, fc.constantFrom('x', '', 'x?y', '%2e', '..%2f'))
  .map((parts) => parts.join(''))
  .map((path) => (path.startsWith('/') ? path : `/${path}`))
