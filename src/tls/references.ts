import type { Ingress, ObjectKey } from '../watch/objects.ts'

/** Keys of the Secrets that somebody wants served: `spec.tls` of all Ingresses, and the default certificate. */
export function referencedSecrets(
  ingresses: ReadonlyMap<ObjectKey, Ingress>,
  defaultCertificate: ObjectKey | undefined,
): ReadonlySet<ObjectKey> {
  const keys = new Set<ObjectKey>()
  if (defaultCertificate !== undefined) keys.add(defaultCertificate)
  for (const { metadata, spec } of ingresses.values()) {
    if (!Array.isArray(spec?.tls)) continue
    for (const entry of spec.tls) {
      const name: unknown = entry?.secretName
      if (typeof name === 'string' && name !== '') keys.add(`${metadata.namespace}/${name}`)
    }
  }
  return keys
}
