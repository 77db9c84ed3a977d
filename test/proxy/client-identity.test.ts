import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClientClaims, claimsOfLines, claimsOfList } from '../../src/proxy/client-claims.ts'
import { believedIdentity, hopsBehind, maxForwardedForEntries, ownIdentity } from '../../src/proxy/client-identity.ts'
import { Fields } from '../../src/proxy/fields.ts'
import { identityLines, singleHeader } from '../../src/proxy/headers.ts'
import { type IdentityRules, TrustedPeers } from '../../src/proxy/trusted-peers.ts'

const trusted = new TrustedPeers(['10.0.0.0/8', '2001:db8:ffff::/48'])
const rules: IdentityRules = { trusted, addressesOnly: false, fullForwardedFor: true, addForwarded: false }
const peer = { authority: 'app.example.com', scheme: 'http', peerAddress: '10.0.0.1' } as const

const hops = (forwardedFor: string): string => hopsBehind(forwardedFor, '10.0.0.1', trusted).join(', ')

describe('the way back to the client', () => {
  it.each([
    ['ends with the first that is not trusted', '6.6.6.6, 192.0.2.7, 10.9.9.9', '192.0.2.7, 10.9.9.9, 10.0.0.1'],
    ['ends with the peer where there is nothing', '', '10.0.0.1'],
    ['ends with the last there is where all are trusted', '10.1.1.1,10.2.2.2', '10.1.1.1, 10.2.2.2, 10.0.0.1'],
    ['ends before what is no address', '192.0.2.7, unknown, 10.9.9.9', '10.9.9.9, 10.0.0.1'],
    ['ends before an obfuscated name', '192.0.2.7, _hidden', '10.0.0.1'],
    ['ends before a number that only inet_aton reads', '192.0.2.7, 167772161', '10.0.0.1'],
    ['ends before digits that may be octal', '192.0.2.7, 010.0.0.1', '10.0.0.1'],
    ['ends before four numbers of which one is too large', '10.0.0.256', '10.0.0.1'],
    ['ends before an address with a zone', '192.0.2.7, fe80::1%eth0', '10.0.0.1'],
    ['ends before an address in quotes', '192.0.2.7, "10.9.9.9"', '10.0.0.1'],
    ['ends before brackets around IPv4', '[192.0.2.7]', '10.0.0.1'],
    ['ends before brackets that do not close', '[2001:db8::7', '10.0.0.1'],
    ['ends before a port that is none', '192.0.2.7:port', '10.0.0.1'],
    ['ends before two entries without a comma', '192.0.2.7 10.9.9.9', '10.0.0.1'],
    ['passes over empty entries', ' , 192.0.2.7,,\t, 10.9.9.9 ,', '192.0.2.7, 10.9.9.9, 10.0.0.1'],
    ['knows ports', '192.0.2.7:1234, 10.9.9.9:1', '192.0.2.7, 10.9.9.9, 10.0.0.1'],
    ['knows IPv6', '2001:db8::7, 2001:db8:ffff::1', '2001:db8::7, 2001:db8:ffff::1, 10.0.0.1'],
    ['knows IPv6 in brackets', '[2001:DB8::7]', '2001:db8::7, 10.0.0.1'],
    ['knows IPv6 with a port', '[2001:db8:0:0::7]:443', '2001:db8::7, 10.0.0.1'],
    ['knows mapped IPv4', '192.0.2.7, ::ffff:10.9.9.9', '192.0.2.7, 10.9.9.9, 10.0.0.1'],
    ['knows mapped IPv4 in hexadecimal', '::FFFF:c000:0207, ::ffff:a09:909', '192.0.2.7, 10.9.9.9, 10.0.0.1'],
  ])('%s', (_what, forwardedFor, expected) => {
    expect(hops(forwardedFor)).toBe(expected)
  })

  it('is not walked further than 64 entries', () => {
    const walked = hopsBehind(`6.6.6.6,${'10.1.1.1,'.repeat(1_000)}10.2.2.2`, '10.0.0.1', trusted)
    expect(walked).toHaveLength(1 + maxForwardedForEntries)
    expect([walked[0], walked.at(-2), walked.at(-1)]).toEqual(['10.1.1.1', '10.2.2.2', '10.0.0.1'])
  })

  it('is not walked further for empty entries either', () => {
    expect(hops(`192.0.2.7${','.repeat(1_000)}`)).toBe('10.0.0.1')
  })

  const entry = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((address) => address.replace(/^\d+/, '10')),
    fc.constantFrom('unknown', '', ' ', '10.1.1.1:80', '[::1]', '_x', '10.0.0', '::ffff:10.1.1.1', 'fe80::1%1'),
    fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
  )
  const trustedEntry = fc.oneof(
    fc.ipV4().map((address) => address.replace(/^\d+/, '10')),
    fc.constantFrom('2001:db8:ffff::1', '[2001:db8:ffff::2]:80', '', ' '),
  )
  const unvouched = fc.constantFrom('192.0.2.7', '2001:db8::7', '[2001:db8::7]:1', 'unknown', '1.2.3.4.5', 'x y')

  it('depends only on what stands to the right of the first hop that is not trusted, and on that', () => {
    fc.assert(
      fc.property(
        fc.array(entry),
        fc.array(entry),
        unvouched,
        fc.array(trustedEntry, { maxLength: 20 }),
        (some, others, first, after) => {
          const right = [first, ...after].join(',')
          const walk = (left: readonly string[]): string => hops([...left, right].join(','))
          expect(walk(some)).toBe(hops(right))
          expect(walk(others)).toBe(hops(right))
        },
      ),
    )
  })

  it('is through trusted hops, whatever is written', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 100 }), (entries) => {
        const [, ...behind] = hopsBehind(entries.join(','), '10.0.0.1', trusted)
        expect(behind.every((address) => trusted.has(address))).toBe(true)
        expect(hops(entries.join(','))).toMatch(/^[0-9a-f.:]+(, [0-9a-f.:]+)*$/)
      }),
    )
  })
})

