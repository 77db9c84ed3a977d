import { formatProblem, type Problem } from '../problem.ts'
import type { Certificate } from '../router/table.ts'
import type { ObjectKey, Secret } from '../watch/objects.ts'
import { parseCertificate } from './certificate.ts'

export type Certificates = {
  readonly certificates: ReadonlyMap<ObjectKey, Certificate>
  readonly problems: readonly Problem[]
}

type Entry = {
  /** What the entry was made of; undefined: the Secret was there once and is gone. */
  readonly secret: Secret | undefined
  /** The last good one. */
  readonly certificate: Certificate | undefined
  readonly problem: Problem | undefined
}

/**
 * Remembers the last good certificate of each Secret that somebody references, so that neither a bad rotation nor a
 * deletion takes a certificate away from hosts that are being served with it. Nobody references it any more: forgotten.
 *
 * Secrets that nobody references are not looked at: they are none of our business, whatever is in them.
 */
export class CertificateStore {
  readonly #now: () => number
  #entries = new Map<ObjectKey, Entry>()
  #given: { readonly secrets: ReadonlyMap<ObjectKey, Secret>; readonly referenced: ReadonlySet<ObjectKey> } | undefined
  /** When the next certificate expires, and becomes a problem without anything having changed. */
  #nextExpiry = Number.POSITIVE_INFINITY
  #last: Certificates = { certificates: new Map(), problems: [] }

  constructor(options: { readonly now?: () => number } = {}) {
    this.#now = options.now ?? Date.now
  }

  /** The same map as last time if no certificate changed, and the same problems if none of them did. */
  update(secrets: ReadonlyMap<ObjectKey, Secret>, referenced: ReadonlySet<ObjectKey>): Certificates {
    const isSame = this.#given?.secrets === secrets && this.#given.referenced === referenced
    // Most changes in a cluster are to EndpointSlices.
    if (isSame && this.#now() <= this.#nextExpiry) return this.#last
    this.#given = { secrets, referenced }
    const entries = new Map<ObjectKey, Entry>()
    for (const key of referenced) {
      const entry = this.#renew(this.#entries.get(key), secrets.get(key))
      if (entry !== undefined) entries.set(key, entry)
    }
    this.#entries = entries
    this.#last = { certificates: this.#certificates(), problems: this.#problems() }
    return this.#last
  }

  #renew(known: Entry | undefined, secret: Secret | undefined): Entry | undefined {
    if (known !== undefined && known.secret === secret) return known
    if (secret === undefined) return known?.certificate && goneEntry(known.certificate)
    // Told where it is named. There is nothing new in it.
    if (secret.forbidden === true) return known && { ...known, secret }
    const parsed = parseCertificate(secret)
    const last = known?.certificate
    if ('problem' in parsed) {
      return { secret, certificate: last, problem: last ? keeping(parsed.problem, last) : parsed.problem }
    }
    const { certificate } = parsed
    const now = this.#now()
    if (last !== undefined && certificate.notAfter < now && last.notAfter >= now) {
      return { secret, certificate: last, problem: keeping(expiredProblem(certificate), last) }
    }
    // A Secret whose labels changed is a new object with the same bytes.
    return { secret, certificate: last?.id === certificate.id ? last : certificate, problem: undefined }
  }

  #certificates(): ReadonlyMap<ObjectKey, Certificate> {
    const certificates = new Map<ObjectKey, Certificate>()
    for (const [key, { certificate }] of this.#entries) {
      if (certificate !== undefined) certificates.set(key, certificate)
    }
    const before = this.#last.certificates
    const isSame =
      before.size === certificates.size &&
      [...certificates].every(([key, certificate]) => before.get(key) === certificate)
    return isSame ? before : certificates
  }

  #problems(): readonly Problem[] {
    const now = this.#now()
    const before = this.#last.problems
    const problems: Problem[] = []
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const { certificate, problem } of this.#entries.values()) {
      if (problem !== undefined) problems.push(problem)
      else if (certificate === undefined) continue
      else if (certificate.notAfter < now) problems.push(expiredProblem(certificate))
      else this.#nextExpiry = Math.min(this.#nextExpiry, certificate.notAfter)
    }
    const isSame =
      before.length === problems.length &&
      problems.every((problem, at) => {
        const other = before[at]
        return problem === other || (other !== undefined && formatProblem(problem) === formatProblem(other))
      })
    return isSame ? before : problems
  }
}

function goneEntry(certificate: Certificate): Entry {
  const problem: Problem = {
    object: refOf(certificate),
    field: 'metadata.name',
    reason: 'TlsSecretNotFound',
    message: 'the Secret was deleted while an object still references it',
    instead: '',
  }
  return { secret: undefined, certificate, problem: keeping(problem, certificate) }
}

function expiredProblem(certificate: Certificate): Problem {
  return {
    object: refOf(certificate),
    field: 'data[tls.crt]',
    reason: 'CertificateExpired',
    message: `the certificate expired at ${dateOf(certificate)}`,
    instead: 'it is served all the same, and clients will refuse it',
  }
}

function keeping(problem: Problem, certificate: Certificate): Problem {
  return { ...problem, instead: `the last good certificate, valid until ${dateOf(certificate)}, is served on` }
}

function dateOf(certificate: Certificate): string {
  return new Date(certificate.notAfter).toISOString()
}

function refOf({ source }: Certificate): Problem['object'] {
  const slash = source.indexOf('/')
  return { kind: 'Secret', namespace: source.slice(0, Math.max(slash, 0)), name: source.slice(slash + 1) }
}
