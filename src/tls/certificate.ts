import { createHash, createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import type { Problem } from '../problem.ts'
import type { Certificate } from '../router/table.ts'
import { keyOf, type Secret } from '../watch/objects.ts'
import { dnsNamesOf, leafFirst, parseChain } from './certificate-chain.ts'

export type ParsedCertificate = { readonly certificate: Certificate } | { readonly problem: Problem }

/** The API server allows no Secret above 1 MiB; files do. Parsing more would hold up everything else. */
const maxPemBytes = 1024 * 1024

/** What a TLS library of today takes without being asked to: OpenSSL at its default security level, browsers, Go. */
const minRsaBits = 2048
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** Thrown and caught in this file only: where a mistake is, and in words. */
class SecretError extends Error {
  readonly field: string
  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}

/**
 * The certificate in `tls.crt` and `tls.key` of a Secret, or what is wrong with it. Nothing here looks at the clock: an
 * expired certificate is a certificate.
 *
 * A chain that does not begin with the leaf is put in order, leaf first, each certificate followed by its issuer: the key
 * says which one is the leaf, and clients refuse any other order (RFC 5246 section 7.4.2).
 */
export function parseCertificate(secret: Secret): ParsedCertificate {
  try {
    return { certificate: certificateOf(secret) }
  } catch (error) {
    if (!(error instanceof SecretError)) throw error
    return { problem: problemOf(secret, error) }
  }
}

function certificateOf(secret: Secret): Certificate {
  const { key, keyPem } = parseKey(decode(secret, 'tls.key'))
  const chain = attempt('data[tls.crt]', () => parseChain(decode(secret, 'tls.crt')))
  const ordered = leafFirst(chain, key)
  const leaf = ordered?.[0]
  if (ordered === undefined || leaf === undefined) {
    throw new SecretError(
      'data[tls.key]',
      `the key does not belong to the certificate${namesInWords(chain)} in tls.crt`,
    )
  }
  const certPem = ordered.map((certificate) => certificate.toString()).join('')
  const source = keyOf(secret)
  return {
    id: `${source}@${hashOf(certPem, keyPem)}`,
    certPem,
    keyPem,
    names: dnsNamesOf(leaf),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    source,
  }
}

function hashOf(certPem: string, keyPem: string): string {
  return createHash('sha256').update(certPem).update(keyPem).digest('hex').slice(0, 16)
}

/** Alphabet and padding of RFC 4648 section 4; line breaks are taken, as YAML folds long values. */
const base64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/

function decode(secret: Secret, entry: 'tls.crt' | 'tls.key'): string {
  const field = `data[${entry}]`
  const value = secret.data?.[entry]
  if (value === undefined) throw new SecretError(field, `the Secret has no ${entry}`)
  if (value.trim() === '') throw new SecretError(field, `${entry} is empty`)
  if (value.length > (maxPemBytes * 4) / 3) throw new SecretError(field, `${entry} is larger than 1 MiB`)
  if (!base64.test(value)) throw new SecretError(field, `${entry} is not base64`)
  const text = Buffer.from(value, 'base64').toString('latin1')
  if (text.trim() === '') throw new SecretError(field, `${entry} is empty`)
  return text
}

const keyBlock = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^-]*-----END \1-----/

function parseKey(text: string): { key: KeyObject; keyPem: string } {
  return attempt('data[tls.key]', () => {
    if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
      throw new Error('tls.key is encrypted, and there is no passphrase to open it with')
    }
    const keyPem = keyBlock.exec(text)?.[0]
    if (keyPem === undefined) throw new Error(notAKey(text))
    const key = readKey(keyPem)
    checkKey(key)
    return { key, keyPem: `${keyPem}\n` }
  })
}

function notAKey(text: string): string {
  if (/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text)) {
    return 'tls.key is cut off: a private key begins and does not end'
  }
  const other = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1]
  return other === undefined ? 'tls.key is not PEM' : `tls.key holds no private key but a ${other}`
}

function readKey(keyPem: string): KeyObject {
  try {
    return createPrivateKey(keyPem)
  } catch (error) {
    throw new Error('tls.key holds no private key that can be read', { cause: error })
  }
}

function checkKey(key: KeyObject): void {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength >= minRsaBits) return
      throw new Error(`the RSA key has ${modulusLength} bits, ${minRsaBits} are the least`)
    case 'ec':
      if (curves.has(namedCurve)) return
      throw new Error(`the key is on the curve ${namedCurve}, which TLS clients do not take; P-256, P-384 or P-521 are`)
    case 'ed25519':
      return
    default:
      throw new Error(`a ${key.asymmetricKeyType} key cannot serve TLS; RSA, ECDSA and Ed25519 keys can`)
  }
}

function attempt<T>(field: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof SecretError) throw error
    throw new SecretError(field, error instanceof Error ? error.message : String(error))
  }
}

function namesInWords(chain: readonly X509Certificate[]): string {
  const names = chain[0] === undefined ? [] : dnsNamesOf(chain[0])
  return names.length === 0 ? '' : ` for ${names.slice(0, 3).join(', ')}`
}

function problemOf(secret: Secret, { field, message }: SecretError): Problem {
  const { namespace = '', name } = secret.metadata
  return {
    object: { kind: 'Secret', namespace, name },
    field,
    reason: 'TlsSecretInvalid',
    message,
    instead: 'its hosts are served with the default certificate',
  }
}
