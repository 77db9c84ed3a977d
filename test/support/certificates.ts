import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Certificate } from '../../src/router/table.ts'
import { parseCertificate } from '../../src/tls/certificate.ts'
import { issueCertificate } from '../../src/tls/issue-certificate.ts'
import type { Secret } from '../../src/watch/objects.ts'

export type KeyType = 'ec' | 'rsa' | 'rsa-1024' | 'ed25519' | 'secp256k1'

export type TestAuthority = {
  readonly commonName: string
  readonly key: KeyObject
  /** Of this authority alone; what a client gets as `ca` if it is the root. */
  readonly certPem: string
  /** Of the authorities between this one and the root, this one first. Empty for a root. */
  readonly chainPem: string
}

export type TestCertificate = {
  /** Leaf first, then the intermediates. */
  readonly certPem: string
  readonly keyPem: string
  readonly key: KeyObject
}

export type LeafOptions = {
  readonly keyType?: KeyType
  /** Default: that of `testAuthority()`. */
  readonly authority?: TestAuthority
  readonly commonName?: string
  /** Milliseconds since the epoch. Default: from yesterday to tomorrow. */
  readonly notBefore?: number
  readonly notAfter?: number
  /** A key of its own. Default: one key of each type per process, as RSA keys take long to make. */
  readonly freshKey?: boolean
}

export const dayMs = 86_400_000

const keys = new Map<string, KeyObject>()

function keyOfType(keyType: KeyType, purpose: string): KeyObject {
  const cached = keys.get(`${keyType} ${purpose}`)
  if (cached !== undefined) return cached
  const key = makeKey(keyType)
  keys.set(`${keyType} ${purpose}`, key)
  return key
}

export function makeKey(keyType: KeyType): KeyObject {
  switch (keyType) {
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'secp256k1':
      return generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    case 'rsa-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey
    default:
      return keyType satisfies never
  }
}

let root: TestAuthority | undefined

/** The root that signs every leaf that names no other. Give its `certPem` to clients as `ca`. */
export function testAuthority(): TestAuthority {
  root ??= makeAuthority('Headgate test root')
  return root
}

/** A self-signed root, or with `parent` an intermediate. */
export function makeAuthority(commonName: string, parent?: TestAuthority): TestAuthority {
  const key = keyOfType('ec', commonName)
  const request = { commonName, names: [], key, isAuthority: true, ...validity({}) }
  const certPem = issueCertificate(request, parent ?? { commonName, key })
  return { commonName, key, certPem, chainPem: parent === undefined ? '' : certPem + parent.chainPem }
}

/** A server certificate for these DNS names or IPv4 addresses. */
export function makeCertificate(names: readonly string[], options: LeafOptions = {}): TestCertificate {
  const { keyType = 'ec', authority = testAuthority(), commonName = names[0] ?? 'no name' } = options
  const key = options.freshKey === true ? makeKey(keyType) : keyOfType(keyType, 'leaf')
  const leaf = issueCertificate({ commonName, names, key, isAuthority: false, ...validity(options) }, authority)
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certPem: leaf + authority.chainPem, keyPem, key }
}

function validity({ notBefore = Date.now() - dayMs, notAfter = Date.now() + dayMs }: LeafOptions) {
  return { notBefore, notAfter }
}

/** As the API gives it: values in base64. An entry that is undefined is left out. */
export function makeTlsSecret(
  name: string,
  entries: { readonly certPem?: string | undefined; readonly keyPem?: string | undefined },
  namespace = 'default',
): Secret {
  const data: Record<string, string> = {}
  if (entries.certPem !== undefined) data['tls.crt'] = Buffer.from(entries.certPem).toString('base64')
  if (entries.keyPem !== undefined) data['tls.key'] = Buffer.from(entries.keyPem).toString('base64')
  return { kind: 'Secret', metadata: { name, namespace }, type: 'kubernetes.io/tls', data }
}

/** As it stands in a routing table. */
export function makeTableCertificate(names: readonly string[], options: LeafOptions = {}): Certificate {
  const parsed = parseCertificate(makeTlsSecret(names[0] ?? 'certificate', makeCertificate(names, options)))
  if ('problem' in parsed) throw new Error(parsed.problem.message)
  return parsed.certificate
}
