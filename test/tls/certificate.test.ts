import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../../src/tls/certificate.ts'
import type { Secret } from '../../src/watch/objects.ts'
import { dayMs, type KeyType, makeAuthority, makeCertificate, makeKey, makeTlsSecret } from '../support/certificates.ts'

const good = makeCertificate(['shop.example.com'])

function certificateOf(secret: Secret) {
  const parsed = parseCertificate(secret)
  if ('problem' in parsed) throw new Error(parsed.problem.message)
  return parsed.certificate
}

function problemOf(secret: Secret) {
  const parsed = parseCertificate(secret)
  if ('certificate' in parsed) throw new Error(`${parsed.certificate.id} is good`)
  return parsed.problem
}

describe('a good Secret', () => {
  it.each<KeyType>(['rsa', 'ec', 'ed25519'])('with a key of type %s becomes a certificate', (keyType) => {
    const { certPem, keyPem } = makeCertificate(['shop.example.com'], { keyType })
    const certificate = certificateOf(makeTlsSecret('web', { certPem, keyPem }, 'shop'))
    expect(certificate).toMatchObject({ names: ['shop.example.com'], source: 'shop/web', certPem })
    expect(certificate.id).toMatch(/^shop\/web@[0-9a-f]{16}$/)
    createSecureContext({ cert: certificate.certPem, key: certificate.keyPem })
  })

  it('gives the DNS names in lower case, wildcards too, and neither addresses nor the common name', () => {
    const names = ['Shop.Example.COM', '*.example.com', '127.0.0.1', 'shop.example.com']
    const secret = makeTlsSecret('web', makeCertificate(names, { commonName: 'other.example.com' }))
    expect(certificateOf(secret).names).toEqual(['shop.example.com', '*.example.com'])
  })

  it('without a subjectAltName has no names', () => {
    expect(certificateOf(makeTlsSecret('web', makeCertificate([], { commonName: 'a.example' }))).names).toEqual([])
  })

  it('does not take two names from a name with a comma in it', () => {
    const secret = makeTlsSecret('web', makeCertificate(['a.example, DNS:b.example', 'c.example']))
    expect(certificateOf(secret).names).toEqual(['c.example'])
  })

  it('says from when to when it holds', () => {
    const notBefore = Date.UTC(2020, 0, 2, 3, 4, 5)
    const notAfter = Date.UTC(2051, 5, 7, 8, 9, 10)
    const secret = makeTlsSecret('web', makeCertificate(['a.example'], { notBefore, notAfter }))
    expect(certificateOf(secret)).toMatchObject({ notBefore, notAfter })
  })

  it('is a certificate also after it expired', () => {
    const secret = makeTlsSecret('web', makeCertificate(['a.example'], { notAfter: Date.now() - dayMs / 2 }))
    expect(certificateOf(secret).notAfter).toBeLessThan(Date.now())
  })

  it('has the same id for the same bytes and another for others', () => {
    const id = certificateOf(makeTlsSecret('web', good)).id
    expect(certificateOf(makeTlsSecret('web', good)).id).toBe(id)
    expect(certificateOf(makeTlsSecret('web', makeCertificate(['shop.example.com']))).id).not.toBe(id)
  })

  it('may fold its base64 and have text around the blocks, EC parameters and carriage returns in them', () => {
    const keyPem = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${good.key.export({ type: 'sec1', format: 'pem' })}`
    const certPem = `Bag Attributes\r\n  friendlyName: a\r\n${good.certPem.replaceAll('\n', '\r\n')}`
    const secret = makeTlsSecret('web', { certPem, keyPem })
    const folded = Object.entries(secret.data ?? {}).map(([key, value]) => [key, value.replace(/.{60}/g, '$&\n')])
    const certificate = certificateOf({ ...secret, data: Object.fromEntries(folded) })
    expect(certificate.certPem).toBe(good.certPem)
    createSecureContext({ cert: certificate.certPem, key: certificate.keyPem })
  })
})

describe('a chain', () => {
  const root = makeAuthority('chain root')
  const upper = makeAuthority('upper', root)
  const lower = makeAuthority('lower', upper)
  const { certPem, keyPem } = makeCertificate(['a.example'], { authority: lower, freshKey: true })
  const blocks = certPem.split(/(?<=-----END CERTIFICATE-----\n)/)

  function commonNames(pem: string): string[] {
    const certificates = pem.split(/(?<=-----END CERTIFICATE-----\n)/).filter((block) => block !== '')
    return certificates.map((block) => new X509Certificate(block).subject.replace('CN=', ''))
  }

  it('stays as it is when the leaf comes first', () => {
    expect(commonNames(certificateOf(makeTlsSecret('web', { certPem, keyPem })).certPem)).toEqual([
      'a.example',
      'lower',
      'upper',
    ])
  })

  it('is put in order, each certificate before its issuer, when the leaf does not', () => {
    const reversed = [root.certPem, ...blocks.toReversed()].join('')
    const ordered = certificateOf(makeTlsSecret('web', { certPem: reversed, keyPem }))
    expect(commonNames(ordered.certPem)).toEqual(['a.example', 'lower', 'upper', 'chain root'])
    expect(ordered.names).toEqual(['a.example'])
  })
})

describe('a bad Secret', () => {
  const other = makeKey('ec').export({ type: 'pkcs8', format: 'pem' }).toString()
  const encrypted = good.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
  const legacy = makeKey('rsa')
    .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString()
  const { certPem, keyPem } = good
  const damaged = certPem.replace(/\n(.{20}).{8}/, '\n$1AAAAAAAA')
  const weak = makeCertificate(['a.example'], { keyType: 'rsa-1024' })
  const strange = makeCertificate(['a.example'], { keyType: 'secp256k1' })

  const cases: readonly [string, Parameters<typeof makeTlsSecret>[1], string, RegExp][] = [
    ['without tls.crt', { keyPem }, 'tls.crt', /has no tls\.crt/],
    ['without tls.key', { certPem }, 'tls.key', /has no tls\.key/],
    ['with an empty tls.crt', { certPem: '', keyPem }, 'tls.crt', /is empty/],
    ['with an empty tls.key', { certPem, keyPem: ' \n' }, 'tls.key', /is empty/],
    ['with a tls.crt that is no PEM', { certPem: 'hello', keyPem }, 'tls.crt', /is not PEM/],
    ['with a tls.key that is no PEM', { certPem, keyPem: 'hello' }, 'tls.key', /is not PEM/],
    ['with a truncated tls.crt', { certPem: certPem.slice(0, 200), keyPem }, 'tls.crt', /cut off/],
    ['with a truncated chain', { certPem: certPem + certPem.slice(0, 200), keyPem }, 'tls.crt', /cut off/],
    ['with a truncated tls.key', { certPem, keyPem: keyPem.slice(0, 100) }, 'tls.key', /cut off/],
    ['with damage in tls.crt', { certPem: damaged, keyPem }, 'tls.crt', /certificate 1 of 1 .* cannot be read/],
    [
      'with damage in tls.key',
      { certPem, keyPem: keyPem.replace(/\nM.{9}/, '\nMAAAAAAAAA') },
      'tls.key',
      /can be read/,
    ],
    [
      'with key and certificate swapped',
      { certPem: keyPem, keyPem: certPem },
      'tls.key',
      /no private key but a CERTIFICATE/,
    ],
    ['with a key in tls.crt', { certPem: keyPem, keyPem }, 'tls.crt', /no certificate but a PRIVATE KEY/],
    [
      'with the key of another certificate',
      { certPem, keyPem: other },
      'tls.key',
      /not belong .* for shop\.example\.com/,
    ],
    ['with a key of another type', { certPem, keyPem: rsaKeyPem() }, 'tls.key', /does not belong/],
    ['with an encrypted key', { certPem, keyPem: encrypted }, 'tls.key', /is encrypted/],
    ['with a key encrypted the old way', { certPem, keyPem: legacy }, 'tls.key', /is encrypted/],
    ['with a short RSA key', weak, 'tls.key', /1024 bits/],
    ['with a curve that TLS does not know', strange, 'tls.key', /secp256k1/],
    ['of 5 MB', { certPem: certPem.repeat(8000), keyPem }, 'tls.crt', /larger than 1 MiB/],
  ]

  function rsaKeyPem(): string {
    return makeCertificate(['a.example'], { keyType: 'rsa' }).keyPem
  }

  it.each(cases)('%s is a problem that says so', (_, entries, entry, message) => {
    const problem = problemOf(makeTlsSecret('web', entries, 'shop'))
    expect(problem).toMatchObject({
      object: { kind: 'Secret', namespace: 'shop', name: 'web' },
      field: `data[${entry}]`,
      reason: 'TlsSecretInvalid',
      message: expect.stringMatching(message),
    })
  })

  it('that is not base64, or has no data at all, is a problem too', () => {
    const secret = makeTlsSecret('web', good)
    expect(problemOf({ ...secret, data: { ...secret.data, 'tls.crt': '-----BEGIN' } }).message).toMatch(/not base64/)
    const { data: _, ...empty } = secret
    expect(problemOf(empty).message).toMatch(/has no tls/)
  })

  it('never has its key in the message', () => {
    for (const [, entries] of cases) {
      const { message, instead } = problemOf(makeTlsSecret('web', entries))
      expect(`${message} ${instead}`).not.toMatch(/[A-Za-z0-9+/]{30}/)
    }
  })
})
