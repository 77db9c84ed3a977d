import { isIP } from 'node:net'
import type { LoadBalancerAddress, Service } from './objects.ts'

/** Where traffic reaches us, from what `--publish-status-address` gives: IP addresses and host names. */
export function toPublishedAddresses(texts: readonly string[]): readonly LoadBalancerAddress[] {
  const sorted = [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ''))].sort()
  return sorted.map((text) => (isIP(text) === 0 ? { hostname: text } : { ip: text }))
}

/**
 * Where traffic reaches us through this Service, as ingress-nginx has it: what the load balancer was given, else its
 * external addresses, else for a Service inside the cluster the cluster address. Empty: it has none yet.
 */
export function findServiceAddresses({ spec, status }: Service): readonly LoadBalancerAddress[] {
  const balanced = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? [])
  if (balanced.length > 0) return toPublishedAddresses(balanced)
  if (spec?.externalIPs !== undefined && spec.externalIPs.length > 0) return toPublishedAddresses(spec.externalIPs)
  if (spec?.type === 'LoadBalancer') return []
  if (spec?.type === 'ExternalName') return toPublishedAddresses([spec.externalName ?? ''])
  const cluster = spec?.clusterIPs ?? [spec?.clusterIP ?? '']
  return toPublishedAddresses(cluster.filter((address) => address !== 'None'))
}
