import { generateKeyPairSync } from 'node:crypto'
import { issueCertificate } from '../tls/issue-certificate.ts'

export type DemoCertificate = {
  /** Signs the other one; for `curl --cacert`. */
  readonly authorityPem: string
  readonly certPem: string
  readonly keyPem: string
}

/** A certificate for these names, signed by an authority whose key is thrown away. Both hold for 30 days. */
export function createDemoCertificate(names: readonly string[]): DemoCertificate {
  const authority = { commonName: 'Headgate demo authority', key: createKey() }
  const key = createKey()
  const dayMs = 86_400_000
  const now = Math.floor(Date.now() / 1000) * 1000
  const validity = { notBefore: now - dayMs, notAfter: now + 30 * dayMs }
  const leaf = { commonName: names[0] ?? '', names, key, isAuthority: false, ...validity }
  return {
    authorityPem: issueCertificate({ ...authority, names: [], isAuthority: true, ...validity }, authority),
    certPem: issueCertificate(leaf, authority),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function createKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}