const claims = (...fields: readonly (readonly [string, string])[]): ClientClaims => {
  const read = new ClientClaims()
  for (const [name, value] of fields) read.add(name, value)
  return read
}

const believed = (...fields: readonly (readonly [string, string])[]) => {
  const { scheme, authority, port } = believedIdentity(peer, claims(...fields), rules)
  return [scheme, authority, port]
}

describe('what a trusted peer says of a request', () => {
  it.each([
    ['the scheme, and the port with it', [['x-forwarded-proto', 'https']], ['https', 'app.example.com', 443]],
    ['the scheme in any case', [['x-forwarded-proto', 'HTTPS']], ['https', 'app.example.com', 443]],
    ['the host, and the port with it', [['x-forwarded-host', 'a.test:8080']], ['http', 'a.test:8080', 8080]],
    ['an address for a host', [['x-forwarded-host', '[2001:db8::7]']], ['http', '[2001:db8::7]', 80]],
    ['the port', [['x-forwarded-port', '8443']], ['http', 'app.example.com', 8443]],
    [
      'all of them',
      [
        ['x-forwarded-port', '1'],
        ['x-forwarded-proto', 'https'],
        ['x-forwarded-host', 'a.test:2'],
      ],
      ['https', 'a.test:2', 1],
    ],
  ] as const)('is kept: %s', (_what, fields, expected) => {
    expect(believed(...fields)).toEqual(expected)
  })

  it.each([
    ['x-forwarded-proto', 'ws'],
    ['x-forwarded-proto', ''],
    ['x-forwarded-proto', 'https, http'],
    ['x-forwarded-proto', 'https '],
    ['x-forwarded-host', ''],
    ['x-forwarded-host', 'a.test, b.test'],
    ['x-forwarded-host', 'a.test/path'],
    ['x-forwarded-host', 'user@a.test'],
    ['x-forwarded-host', 'a..test'],
    ['x-forwarded-host', '[fe80::1%25eth0]'],
    ['x-forwarded-port', '0'],
    ['x-forwarded-port', '65536'],
    ['x-forwarded-port', '-1'],
    ['x-forwarded-port', '443x'],
    ['x-forwarded-port', '0x50'],
    ['x-forwarded-port', ''],
  ])('is nothing where it is malformed: %s: %s', (name, value) => {
    expect(believed([name, value])).toEqual(['http', 'app.example.com', 80])
  })

  it.each([
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-host', 'a.test'],
    ['x-forwarded-port', '8443'],
  ])('is nothing where it is said twice: %s', (name, value) => {
    expect(believed([name, value], [name, value])).toEqual(['http', 'app.example.com', 80])
    expect(believed([name, value], [name, value], [name, value])).toEqual(['http', 'app.example.com', 80])
  })

  it('is the same list in one field and in several', () => {
    const one = claims(['x-forwarded-for', '6.6.6.6, 192.0.2.7, 10.9.9.9'])
    const three = claims(
      ['x-forwarded-for', '6.6.6.6'],
      ['x-forwarded-for', '192.0.2.7'],
      ['x-forwarded-for', '10.9.9.9'],
    )
    expect(believedIdentity(peer, three, rules)).toEqual(believedIdentity(peer, one, rules))
  })

  it('names but the client without compute-full-forwarded-for', () => {
    const said = claims(['x-forwarded-for', '192.0.2.7, 10.9.9.9'])
    expect(believedIdentity(peer, said, { ...rules, fullForwardedFor: false })).toMatchObject({
      clientAddress: '192.0.2.7',
      hops: ['192.0.2.7'],
    })
  })

  it('is its addresses alone where the rest does not count', () => {
    const said = claims(
      ['x-forwarded-for', '192.0.2.7'],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-host', 'a.test:1'],
      ['x-forwarded-port', '2'],
    )
    const { scheme, authority, port, clientAddress } = believedIdentity(peer, said, { ...rules, addressesOnly: true })
    expect([scheme, authority, port, clientAddress]).toEqual(['http', 'app.example.com', 80, '192.0.2.7'])
  })

  it('is read alike from lines and from a list, in any case, and in no other spelling', () => {
    const name = fc.oneof(
      fc.constantFrom('X-Forwarded-For', 'x-forwarded-FOR', 'X_Forwarded_For', 'X-Forwarded-Proto', 'X-FORWARDED-HOST'),
      fc.constantFrom('x-forwarded-port', 'Forwarded', 'X-Real-IP', 'X-Forwarded-By', 'X-Forwarded-Scheme', 'Accept'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/))), (fields) => {
        const list = fields.flat()
        const expected = claims(...fields.map(([field, value]) => [field.toLowerCase(), value] as const))
        expect(claimsOfList(list)).toEqual(expected)
        expect(claimsOfLines(Fields.ofList(list).lines)).toEqual(expected)
      }),
    )
  })
})

