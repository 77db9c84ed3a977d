import { isRecord } from '../is-record.ts'
import type { ObjectKey } from '../watch/objects.ts'
import { validRuleHost } from './host-name.ts'
import type { Reports } from './reports.ts'
import { listOf, show } from './shape.ts'

/** A wish that this server name be served with the certificate of this Secret. */
export type TlsClaim = {
  readonly serverName: string
  readonly secret: ObjectKey
  /** Of the entry: `spec.tls[0]`. */
  readonly field: string
}

/** Entries without `secretName` want the default certificate, those without hosts have no name of their own: no claims. */
export function readTlsClaims(tls: unknown, namespace: string, reports: Reports): readonly TlsClaim[] {
  const claims: TlsClaim[] = []
  if (tls !== undefined && tls !== null && !Array.isArray(tls)) {
    reports.add('BadManifest', 'spec.tls', `${show(tls)} is no list`, 'the default certificate is served')
  }
  for (const [at, entry] of listOf(tls).entries()) {
    const field = `spec.tls[${at}]`
    const secretName = isRecord(entry) ? (entry['secretName'] ?? '') : undefined
    if (!isRecord(entry) || typeof secretName !== 'string') {
      reports.add('BadManifest', field, `${show(entry)} is no TLS entry`, 'this entry is left out')
      continue
    }
    for (const [index, host] of listOf(entry['hosts']).entries()) {
      if (typeof host === 'string' && validRuleHost(host)) {
        if (secretName !== '') claims.push({ serverName: host, secret: `${namespace}/${secretName}`, field })
      } else {
        const message = `${show(host)} is no DNS name in lower case, with at most a whole first label "*"`
        reports.add('InvalidHost', `${field}.hosts[${index}]`, message, 'this name gets the default certificate')
      }
    }
  }
  return claims
}
