import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { generateCertificate } from '../../src/tls/default-certificate.ts'

describe('the generated certificate', () => {
  it('is one that node and OpenSSL take, self-signed, for a year', async () => {
    const now = Date.UTC(2026, 10, 21, 12)
    const certificate = await generateCertificate(undefined, { now })
    const parsed = new X509Certificate(certificate.certPem)
    expect(parsed.verify(parsed.publicKey)).toBe(true)
    expect(parsed.checkPrivateKey(createPrivateKey(certificate.keyPem))).toBe(true)
    expect(parsed.subject).toBe('CN=Headgate default certificate')
    expect(parsed.subjectAltName).toBe('DNS:headgate.local')
    expect(parsed.ca).toBe(false)
    expect(parsed.validFromDate.getTime()).toBe(certificate.notBefore)
    expect(parsed.validToDate.getTime()).toBe(certificate.notAfter)
    expect(certificate.notAfter - now).toBe(365 * 86_400_000)
    expect(certificate.source).toBe('(generated)')
    createSecureContext({ cert: certificate.certPem, key: certificate.keyPem })
  })

  it('has the names it is asked for, and is another each time', async () => {
    const first = await generateCertificate(['A.example', '*.b.example'])
    expect(first.names).toEqual(['a.example', '*.b.example'])
    expect(new X509Certificate(first.certPem).checkHost('x.b.example')).toBe('*.b.example')
    expect((await generateCertificate(['a.example'])).id).not.toBe(first.id)
  })
})

describe('node-forge', () => {
  it('is loaded by whoever generates a certificate, not by whoever could', async () => {
    const loaded = (call: string) => `
      import { createRequire } from 'node:module'
      const sni = await import('${new URL('../../src/tls/sni.ts', import.meta.url)}')
      const generated = await import('${new URL('../../src/tls/default-certificate.ts', import.meta.url)}')
      ${call}
      const files = Object.keys(createRequire('${import.meta.url}').cache)
      console.log(files.some((file) => file.includes('node-forge')))
    `
    const run = async (call: string) =>
      (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', loaded(call)])).stdout.trim()
    expect(await run('')).toBe('false')
    expect(await run('await generated.generateCertificate()')).toBe('true')
  })
})
