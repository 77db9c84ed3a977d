import type { Problem } from '../problem.ts'
import type { ObjectKey, Secret } from '../watch/objects.ts'
import type { IngressPart } from './ingress.ts'
import type { Certificate } from './table.ts'
import type { TlsClaim } from './tls-claims.ts'

export type OwnedClaim = { readonly claim: TlsClaim; readonly part: IngressPart }

export type ChosenCertificate = {
  readonly certificate: Certificate | undefined
  readonly problems: readonly Problem[]
}

type Sources = {
  readonly certificates: ReadonlyMap<ObjectKey, Certificate>
  readonly secrets: ReadonlyMap<ObjectKey, Secret>
}

/**
 * The certificate of one server name: that of the oldest claim which can be served. A claim whose Secret is missing or
 * names other hosts is told so and passed over; with none left, the name gets the default certificate. Secrets that
 * hold no certificate and certificates that have expired are told where they are read (`tls/`).
 */
export function chooseCertificate(claims: readonly OwnedClaim[], sources: Sources): ChosenCertificate {
  const problems: Problem[] = []
  let chosen: { readonly certificate: Certificate; readonly owned: OwnedClaim } | undefined
  for (const owned of claims) {
    const certificate = sources.certificates.get(owned.claim.secret)
    const isForbidden = sources.secrets.get(owned.claim.secret)?.forbidden === true
    if (isForbidden) problems.push(forbidden(owned, certificate))
    const mistake = certificate === undefined ? missing(owned, sources) : mismatch(owned, certificate)
    if (mistake !== undefined) problems.push(mistake)
    if (certificate === undefined || mistake !== undefined) continue
    if (chosen === undefined) chosen = { certificate, owned }
    else if (chosen.owned.claim.secret !== owned.claim.secret) problems.push(beaten(owned, chosen.owned))
  }
  return { certificate: chosen?.certificate, problems }
}

const instead = 'this name gets the certificate of another Ingress that has one for it, else the default certificate'

function missing({ claim, part }: OwnedClaim, { secrets }: Sources): Problem | undefined {
  if (secrets.has(claim.secret)) return undefined
  return {
    object: part.object,
    field: `${claim.field}.secretName`,
    reason: 'TlsSecretNotFound',
    message: `there is no Secret ${claim.secret} for host ${claim.serverName}`,
    instead,
  }
}

function forbidden({ claim, part }: OwnedClaim, certificate: Certificate | undefined): Problem {
  return {
    object: part.object,
    field: `${claim.field}.secretName`,
    reason: 'TlsSecretForbidden',
    message: `Headgate may not read Secret ${claim.secret} for host ${claim.serverName}: no Role allows it to get it`,
    instead: certificate === undefined ? instead : 'the last good certificate is served on',
  }
}

function mismatch({ claim, part }: OwnedClaim, certificate: Certificate): Problem | undefined {
  if (namesHost(certificate.names, claim.serverName)) return undefined
  const names = certificate.names.length === 0 ? 'no DNS name' : certificate.names.slice(0, 5).join(', ')
  return {
    object: part.object,
    field: `${claim.field}.hosts`,
    reason: 'CertificateHostMismatch',
    message: `the certificate of Secret ${claim.secret} does not name ${claim.serverName}: it names ${names}`,
    instead,
  }
}

function beaten({ claim, part }: OwnedClaim, winner: OwnedClaim): Problem {
  return {
    object: part.object,
    field: `${claim.field}.secretName`,
    reason: 'DuplicateRoute',
    message: `host ${claim.serverName} has its certificate from Ingress ${winner.part.key}, which is older`,
    instead: `the certificate of Secret ${winner.claim.secret} is served`,
  }
}

/** RFC 6125 §6.4.3: `*` stands for exactly one label, the first. */
function namesHost(names: readonly string[], host: string): boolean {
  const wildcard = `*${host.slice(host.indexOf('.'))}`
  return names.includes(host) || (host.includes('.') && names.includes(wildcard))
}