describe('the fields about the client', () => {
  const own = (addForwarded: boolean, peerAddress = '192.0.2.7', authority = 'app.example.com'): readonly string[] => {
    const forwardedAs = ownIdentity({ ...peer, peerAddress, authority }, { ...rules, addForwarded })
    return Fields.ofLines(`${identityLines(forwardedAs)}id\r\n`).list
  }

  it('leave Forwarded out where nobody asks for it', () => {
    expect(singleHeader(own(false), 'forwarded')).toBeUndefined()
  })

  it.each([
    ['192.0.2.7', 'app.example.com', 'for=192.0.2.7;host=app.example.com;proto=http'],
    ['192.0.2.7', 'app.example.com:8080', 'for=192.0.2.7;host="app.example.com:8080";proto=http'],
    ['2001:db8::7', '[::1]', 'for="[2001:db8::7]";host="[::1]";proto=http'],
  ])('say it by RFC 7239 too: of %s, asking for %s', (address, authority, expected) => {
    expect(singleHeader(own(true, address, authority), 'forwarded')).toBe(expected)
  })

  it('say every hop by RFC 7239', () => {
    const said = claims(['x-forwarded-for', '2001:db8::7'], ['x-forwarded-proto', 'https'])
    const lines = identityLines(believedIdentity(peer, said, { ...rules, addForwarded: true }))
    expect(lines).toContain('\r\nForwarded: for="[2001:db8::7]";host=app.example.com;proto=https, for=10.0.0.1\r\n')
  })
})
