import { isIP } from 'node:net'
import type { ClusterState } from './cluster-state.ts'
import type { LoadBalancerAddress, ObjectKey, Service } from './objects.ts'

/** Where traffic reaches us, from what `--publish-status-address` gives: IP addresses and host names. */
export function toPublishedAddresses(texts: readonly string[]): readonly LoadBalancerAddress[] {
  const sorted = [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ''))].sort()
  return sorted.map((text) => (isIP(text) === 0 ? { hostname: text } : { ip: text }))
}

/**
 * Where traffic reaches us through this Service, as ingress-nginx has it: what the load balancer was given and its external
 * addresses, else for a Service inside the cluster, and for NodePort, the cluster address. Empty: it has none yet.
 */
export function findServiceAddresses({ spec, status }: Service): readonly LoadBalancerAddress[] {
  const isBalanced = spec?.type === 'LoadBalancer'
  const given = isBalanced
    ? (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? [])
    : []
  const outside = [...given, ...(spec?.externalIPs ?? [])]
  if (isBalanced || outside.length > 0) return toPublishedAddresses(outside)
  if (spec?.type === 'ExternalName') return toPublishedAddresses([spec.externalName ?? ''])
  const cluster = spec?.clusterIPs ?? [spec?.clusterIP ?? '']
  return toPublishedAddresses(cluster.filter((address) => address !== 'None'))
}

/** Names of the nodes on which ready endpoints of this Service run. */
export function findNodesOf(service: ObjectKey, slices: ClusterState['endpointSlices']): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { metadata, endpoints = [] } of slices.values()) {
    if (`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}` !== service) continue
    for (const { conditions, nodeName } of endpoints) {
      if (nodeName !== undefined && conditions?.ready !== false) names.add(nodeName)
    }
  }
  return names
}
