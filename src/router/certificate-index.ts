import type { Problem } from '../problem.ts'
import type { ObjectKey, Secret } from '../watch/objects.ts'
import type { BuildInput, BuildOptions } from './build-input.ts'
import { chooseCertificate, type OwnedClaim } from './certificates.ts'
import { compareAge } from './ingress.ts'
import type { PartChange } from './ingress-index.ts'
import { forEachChange } from './map-changes.ts'
import { MultiMap } from './multi-map.ts'
import { compareText } from './shape.ts'
import type { Certificate } from './table.ts'

/** Certificates by server name; only names whose claims, Secrets or certificates changed are looked at again. */
export class CertificateIndex {
  readonly problems = new Map<string, readonly Problem[]>()
  readonly #options: BuildOptions
  readonly #claims = new MultiMap<string, OwnedClaim>()
  readonly #namesOf = new MultiMap<ObjectKey, string>()
  readonly #owned = new WeakMap<object, readonly OwnedClaim[]>()
  #secrets: ReadonlyMap<ObjectKey, Secret> = new Map()
  #certificates: BuildInput['certificates'] = new Map()
  #table: ReadonlyMap<string, Certificate>

  constructor(options: BuildOptions) {
    this.#options = options
    this.#table = new Map([['', options.generatedCertificate]])
  }

  /** The same map as last time as long as it holds the same. */
  update(changes: readonly PartChange[], { state, certificates }: BuildInput): ReadonlyMap<string, Certificate> {
    const stale = new Set<string>()
    this.#takeClaims(changes, stale)
    const touch = (secret: ObjectKey) => {
      for (const name of this.#namesOf.get(secret) ?? []) stale.add(name)
    }
    forEachChange(this.#secrets, state.secrets, touch)
    forEachChange(this.#certificates, certificates, touch)
    this.#secrets = state.secrets
    this.#certificates = certificates
    const chosen = new Map<string, Certificate | undefined>([['', this.#defaultCertificate()]])
    for (const name of stale) chosen.set(name, this.#choose(name))
    this.#table = withCertificates(this.#table, chosen)
    return this.#table
  }

  #takeClaims(changes: readonly PartChange[], stale: Set<string>): void {
    for (const { before, after } of changes) {
      for (const owned of (before && this.#owned.get(before)) ?? []) {
        const { serverName, secret } = owned.claim
        this.#claims.delete(serverName, owned)
        this.#namesOf.delete(secret, serverName)
        stale.add(serverName)
      }
      const claims = after?.claims.map((claim) => ({ claim, part: after })) ?? []
      if (after !== undefined && claims.length > 0) this.#owned.set(after, claims)
      for (const owned of claims) {
        this.#claims.add(owned.claim.serverName, owned)
        stale.add(owned.claim.serverName)
      }
    }
    // Only now: a claim that went may have shared Secret and name with one that stays.
    for (const name of stale)
      for (const { claim } of this.#claims.get(name) ?? []) this.#namesOf.add(claim.secret, name)
  }

  #choose(name: string): Certificate | undefined {
    const claims = [...(this.#claims.get(name) ?? [])].sort(compareClaims)
    const sources = { certificates: this.#certificates, secrets: this.#secrets }
    const { certificate, problems } = chooseCertificate(claims, sources)
    if (problems.length > 0) this.problems.set(name, problems)
    else this.problems.delete(name)
    return certificate
  }

  #defaultCertificate(): Certificate {
    const { defaultCertificate, generatedCertificate } = this.#options
    this.problems.delete('')
    if (defaultCertificate === undefined) return generatedCertificate
    const certificate = this.#certificates.get(defaultCertificate)
    const secret = this.#secrets.get(defaultCertificate)
    if (secret?.forbidden === true) {
      this.problems.set('', [defaultForbidden(defaultCertificate, certificate)])
    } else if (certificate === undefined && secret === undefined) {
      this.problems.set('', [defaultNotFound(defaultCertificate)])
    }
    return certificate ?? generatedCertificate
  }
}

function compareClaims(a: OwnedClaim, b: OwnedClaim): number {
  return compareAge(a.part, b.part) || compareText(a.claim.field, b.claim.field)
}

function defaultNotFound(key: ObjectKey): Problem {
  return {
    object: secretRef(key),
    field: '--default-ssl-certificate',
    reason: 'TlsSecretNotFound',
    message: `there is no Secret ${key}`,
    instead: insteadOfDefault,
  }
}

function defaultForbidden(key: ObjectKey, certificate: Certificate | undefined): Problem {
  return {
    object: secretRef(key),
    field: '--default-ssl-certificate',
    reason: 'TlsSecretForbidden',
    message: `Headgate may not read Secret ${key}: no Role allows it to get it`,
    instead: certificate === undefined ? insteadOfDefault : 'the last good certificate is served on',
  }
}

const insteadOfDefault = 'a generated certificate is served to names that no other certificate fits'

function secretRef(key: ObjectKey): Problem['object'] {
  const [namespace = '', name = ''] = key.split('/')
  return { kind: 'Secret', namespace, name }
}

function withCertificates(
  table: ReadonlyMap<string, Certificate>,
  chosen: ReadonlyMap<string, Certificate | undefined>,
): ReadonlyMap<string, Certificate> {
  let copy: Map<string, Certificate> | undefined
  for (const [name, certificate] of chosen) {
    // The id is made of the content, so the same id is the same certificate.
    if (table.get(name)?.id === certificate?.id) continue
    copy ??= new Map(table)
    if (certificate === undefined) copy.delete(name)
    else copy.set(name, certificate)
  }
  return copy ?? table
}
