import { createHash, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Certificate } from '../router/table.ts'

const dayMs = 86_400_000

export type DefaultCertificateOptions = {
  /** Milliseconds since the epoch. */
  readonly now?: number
}

/**
 * A self-signed certificate, good for a year, for names that no Secret serves. On P-256: made in two milliseconds where an
 * RSA key takes up to a second, a tenth of the work per handshake, and every client of TLS 1.2 knows it.
 */
export async function generateCertificate(
  names: readonly string[] = ['headgate.local'],
  options: DefaultCertificateOptions = {},
): Promise<Certificate> {
  // Here and not above: node-forge costs 50 ms and some megabytes, and whoever only imports this file may not need it.
  const { issueCertificate } = await import('./issue-certificate.ts')
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const now = options.now ?? Date.now()
  // Certificates know whole seconds. A day back, for clients whose clocks are behind.
  const notBefore = Math.floor(now / 1000) * 1000 - dayMs
  const notAfter = notBefore + 366 * dayMs
  const commonName = 'Headgate default certificate'
  const lowerCase = names.map((name) => name.toLowerCase())
  const certPem = issueCertificate(
    { commonName, names: lowerCase, notBefore, notAfter, key: privateKey, isAuthority: false },
    { commonName, key: privateKey },
  )
  const id = `(generated)@${createHash('sha256').update(certPem).digest('hex').slice(0, 16)}`
  return { id, certPem, keyPem, names: lowerCase, notBefore, notAfter, source: '(generated)' }
}
