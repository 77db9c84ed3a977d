import type { Kind } from './objects.ts'
import { apiVersionOf } from './read-object.ts'

const plurals: Readonly<Record<Kind, string>> = {
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  Service: 'services',
  EndpointSlice: 'endpointslices',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Namespace: 'namespaces',
}

/** URL path of the objects of a kind, of one namespace or of all. */
export function pathOfKind(kind: Kind, namespace?: string): string {
  return pathOfResource(apiVersionOf(kind), plurals[kind], namespace)
}

/** `pathOfResource('coordination.k8s.io/v1', 'leases', 'default')` */
export function pathOfResource(apiVersion: string, plural: string, namespace?: string): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}
