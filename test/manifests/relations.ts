// What one applied object says about another must be so.
import { checkAccess } from './access.ts'
import type { KubernetesObject } from './object.ts'
import { at, isFields, list, nameOf } from './object.ts'
import { checkWorkload, isWorkload, portNames, selects } from './workloads.ts'

const clusterScoped = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'IngressClass',
  'CiliumLoadBalancerIPPool',
  'CiliumL2AnnouncementPolicy',
]

/** Every mistake in a set of objects that are applied together. */
export function checkRelations(objects: readonly KubernetesObject[]): readonly string[] {
  return objects.flatMap((object) => [
    ...checkScope(object),
    ...checkAccess(object, objects),
    ...(isWorkload(object) ? checkWorkload(object, objects) : []),
    ...(object.kind === 'Service' ? checkService(object, objects) : []),
    ...(object.kind === 'PodDisruptionBudget' ? checkBudget(object, objects) : []),
    ...checkPools(object, objects),
  ])
}

function checkScope(object: KubernetesObject): string[] {
  const namespaced = object.metadata['namespace'] !== undefined
  const wanted = !clusterScoped.includes(object.kind)
  return namespaced === wanted ? [] : [`${nameOf(object)}: ${wanted ? 'needs a' : 'has no'} namespace`]
}

function checkService(service: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const workloads = objects.filter((object) => isWorkload(object) && selects(at(service, 'spec.selector'), object))
  const ports = workloads.flatMap(portNames)
  const missing = list(at(service, 'spec.ports'))
    .map((port) => at(port, 'targetPort'))
    .filter((port) => !ports.includes(port))
  // The API server refuses the field on a Service that nobody outside can reach.
  const outside = at(service, 'spec.type') !== 'ClusterIP' || at(service, 'spec.externalIPs') !== undefined
  const policy = at(service, 'spec.externalTrafficPolicy') !== undefined
  return [
    ...(workloads.length === 0 ? ['selects no pods'] : []),
    ...missing.map((port) => `no container has the port ${String(port)}`),
    ...(outside === policy
      ? []
      : [policy ? 'a traffic policy for no traffic' : 'leaves externalTrafficPolicy to chance']),
  ].map((mistake) => `${nameOf(service)}: ${mistake}`)
}

function checkBudget(budget: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const selected = objects.filter(
    (object) => isWorkload(object) && selects(at(budget, 'spec.selector.matchLabels'), object),
  )
  const scalable = selected.length > 0 && selected.every((object) => object.kind === 'Deployment')
  return scalable ? [] : [`${nameOf(budget)}: selects no pods of a Deployment`]
}

/** Names by which Services, pools and announcements of the load balancers find each other. */
function checkPools(object: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const named = (kind: string, name: unknown) =>
    objects.some((other) => other.kind === kind && other.metadata.name === name)
      ? []
      : [`${nameOf(object)}: no ${kind} ${String(name)}`]
  const annotations = isFields(object.metadata['annotations']) ? object.metadata['annotations'] : {}
  const pool = annotations['metallb.io/address-pool']
  const group = annotations['purelb.io/service-group']
  const service = at(object, 'spec.serviceSelector.matchLabels')
  return [
    ...(pool === undefined ? [] : named('IPAddressPool', pool)),
    ...(group === undefined ? [] : named('ServiceGroup', group)),
    ...list(at(object, 'spec.ipAddressPools')).flatMap((name) => named('IPAddressPool', name)),
    ...list(at(object, 'spec.peers')).flatMap((name) => named('BGPPeer', name)),
    ...(isFields(service) ? named('Service', service['io.kubernetes.service.name']) : []),
  ]
}
