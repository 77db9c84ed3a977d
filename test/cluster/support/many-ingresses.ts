import type { KubernetesObject } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { inParallel } from './in-parallel.ts'

export type ManyIngresses = { readonly namespace: string; readonly ingressClass: string; readonly service: string }

/** Of two hosts, as many clusters have them: a name and its www. */
export function numberedIngress(index: number, { namespace, ingressClass, service }: ManyIngresses): KubernetesObject {
  const backend = { service: { name: service, port: { number: 80 } } }
  const rule = (host: string) => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } })
  const host = numberedHost(index)
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: `web-${index}`, namespace },
    spec: { ingressClassName: ingressClass, rules: [rule(host), rule(`www.${host}`)] },
  }
}

export function numberedHost(index: number): string {
  return `host-${index}.example.com`
}

/** Those from one number to another, that one left out. */
export async function createNumbered(bed: Bed, from: number, to: number, many: ManyIngresses): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index)
  const path = `/apis/networking.k8s.io/v1/namespaces/${many.namespace}/ingresses`
  await inParallel(numbers, async (index) => {
    const { status, body } = await bed.api('POST', path, numberedIngress(index, many))
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`)
  })
}
