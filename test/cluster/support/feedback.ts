import { at, type Fields, type KubernetesObject, list } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { getObject, listObjects, type Pod } from './objects.ts'
import { until } from './until.ts'

// What Headgate tells the cluster: who leads, addresses in the status of Ingresses, Events.

type Backend = { readonly path: string; readonly service: string; readonly port?: number }

type BrokenIngress = {
  readonly namespace: string
  readonly name: string
  readonly ingressClass: string
  readonly host: string
  readonly backends: readonly Backend[]
  readonly tls?: readonly { readonly hosts: readonly string[]; readonly secretName: string }[]
}

export function ingressOf(options: BrokenIngress): KubernetesObject {
  const { namespace, name, ingressClass, host, backends, tls = [] } = options
  const paths = backends.map(({ path, service, port = 80 }) => ({
    path,
    pathType: 'Prefix',
    backend: { service: { name: service, port: { number: port } } },
  }))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace },
    spec: { ingressClassName: ingressClass, tls, rules: [{ host, http: { paths } }] },
  }
}

export function getIngress(bed: Bed, namespace: string, name: string): Promise<Fields> {
  return getObject(bed, `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${name}`)
}

/** Addresses and names in the status, sorted. */
export function addressesOf(ingress: Fields): readonly string[] {
  return list(at(ingress, 'status.loadBalancer.ingress'))
    .map((entry) => String(at(entry, 'ip') ?? at(entry, 'hostname')))
    .sort()
}

/** Resolves with how long it took. Milliseconds. */
export async function untilStatus(
  bed: Bed,
  namespace: string,
  name: string,
  wanted: readonly string[],
  seconds = 30,
): Promise<number> {
  const startedAt = performance.now()
  const expected = wanted.toSorted().join(' ')
  let seen = ''
  await until(
    `the status of ${name} is ${expected}`,
    async () => {
      seen = addressesOf(await getIngress(bed, namespace, name)).join(' ')
      return seen === expected
    },
    { seconds },
  ).catch((error: unknown) => {
    throw new Error(`seen last: ${seen}`, { cause: error })
  })
  return performance.now() - startedAt
}

type Leadership = { readonly holder: string; readonly transitions: number }

export async function leadership(bed: Bed, namespace: string): Promise<Leadership> {
  const lease = await getObject(bed, `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/headgate-leader`)
  return {
    holder: String(at(lease, 'spec.holderIdentity') ?? ''),
    transitions: Number(at(lease, 'spec.leaseTransitions') ?? 0),
  }
}

export async function leaderOf(bed: Bed, namespace: string, pods: readonly Pod[]): Promise<Pod> {
  const { holder } = await leadership(bed, namespace)
  const pod = pods.find(({ name }) => name === holder)
  if (pod === undefined)
    throw new Error(`the Lease is held by ${holder}, which is none of ${pods.map((one) => one.name)}`)
  return pod
}

export type ToldEvent = {
  readonly object: string
  readonly reason: string
  readonly message: string
  readonly count: number
  /** The replica that wrote it first. */
  readonly by: string
}

export async function headgateEvents(bed: Bed, namespace: string): Promise<readonly ToldEvent[]> {
  const events = await listObjects(bed, `/api/v1/namespaces/${namespace}/events`)
  return events
    .filter((event) => at(event, 'source.component') === 'headgate')
    .map((event) => ({
      object: `${String(at(event, 'involvedObject.kind'))}/${String(at(event, 'involvedObject.name'))}`,
      reason: String(event['reason']),
      message: String(event['message']),
      count: Number(event['count']),
      by: String(event['reportingInstance']),
    }))
}

/** Until there are Events of each of these reasons on the object. */
export async function untilTold(
  bed: Bed,
  namespace: string,
  object: string,
  reasons: readonly string[],
): Promise<readonly ToldEvent[]> {
  return until(`Events of ${reasons.join(', ')} on ${object}`, async () => {
    const told = (await headgateEvents(bed, namespace)).filter((event) => event.object === object)
    return reasons.every((reason) => told.some((event) => event.reason === reason)) && told
  })
}
