import { describe, expect, it } from 'vitest'
import { CertificateStore } from '../../src/tls/certificate-store.ts'
import type { Secret } from '../../src/watch/objects.ts'
import { dayMs, makeCertificate, makeTlsSecret } from '../support/certificates.ts'

const good = makeTlsSecret('web', makeCertificate(['a.example']))
const renewed = makeTlsSecret('web', makeCertificate(['a.example']))
const key = 'default/web'
const referenced = new Set([key])

function secretsWith(...secrets: Secret[]): ReadonlyMap<string, Secret> {
  return new Map(secrets.map((secret) => [`default/${secret.metadata.name}`, secret]))
}

describe('certificates of Secrets', () => {
  it('are there for referenced Secrets, and only for those', () => {
    const other = makeTlsSecret('other', { certPem: 'nonsense', keyPem: 'nonsense' })
    const { certificates, problems } = new CertificateStore().update(secretsWith(good, other), referenced)
    expect([...certificates.keys()]).toEqual([key])
    expect(problems).toEqual([])
  })

  it('are of any Secret type, and a referenced Secret without them is a problem', () => {
    const opaque: Secret = { ...good, type: 'Opaque' }
    expect(new CertificateStore().update(secretsWith(opaque), referenced).certificates.size).toBe(1)
    const empty: Secret = { kind: 'Secret', metadata: opaque.metadata, type: 'Opaque', data: { password: 'eA==' } }
    const { problems } = new CertificateStore().update(secretsWith(empty), referenced)
    expect(problems.map(({ reason }) => reason)).toEqual(['TlsSecretInvalid'])
  })

  it('come as the same map and the same problems while nothing changes', () => {
    const store = new CertificateStore()
    const bad = makeTlsSecret('bad', { keyPem: 'x' })
    const both = new Set([key, 'default/bad'])
    const first = store.update(secretsWith(good, bad), both)
    const relabelled: Secret = { ...good, metadata: { ...good.metadata, resourceVersion: '2' } }
    const second = store.update(secretsWith(relabelled, { ...bad }), new Set(both))
    expect(second.certificates).toBe(first.certificates)
    expect(second.problems).toBe(first.problems)
    expect(second.problems).toHaveLength(1)
  })

  it('change when the Secret does, and keep the others as they are', () => {
    const store = new CertificateStore()
    const other = makeTlsSecret('other', makeCertificate(['b.example']))
    const both = new Set([key, 'default/other'])
    const first = store.update(secretsWith(good, other), both)
    const second = store.update(secretsWith(renewed, other), both)
    expect(second.certificates).not.toBe(first.certificates)
    expect(second.certificates.get(key)).not.toBe(first.certificates.get(key))
    expect(second.certificates.get('default/other')).toBe(first.certificates.get('default/other'))
  })
})

describe('the last good certificate', () => {
  const expired = makeCertificate(['a.example'], { notAfter: Date.now() - dayMs / 2 })
  const { certPem, keyPem } = makeCertificate(['a.example'])
  const bad: readonly [string, Secret | undefined, string][] = [
    ['deleted', undefined, 'TlsSecretNotFound'],
    ['emptied', { ...good, data: {} }, 'TlsSecretInvalid'],
    ['without a key', makeTlsSecret('web', { certPem }), 'TlsSecretInvalid'],
    ['without a certificate', makeTlsSecret('web', { keyPem }), 'TlsSecretInvalid'],
    ['truncated', makeTlsSecret('web', { certPem: certPem.slice(0, 300), keyPem }), 'TlsSecretInvalid'],
    [
      'given a wrong key',
      makeTlsSecret('web', { certPem, keyPem: makeCertificate(['a.example'], { keyType: 'rsa' }).keyPem }),
      'TlsSecretInvalid',
    ],
    ['replaced by 5 MB', makeTlsSecret('web', { certPem: certPem.repeat(8000), keyPem }), 'TlsSecretInvalid'],
    ['replaced by an expired one', makeTlsSecret('web', expired), 'CertificateExpired'],
  ]

  it.each(bad)('stays when the Secret is %s, until a good one comes', (_, secret, reason) => {
    const store = new CertificateStore()
    const first = store.update(secretsWith(good), referenced)
    const second = store.update(secret === undefined ? new Map() : secretsWith(secret), referenced)
    expect(second.certificates).toBe(first.certificates)
    expect(second.problems).toMatchObject([{ object: { kind: 'Secret', namespace: 'default', name: 'web' }, reason }])
    expect(second.problems[0]?.instead).toContain('the last good certificate')

    const third = store.update(secretsWith(renewed), referenced)
    expect(third.certificates.get(key)?.id).not.toBe(first.certificates.get(key)?.id)
    expect(third.problems).toEqual([])
  })

  it('of a deleted Secret goes when nobody references it any more', () => {
    const store = new CertificateStore()
    store.update(secretsWith(good), referenced)
    expect(store.update(new Map(), referenced).certificates.size).toBe(1)
    expect(store.update(new Map(), referenced).problems).toHaveLength(1)
    const gone = store.update(new Map(), new Set())
    expect([gone.certificates.size, gone.problems.length]).toEqual([0, 0])
    expect(store.update(new Map(), referenced).certificates.size).toBe(0)
  })

  it('does not exist for a Secret that was never good', () => {
    const { certificates, problems } = new CertificateStore().update(secretsWith({ ...good, data: {} }), referenced)
    expect(certificates.size).toBe(0)
    expect(problems[0]?.instead).toContain('default certificate')
  })

  it('stays when we may not read the Secret any more, with no problem of its own', () => {
    const store = new CertificateStore()
    const first = store.update(secretsWith(good), referenced)
    const forbidden: Secret = { kind: 'Secret', metadata: good.metadata, forbidden: true }
    const second = store.update(secretsWith(forbidden), referenced)
    expect(second.certificates).toBe(first.certificates)
    expect(second.problems).toEqual([])
    const never = new CertificateStore().update(secretsWith(forbidden), referenced)
    expect([never.certificates.size, never.problems.length]).toEqual([0, 0])
  })

  it('is served on after its end, with a problem, and an expired one replaces an expired one', () => {
    let now = Date.now()
    const store = new CertificateStore({ now: () => now })
    const secrets = secretsWith(good)
    const first = store.update(secrets, referenced)
    expect(first.problems).toEqual([])
    expect(store.update(secrets, referenced)).toBe(first)
    now += 2 * dayMs
    const second = store.update(secrets, referenced)
    expect(second.certificates).toBe(first.certificates)
    expect(second.problems).toMatchObject([{ reason: 'CertificateExpired' }])
    const third = store.update(secretsWith(renewed), referenced)
    expect(third.certificates.get(key)?.id).not.toBe(first.certificates.get(key)?.id)
    expect(third.problems).toMatchObject([{ reason: 'CertificateExpired' }])
  })
})
