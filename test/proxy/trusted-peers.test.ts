import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityRules, TrustedPeers } from '../../src/proxy/trusted-peers.ts'
import { defaultSettings } from '../../src/router/table.ts'

describe('trusted peers', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.8/31', '192.0.2.9', true],
    ['192.0.2.8/31', '192.0.2.10', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '203.0.113.9', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::1', '::1', true],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.0.0.0', false],
    ['::ffff:c000:207', '192.0.2.7', true],
  ])('of %s: %s is one: %s', (range, address, expected) => {
    expect(new TrustedPeers([range]).has(address)).toBe(expected)
  })

  it('are those of which the first bits are the same', () => {
    const bits = (address: string): string =>
      address
        .split('.')
        .map((part) => Number(part).toString(2).padStart(8, '0'))
        .join('')
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (base, address, prefix) => {
        const expected = bits(base).slice(0, prefix) === bits(address).slice(0, prefix)
        expect(new TrustedPeers([`${base}/${prefix}`]).has(address)).toBe(expected)
      }),
    )
  })

  it('are those of any range', () => {
    const peers = new TrustedPeers(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'])
    expect(['10.1.1.1', '2001:db8::1', '192.0.2.7', '::1'].map((address) => peers.has(address))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  it('are not those whose connection is gone: they have no address', () => {
    expect(new TrustedPeers(['0.0.0.0/0', '::/0']).has('')).toBe(false)
  })

  it('are none unless both settings say so', () => {
    const ranges = { trustedRanges: ['10.0.0.0/8'] }
    const on = { useForwardedHeaders: true }
    expect(identityRules({ ...defaultSettings, ...ranges }).trusted).toBeUndefined()
    expect(identityRules({ ...defaultSettings, ...on }).trusted).toBeUndefined()
    expect(identityRules({ ...defaultSettings, ...on, ...ranges })).toMatchObject({
      trusted: expect.any(TrustedPeers),
      addressesOnly: false,
    })
  })

  it('say addresses alone with enable-real-ip', () => {
    const settings = { ...defaultSettings, enableRealIp: true, trustedRanges: ['10.0.0.0/8'] }
    expect(identityRules(settings)).toMatchObject({ trusted: expect.any(TrustedPeers), addressesOnly: true })
    expect(identityRules({ ...settings, useForwardedHeaders: true }).addressesOnly).toBe(false)
  })
})
