// The rules a reviewer of permissions asks about first.
import type { KubernetesObject } from './object.ts'
import { at, list, nameOf } from './object.ts'

const dangerousVerbs = ['*', 'escalate', 'bind', 'impersonate', 'deletecollection']
const writingVerbs = ['create', 'update', 'patch', 'delete']

/** Wildcards, rights to write what Headgate only reads, and bindings that bind nothing or nobody. */
export function checkAccess(object: KubernetesObject, objects: readonly KubernetesObject[]): readonly string[] {
  const mistakes = object.kind.endsWith('Binding')
    ? checkBinding(object, objects)
    : object.kind.endsWith('Role')
      ? list(object['rules']).flatMap(checkRule)
      : []
  return mistakes.map((mistake) => `${nameOf(object)}: ${mistake}`)
}

function checkRule(rule: unknown): string[] {
  const verbs = list(at(rule, 'verbs'))
  const resources = list(at(rule, 'resources'))
  const what = resources.join(', ')
  const writes = verbs.some((verb) => writingVerbs.includes(String(verb)))
  const writable = ['ingresses/status', 'events', 'leases']
  return [
    ...verbs.filter((verb) => dangerousVerbs.includes(String(verb))).map((verb) => `verb ${String(verb)} on ${what}`),
    ...[...list(at(rule, 'apiGroups')), ...resources]
      .filter((name) => name === '*')
      .map(() => `a wildcard for ${what}`),
    ...(at(rule, 'nonResourceURLs') === undefined ? [] : ['paths of the API server itself']),
    ...resources.filter((name) => writes && !writable.includes(String(name))).map((name) => `writes ${String(name)}`),
    ...(verbs.includes('create') && at(rule, 'resourceNames') !== undefined
      ? [`create of ${what} by name never fits`]
      : []),
    ...(resources.includes('leases') &&
    verbs.some((verb) => verb !== 'create') &&
    at(rule, 'resourceNames') === undefined
      ? ['every Lease of the namespace']
      : []),
  ]
}

function checkBinding(binding: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const role = objects.find(
    (object) =>
      object.kind === at(binding, 'roleRef.kind') &&
      object.metadata.name === at(binding, 'roleRef.name') &&
      object.metadata['namespace'] === binding.metadata['namespace'],
  )
  const strangers = list(binding['subjects']).filter(
    (subject) =>
      !objects.some(
        (object) =>
          object.kind === at(subject, 'kind') &&
          object.metadata.name === at(subject, 'name') &&
          object.metadata['namespace'] === at(subject, 'namespace'),
      ),
  )
  return [
    ...(role === undefined ? [`no ${String(at(binding, 'roleRef.kind'))} ${String(at(binding, 'roleRef.name'))}`] : []),
    ...strangers.map((subject) => `no ${String(at(subject, 'kind'))} ${String(at(subject, 'name'))}`),
  ]
}
