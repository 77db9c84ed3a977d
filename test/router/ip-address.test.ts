import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalAddress, parseAddressRange, socketAddress } from '../../src/router/ip-address.ts'

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:207', '192.0.2.7'],
    ['::', '::'],
  ])('%s is %s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected)
  })

  it.each(['', '1', '1.2.3', '01.2.3.4', '1.2.3.4 ', 'fe80::1%eth0', '[::1]', '::1::', 'localhost', '1.2.3.4:80'])(
    'is none of %j',
    (text) => {
      expect(canonicalAddress(text)).toBeUndefined()
    },
  )

  it('has one spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = canonicalAddress(text)
        expect(address).toBeDefined()
        expect(canonicalAddress(address ?? '')).toBe(address)
        expect(canonicalAddress(text.toUpperCase())).toBe(address)
      }),
    )
  })

  it.each([
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8::7', '2001:db8::7'],
    ['192.0.2.7', '192.0.2.7'],
    ['', ''],
  ])('of a socket, %s, is %s', (text, expected) => {
    expect(socketAddress(text)).toBe(expected)
  })
})

describe('a range of addresses', () => {
  it.each([
    ['10.0.0.0/8', { family: 'ipv4', address: '10.0.0.0', prefix: 8 }],
    ['10.0.0.1', { family: 'ipv4', address: '10.0.0.1', prefix: 32 }],
    ['2001:DB8::/32', { family: 'ipv6', address: '2001:db8::', prefix: 32 }],
    ['::1', { family: 'ipv6', address: '::1', prefix: 128 }],
    ['::ffff:10.0.0.0/104', { family: 'ipv4', address: '10.0.0.0', prefix: 8 }],
  ])('%s is read', (text, expected) => {
    expect(parseAddressRange(text)).toEqual(expected)
  })

  it.each(['', '/8', '10.0.0.0/', '10.0.0.0/33', '::/129', '10.0.0/8', '10.0.0.0/-1', '10.0.0.0/8 ', '::ffff:0:0/95'])(
    'is none of %j',
    (text) => {
      expect(parseAddressRange(text)).toBeUndefined()
    },
  )
})
