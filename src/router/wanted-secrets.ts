import type { ClusterState } from '../watch/cluster-state.ts'
import type { ObjectKey } from '../watch/objects.ts'
import { findSecretsOf } from '../watch/referenced-secrets.ts'
import type { BuildOptions } from './build-input.ts'
import { createOwner } from './classes.ts'

/** Keys of the Secrets that we need: what Ingresses of ours name, and what the operator does. */
export type SecretFinder = (state: ClusterState) => ReadonlySet<ObjectKey>

/**
 * An Ingress of another controller must not make us read a Secret, and its mistakes are none of ours. Gives the same set as
 * long as nothing has changed that it is made of.
 */
export function createSecretFinder(options: BuildOptions): SecretFinder {
  const owner = createOwner(options)
  let last: { readonly state: ClusterState; readonly keys: ReadonlySet<ObjectKey> } | undefined
  return (state) => {
    if (last !== undefined && hasSameIngresses(last.state, state)) return last.keys
    const keys = new Set<ObjectKey>(options.defaultCertificate === undefined ? [] : [options.defaultCertificate])
    for (const ingress of state.ingresses.values()) {
      const named = findSecretsOf(ingress)
      if (named.length === 0 || owner(ingress, state) !== 'ours') continue
      for (const key of named) keys.add(key)
    }
    last = { state, keys }
    return keys
  }
}

/** And those who say whose they are. */
function hasSameIngresses(a: ClusterState, b: ClusterState): boolean {
  return a.ingresses === b.ingresses && a.ingressClasses === b.ingressClasses && a.namespaces === b.namespaces
}
