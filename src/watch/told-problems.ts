import type { ObjectRef, Problem } from '../problem.ts'
import type { Ingress, ObjectKey } from './objects.ts'
import { findSecretsOf } from './referenced-secrets.ts'

/**
 * What Events tell: all problems, and that of a Secret once more for each Ingress of ours that names it. `kubectl describe
 * ingress` shows only what is said of the Ingress itself, and who wrote it may not read Secrets.
 */
export function findToldProblems(
  problems: readonly Problem[],
  ours: ReadonlyMap<ObjectKey, Ingress>,
): readonly Problem[] {
  const ofSecrets = problems.filter(({ object }) => object.kind === 'Secret')
  if (ofSecrets.length === 0) return problems
  const bySecret = Map.groupBy(ofSecrets, ({ object: { namespace, name } }) => `${namespace}/${name}`)
  const passedOn: Problem[] = []
  for (const ingress of ours.values()) {
    for (const key of new Set(findSecretsOf(ingress))) {
      for (const problem of bySecret.get(key) ?? []) passedOn.push(passOn(problem, key, ingress))
    }
  }
  return [...problems, ...passedOn]
}

function passOn(problem: Problem, key: ObjectKey, { spec, metadata }: Ingress): Problem {
  const object: ObjectRef = { kind: 'Ingress', namespace: metadata.namespace ?? '', name: metadata.name }
  const tls: unknown = spec?.tls
  const name = key.slice(key.indexOf('/') + 1)
  const at = Array.isArray(tls) ? tls.findIndex((entry) => entry?.secretName === name) : 0
  const message = `Secret ${key}, ${problem.field}: ${problem.message}`
  return { ...problem, object, field: `spec.tls[${at}].secretName`, message }
}
