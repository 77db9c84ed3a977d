import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'

export type DemoCertificate = {
  /** Signs the other one; for `curl --cacert`. */
  readonly authorityPem: string
  readonly certPem: string
  readonly keyPem: string
}

/** A certificate for these names, signed by an authority whose key is thrown away. Both hold for 30 days. */
export function createDemoCertificate(names: readonly string[]): DemoCertificate {
  const authority = createKeys()
  const leaf = createKeys()
  const authorityName = [{ name: 'commonName', value: 'Headgate demo authority' }]
  const authorityCert = createCertificate(authority.publicKey, authorityName, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ])
  const leafCert = createCertificate(
    leaf.publicKey,
    [{ name: 'commonName', value: names[0] ?? '' }],
    [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      // Type 2 is dNSName (RFC 5280 §4.2.1.6); browsers look at nothing else.
      { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
    ],
  )
  for (const certificate of [authorityCert, leafCert]) {
    certificate.setIssuer(authorityName)
    certificate.sign(authority.privateKey, forge.md.sha256.create())
  }
  return {
    authorityPem: forge.pki.certificateToPem(authorityCert),
    certPem: forge.pki.certificateToPem(leafCert),
    keyPem: leaf.keyPem,
  }
}

// node:crypto makes the keys: forge takes seconds for it.
function createKeys(): { publicKey: forge.pki.rsa.PublicKey; privateKey: forge.pki.rsa.PrivateKey; keyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return {
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    privateKey: forge.pki.privateKeyFromPem(privateKey),
    keyPem: privateKey,
  }
}

function createCertificate(
  publicKey: forge.pki.rsa.PublicKey,
  subject: forge.pki.CertificateField[],
  extensions: object[],
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = publicKey
  // A leading zero keeps the number positive (RFC 5280 §4.1.2.2).
  certificate.serialNumber = `00${forge.util.bytesToHex(forge.random.getBytesSync(16))}`
  const day = 86_400_000
  certificate.validity.notBefore = new Date(Date.now() - day)
  certificate.validity.notAfter = new Date(Date.now() + 30 * day)
  certificate.setSubject(subject)
  certificate.setExtensions(extensions)
  return certificate
}
