import type { ClusterState } from './cluster-state.ts'
import type { ObjectKey } from './objects.ts'

/** Keys of the Secrets that Ingresses name, in the namespace of each. Fields of wrong types name nothing. */
export function findReferencedSecrets({ ingresses }: ClusterState): ReadonlySet<ObjectKey> {
  const keys = new Set<ObjectKey>()
  for (const { metadata, spec } of ingresses.values()) {
    const tls: unknown = spec?.tls
    if (!Array.isArray(tls)) continue
    for (const entry of tls) {
      const name: unknown = entry?.secretName
      if (typeof name === 'string' && name !== '') keys.add(`${metadata.namespace}/${name}`)
    }
  }
  return keys
}
