import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHostHeader, validRuleHost } from '../../src/router/host-name.ts'

describe('parseHostHeader', () => {
  it.each([
    ['a.com', 'a.com'],
    ['A.Com', 'a.com'],
    ['a.com:80', 'a.com'],
    ['a.com:', 'a.com'],
    ['a.com.:443', 'a.com'],
    ['a_b.com', 'a_b.com'],
    ['10.0.0.1:80', '10.0.0.1'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:8080', '[2001:db8::1]'],
  ])('takes %j for %j', (value, host) => {
    expect(parseHostHeader(value)).toBe(host)
  })

  it.each([
    '',
    '.',
    ':80',
    'a..com',
    '.a.com',
    'a.com..',
    'u@a.com',
    'a.com/x',
    'a.com, b.com',
    'a.com b.com',
    ' a.com',
    'a.com:x',
    'a.com:65536',
    'a.com:000080',
    'a.com:80:80',
    '[::1',
    '[::1]x',
    '[::1%25eth0]',
    '[1.2.3.4]',
    '::1',
    '*.a.com',
    'é.com',
    'a\u0000.com',
    'a'.repeat(255),
  ])('refuses %j', (value) => {
    expect(parseHostHeader(value)).toBeUndefined()
  })

  it('gives what it takes for itself, whatever comes in', () => {
    const text = fc.oneof(
      fc.string(),
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    )
    fc.assert(
      fc.property(text, fc.constantFrom('', ':80', '.'), (name, end) => {
        const host = parseHostHeader(name + end)
        if (host === undefined) return
        expect(host).toMatch(/^(\[[0-9a-f:.]+\]|[-a-z0-9._~]+)$/)
        expect(host.startsWith('[') ? isIPv6(host.slice(1, -1)) : true).toBe(true)
        expect(parseHostHeader(host)).toBe(host)
      }),
    )
  })
})

describe('validRuleHost', () => {
  it.each(['a', 'a.com', '*.a.com', 'x-1.a.com', 'xn--bcher-kva.example'])('takes %j', (host) => {
    expect(validRuleHost(host)).toBe(true)
  })

  it.each(['', '*', '*.', 'A.com', 'a.com.', '-a.com', 'a_b.com', '1.2.3.4', '[::1]', 'a.com:80', 'a.*.com', '**.com'])(
    'refuses %j',
    (host) => {
      expect(validRuleHost(host)).toBe(false)
    },
  )
})
