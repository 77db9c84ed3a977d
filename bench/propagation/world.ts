import { backendDeployment, ingress } from '../../test/cluster/support/backends.ts'
import type { Bed } from '../../test/cluster/support/bed.ts'
import { type Deployed, deployHeadgate } from '../../test/cluster/support/deploy.ts'
import { applyObjects, createNamespace, getObject, listObjects, listPods } from '../../test/cluster/support/objects.ts'
import { until } from '../../test/cluster/support/until.ts'
import { at, type Fields, isFields, type KubernetesObject } from '../../test/manifests/object.ts'
import { namespaceCount, namespaceName } from './ingresses.ts'
import { Probe } from './probe-client.ts'

const namespace = 'propagation'
const ingressPath = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`
const slicePath = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`

export type Pod = { readonly name: string; readonly address: string }

/** What is measured: an Ingress whose host changes, and a Service whose only endpoint moves from one pod to the other. */
export type World = {
  readonly headgate: Deployed
  readonly pods: readonly [Pod, Pod]
  openProbe(connections: number): Promise<Probe>
  close(): Promise<void>
}

export const changing = { path: `${ingressPath}/changing`, watch: ingressPath } as const
export const moving = { path: `${slicePath}/moving`, watch: slicePath, host: 'moving.example.com' } as const

export async function createWorld(bed: Bed, flags: readonly string[]): Promise<World> {
  await createNamespace(bed, namespace)
  await applyObjects(bed, [
    { ...backendDeployment({ name: 'app', namespace, replicas: 2 }) },
    ...probeAccount(),
    ...Array.from(
      { length: namespaceCount },
      (_, index): KubernetesObject => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespaceName(index) },
      }),
    ),
  ])
  const headgate = await deployHeadgate(bed, { folder: 'overlays/nodeport', replicas: 1, args: flags })
  await bed.kubectl(['rollout', 'status', 'deployment/app', '-n', namespace, '--timeout=60s'])
  const [first, second] = await listPods(bed, namespace, 'app=app')
  if (first === undefined || second === undefined) throw new Error('there are no two pods of the application')
  const pods = [podOf(first), podOf(second)] as const
  await applyObjects(bed, [
    ...Array.from({ length: namespaceCount }, (_, index) => appWithSlice('app', namespaceName(index), pods)).flat(),
    ...appWithSlice('app', namespace, pods),
    ...appWithSlice('moving', namespace, [pods[0]]),
    ingress({
      name: 'changing',
      namespace,
      ingressClass: headgate.ingressClass,
      host: 'before.example.com',
      service: 'app',
    }),
    ingress({ name: 'moving', namespace, ingressClass: headgate.ingressClass, host: moving.host }),
  ])
  return {
    headgate,
    pods,
    openProbe: (connections) => openProbe(bed, headgate, connections),
    async close() {
      await headgate.remove()
      const names = [namespace, ...Array.from({ length: namespaceCount }, (_, index) => namespaceName(index))]
      await bed.kubectl(['delete', 'namespace', '--ignore-not-found', '--timeout=300s', ...names])
      await bed.kubectl(['delete', 'clusterrole,clusterrolebinding', 'propagation-probe', '--ignore-not-found'])
    },
  }
}

function podOf({ name, addresses }: { readonly name: string; readonly addresses: readonly string[] }): Pod {
  const [address] = addresses
  if (address === undefined) throw new Error(`${name} has no address`)
  return { name, address }
}

/** Of the first node, where the client outside finds it. */
export function nodePortOf(bed: Bed, headgate: Deployed): { readonly address: string; readonly port: number } {
  const [node] = bed.nodes
  const address = node?.ipv4 ?? node?.ipv6
  const port = headgate.nodePorts.http
  if (address === undefined || port === undefined) throw new Error('there is no node port to ask')
  return { address, port }
}

async function openProbe(bed: Bed, headgate: Deployed, connections: number): Promise<Probe> {
  const [slice] = await listObjects(
    bed,
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes',
  )
  const host = String(at(slice, 'endpoints.0.addresses.0'))
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${at(slice, 'ports.0.port')}`
  const { data } = await getObject(bed, `/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`)
  const ca = String(isFields(data) ? data['ca.crt'] : undefined)
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/probe/token`
  const { body } = await bed.api('POST', account, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 86_400 },
  })
  const nodePort = nodePortOf(bed, headgate)
  const { address, port } = nodePort
  const outside = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`
  // kube-proxy hears of a pod that is ready a moment later than we.
  await until('the node port is open', async () => {
    const { code } = await bed.runAsClient('curl', ['--silent', '--globoff', '--output', '/dev/null', outside])
    return code === 0
  })
  return new Probe(bed, {
    ...nodePort,
    connections,
    api: { url, ca, token: String(at(body, 'status.token')) },
  })
}

/** A collection's own version, from which a watch brings only what comes later. */
export async function watchFromNow(bed: Bed, path: string): Promise<string> {
  const version = at(await getObject(bed, `${path}?limit=1`), 'metadata.resourceVersion')
  return `${path}?watch=true&resourceVersion=${version}`
}

export function slicePatch(pod: Pod): object {
  return { endpoints: [endpointOf(pod)] }
}

export function hostPatch(host: string): Fields {
  const backend = { service: { name: 'app', port: { number: 80 } } }
  return { spec: { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] } }
}

/** A Service without a selector, and its EndpointSlice. */
function appWithSlice(name: string, where: string, pods: readonly Pod[]): readonly KubernetesObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: where },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: where, labels: { 'kubernetes.io/service-name': name } },
      addressType: pods[0]?.address.includes(':') === true ? 'IPv6' : 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: pods.map(endpointOf),
    },
  ]
}

function endpointOf({ address }: Pod): object {
  return { addresses: [address], conditions: { ready: true } }
}

/** May change what is measured, and watch it. */
function probeAccount(): readonly KubernetesObject[] {
  const name = 'propagation-probe'
  const verbs = ['get', 'list', 'watch', 'patch']
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'probe', namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: 'probe', namespace }],
    },
  ]
}
