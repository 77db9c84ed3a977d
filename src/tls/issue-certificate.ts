import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import forge from 'node-forge'

// node-forge signs with RSA keys only; its ASN.1 writer with the signatures of node:crypto does for EC keys too, in a
// fortieth of the time. Nothing from outside is parsed with it.

const { asn1 } = forge
const { Type, Class } = asn1

export type CertificateRequest = {
  readonly commonName: string
  /** DNS names and, by their look, IPv4 addresses. Empty: no subjectAltName. */
  readonly names: readonly string[]
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** RSA or EC; public or private. */
  readonly key: KeyObject
  /** May sign other certificates. */
  readonly isAuthority: boolean
}

/** Who signs. For a self-signed certificate: the common name and the key of the request. */
export type Issuer = { readonly commonName: string; readonly key: KeyObject }

const oids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  ed25519: '1.3.101.112',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
}

/** An X.509 version 3 certificate (RFC 5280 section 4.1) in PEM. */
export function issueCertificate(request: CertificateRequest, issuer: Issuer): string {
  const algorithm = signatureAlgorithm(issuer.key)
  const body = sequence(
    context(0, [integer(Buffer.of(2))]),
    // Positive, and without a leading zero octet (DER).
    integer(Buffer.concat([Buffer.of(0x40), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer.commonName),
    sequence(time(request.notBefore), time(request.notAfter)),
    distinguishedName(request.commonName),
    asn1.fromDer(publicKeyDer(request.key).toString('binary')),
    context(3, [sequence(...extensions(request, issuer))]),
  )
  const bytes = Buffer.from(asn1.toDer(body).getBytes(), 'binary')
  const signature = sign(issuer.key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, issuer.key)
  const der = asn1.toDer(sequence(body, algorithm, bitString(signature))).getBytes()
  return forge.pem.encode({ type: 'CERTIFICATE', body: der }).replaceAll('\r', '')
}

function signatureAlgorithm(key: KeyObject): forge.asn1.Asn1 {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return sequence(oid(oids.ecdsaWithSha256))
    case 'ed25519':
      return sequence(oid(oids.ed25519))
    default:
      return sequence(oid(oids.sha256WithRsa), node(Type.NULL, false, ''))
  }
}

function extensions(request: CertificateRequest, issuer: Issuer): forge.asn1.Asn1[] {
  // keyCertSign and cRLSign (bits 5 and 6), or digitalSignature (bit 0).
  const usage = request.isAuthority ? Buffer.of(1, 0x06) : Buffer.of(7, 0x80)
  const list = [
    extension(oids.basicConstraints, true, sequence(...(request.isAuthority ? [boolean(true)] : []))),
    extension(oids.keyUsage, true, node(Type.BITSTRING, false, usage.toString('binary'))),
    extension(oids.subjectKeyIdentifier, false, octets(keyIdentifier(request.key))),
    extension(oids.authorityKeyIdentifier, false, sequence(contextBytes(0, keyIdentifier(issuer.key)))),
  ]
  if (request.names.length > 0) {
    list.push(extension(oids.subjectAltName, false, sequence(...request.names.map(generalName))))
  }
  return list
}

function extension(id: string, critical: boolean, value: forge.asn1.Asn1): forge.asn1.Asn1 {
  const der = Buffer.from(asn1.toDer(value).getBytes(), 'binary')
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(der))
}

function generalName(name: string): forge.asn1.Asn1 {
  return /^[0-9.]+$/.test(name)
    ? contextBytes(7, Buffer.from(name.split('.').map(Number)))
    : contextBytes(2, Buffer.from(name, 'latin1'))
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1').update(publicKeyDer(key)).digest()
}

function publicKeyDer(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ type: 'spki', format: 'der' })
}

function distinguishedName(commonName: string): forge.asn1.Asn1 {
  return sequence(
    node(Type.SET, true, [sequence(oid(oids.commonName), node(Type.UTF8, false, forge.util.encodeUtf8(commonName)))]),
  )
}

/** UTCTime until 2049, GeneralizedTime after that (RFC 5280 section 4.1.2.5). */
function time(milliseconds: number): forge.asn1.Asn1 {
  const date = new Date(milliseconds)
  return date.getUTCFullYear() < 2050
    ? node(Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : node(Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date))
}

function node(type: forge.asn1.Type, constructed: boolean, value: string | forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, type, constructed, value)
}

function sequence(...items: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return node(Type.SEQUENCE, true, items)
}

function oid(id: string): forge.asn1.Asn1 {
  return node(Type.OID, false, asn1.oidToDer(id).getBytes())
}

function integer(bytes: Buffer): forge.asn1.Asn1 {
  return node(Type.INTEGER, false, bytes.toString('binary'))
}

function boolean(value: boolean): forge.asn1.Asn1 {
  return node(Type.BOOLEAN, false, value ? '\u00ff' : '\u0000')
}

function octets(bytes: Buffer): forge.asn1.Asn1 {
  return node(Type.OCTETSTRING, false, bytes.toString('binary'))
}

/** Whole octets: the first one says that no bit at the end is unused. */
function bitString(bytes: Buffer): forge.asn1.Asn1 {
  return node(Type.BITSTRING, false, `\u0000${bytes.toString('binary')}`)
}

// Tag numbers of the context class are not members of Type, which names the universal ones.
function context(tag: forge.asn1.Type, items: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, items)
}

function contextBytes(tag: forge.asn1.Type, bytes: Buffer): forge.asn1.Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, bytes.toString('binary'))
}
