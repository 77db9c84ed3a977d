import type { Kind, ObjectKey } from './objects.ts'
import type { Selection } from './reflector.ts'

export type BaseSelection = {
  readonly watchNamespaces: readonly string[]
  readonly watchesNamespaceObjects: boolean
  readonly listsSecrets: boolean
  readonly configMaps: readonly ObjectKey[]
  readonly services: readonly ObjectKey[]
  readonly backends: readonly ObjectKey[]
}

/** What has to be listed before there is a state. */
export function selectBase(options: BaseSelection): readonly Selection[] {
  const { watchNamespaces, watchesNamespaceObjects, listsSecrets, configMaps, services, backends } = options
  const scopes = watchNamespaces.length === 0 ? [{}] : [...new Set(watchNamespaces)].map((namespace) => ({ namespace }))
  const isOutside = (key: ObjectKey) => scopes.every(isOtherNamespace(splitKey(key).namespace))
  return [
    { kind: 'IngressClass' },
    ...(watchesNamespaceObjects ? [{ kind: 'Namespace' } as const] : []),
    ...scopes.flatMap((scope): readonly Selection[] => [
      { kind: 'Ingress', ...scope },
      { kind: 'Service', ...scope },
      { kind: 'EndpointSlice', ...scope },
      ...(listsSecrets ? [{ kind: 'Secret', ...scope, fieldSelector: 'type=kubernetes.io/tls' } as const] : []),
    ]),
    ...[...new Set(configMaps)].map((key) => selectNamed('ConfigMap', key)),
    ...[...new Set([...services, ...backends])].filter(isOutside).map((key) => selectNamed('Service', key)),
    ...[...new Set(backends)].filter(isOutside).map(selectEndpoints),
  ]
}

/** One object, which need not be there. */
export function selectNamed(kind: Kind, key: ObjectKey): Selection {
  const { namespace, name } = splitKey(key)
  return { kind, namespace, fieldSelector: `metadata.name=${name}` }
}

function selectEndpoints(service: ObjectKey): Selection {
  const { namespace, name } = splitKey(service)
  return { kind: 'EndpointSlice', namespace, labelSelector: `kubernetes.io/service-name=${name}` }
}

function isOtherNamespace(namespace: string): (scope: { readonly namespace?: string }) => boolean {
  return (scope) => scope.namespace !== undefined && scope.namespace !== namespace
}

function splitKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
