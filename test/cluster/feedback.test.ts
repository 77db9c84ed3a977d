import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestsFolder, parseObjects } from '../manifests/kustomize.ts'
import { at, type Fields, isFields, type KubernetesObject, list } from '../manifests/object.ts'
import { makeCertificate, makeTlsSecret } from '../support/certificates.ts'
import { backendDeployment, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import {
  addressesOf,
  getIngress,
  headgateEvents,
  ingressOf,
  leaderOf,
  leadership,
  untilStatus,
  untilTold,
} from './support/feedback.ts'
import { applyObjects, createNamespace, deleteNamespace, getObject, patchObject } from './support/objects.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'
import { killContainer } from './support/workload.ts'

const bed = useBed()
const namespace = 'test-feedback'
const gate = '/api/v1/namespaces/headgate/services/headgate'
/** Of a controller that is not there. */
const foreignClass: KubernetesObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'somebody-else' },
  spec: { controller: 'example.com/somebody-else' },
}
const nodeAddresses = parseObjects(
  readFileSync(join(manifestsFolder, 'components/node-addresses/cluster-role.yaml'), 'utf8'),
)

let headgate: Deployed
let foreignVersion: unknown

/** An Ingress without a mistake. */
const good = (name: string): KubernetesObject =>
  ingressOf({
    namespace,
    name,
    ingressClass: headgate.ingressClass,
    host: `${name}.example`,
    backends: [{ path: '/', service: 'app' }],
  })

/** Of one: kubectl leaves out the Events when it is asked for several. */
function describeIngress(name: string): Promise<string> {
  return bed.kubectl(['describe', 'ingress', name, '-n', namespace])
}

/** The addresses of the Service inside the cluster. */
async function clusterAddresses(): Promise<readonly string[]> {
  return list(at(await getObject(bed, gate), 'spec.clusterIPs')).map(String)
}

const versionOf = (object: Fields): unknown => at(object, 'metadata.resourceVersion')

beforeAll(async () => {
  await createNamespace(bed, namespace)
  headgate = await deployHeadgate(bed, {
    args: ['--update-status-on-shutdown', '--lame-duck-seconds=0'],
    edit: withGrace(40),
  })
  const one = makeCertificate(['shop.example'])
  const other = makeCertificate(['elsewhere.example'], { freshKey: true })
  await applyObjects(bed, [
    backendDeployment({ name: 'app', namespace, replicas: 1 }),
    service({ name: 'app', namespace }),
    { apiVersion: 'v1', ...makeTlsSecret('mixed', { certPem: one.certPem, keyPem: other.keyPem }, namespace) },
    { apiVersion: 'v1', ...makeTlsSecret('elsewhere', other, namespace) },
    foreignClass,
    { ...good('foreign'), spec: { ...Object(good('foreign')['spec']), ingressClassName: 'somebody-else' } },
  ])
  // An Ingress whose Service has no endpoint yet would be a mistake of its own.
  await bed.kubectl(['rollout', 'status', 'deployment/app', '-n', namespace, '--timeout=60s'])
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/foreign/status`
  await patchObject(bed, path, { status: { loadBalancer: { ingress: [{ ip: '203.0.113.250' }] } } })
  foreignVersion = versionOf(await getIngress(bed, namespace, 'foreign'))
})

afterAll(async () => {
  const input = [...nodeAddresses, foreignClass].map((object) => JSON.stringify(object)).join('\n---\n')
  await bed.kubectl(['delete', '--ignore-not-found', '--filename=-'], { input })
  await Promise.all([deleteNamespace(bed, namespace), headgate.remove()])
})

describe('the status of Ingresses', () => {
  it('is written by one of two replicas: the one that holds the Lease', async () => {
    await applyObjects(bed, [good('web')])
    await untilStatus(bed, namespace, 'web', await clusterAddresses())
    const pods = await headgate.pods()
    expect(pods).toHaveLength(2)
    expect(pods.map(({ name }) => name)).toContain((await leadership(bed, 'headgate')).holder)
  })

  it('follows the Service that is published through all its types', async () => {
    // A class of its own keeps the balancer of the bed away, if there is one.
    await patchObject(bed, gate, { spec: { type: 'LoadBalancer', loadBalancerClass: 'headgate.test/nobody' } })
    await untilStatus(bed, namespace, 'web', [])
    const given = [{ ip: '203.0.113.7' }, { hostname: 'balancer.example' }]
    await patchObject(bed, `${gate}/status`, { status: { loadBalancer: { ingress: given } } })
    await untilStatus(bed, namespace, 'web', ['203.0.113.7', 'balancer.example'])
    await patchObject(bed, gate, { spec: { type: 'NodePort', loadBalancerClass: null } })
    await untilStatus(bed, namespace, 'web', await clusterAddresses())
    await patchObject(bed, gate, { spec: { externalIPs: ['203.0.113.8', '203.0.113.9'] } })
    await untilStatus(bed, namespace, 'web', ['203.0.113.8', '203.0.113.9'])
    await patchObject(bed, gate, { spec: { type: 'ClusterIP', externalIPs: null } })
    await untilStatus(bed, namespace, 'web', await clusterAddresses())
  })

  it('is written only where it has to change', async () => {
    const before = versionOf(await getIngress(bed, namespace, 'web'))
    await applyObjects(bed, [good('other')])
    await untilStatus(bed, namespace, 'other', await clusterAddresses())
    expect(versionOf(await getIngress(bed, namespace, 'web'))).toBe(before)
  })
})

describe('a broken Ingress', () => {
  const mistakes = [
    { reason: 'ServiceNotFound', words: ['there is no Service test-feedback/none', 'answered with 503'] },
    { reason: 'PortNotFound', words: ['Service test-feedback/app has no TCP port 81'] },
    { reason: 'DuplicateRoute', words: ['is taken by Ingress test-feedback/web'] },
    { reason: 'TlsSecretNotFound', words: ['there is no Secret test-feedback/missing', 'the default certificate'] },
    { reason: 'TlsSecretInvalid', words: ['Secret test-feedback/mixed', 'served with the default certificate'] },
    { reason: 'CertificateHostMismatch', words: ['does not name shop.example: it names elsewhere.example'] },
    { reason: 'InvalidHost', words: ['"192.0.2.1" is no DNS name'] },
  ]

  it('says in `kubectl describe` what is wrong, and what is served instead', async () => {
    const { ingressClass } = headgate
    const backends = [
      { path: '/', service: 'none' },
      { path: '/port', service: 'app', port: 81 },
    ]
    await applyObjects(bed, [
      ingressOf({
        namespace,
        name: 'again',
        ingressClass,
        host: 'web.example',
        backends: [{ path: '/', service: 'app' }],
      }),
      ingressOf({
        namespace,
        name: 'broken',
        ingressClass,
        host: 'shop.example',
        backends,
        tls: ['missing', 'mixed', 'elsewhere'].map((secretName) => ({
          hosts: ['shop.example', '192.0.2.1'],
          secretName,
        })),
      }),
    ])
    const isOfAgain = ({ reason }: { readonly reason: string }): boolean => reason === 'DuplicateRoute'
    await untilTold(bed, namespace, 'Ingress/again', ['DuplicateRoute'])
    await untilTold(
      bed,
      namespace,
      'Ingress/broken',
      mistakes.filter((mistake) => !isOfAgain(mistake)).map(({ reason }) => reason),
    )
    const described = [await describeIngress('broken'), await describeIngress('again')].join('\n')
    for (const { reason, words } of mistakes) {
      const lines = described.split('\n').filter((line) => line.includes(`  ${reason}  `))
      for (const word of words)
        expect(
          lines.filter((line) => line.includes(word)),
          `${reason}: ${word}`,
        ).not.toEqual([])
    }
    await untilTold(bed, namespace, 'Secret/mixed', ['TlsSecretInvalid'])
  })

  it('is told once for each mistake, by the leader', async () => {
    const { holder } = await leadership(bed, 'headgate')
    const told = await headgateEvents(bed, namespace)
    expect(told.filter(({ count }) => count !== 1)).toEqual([])
    expect(new Set(told.map(({ by }) => by))).toEqual(new Set([holder]))
  })
})

describe('the leader', () => {
  it('hands over at once when it stops, and the next one does not tell again what is told', async () => {
    const told = (await headgateEvents(bed, namespace)).length
    const leader = await leaderOf(bed, 'headgate', await headgate.pods())
    await bed.kubectl(['delete', 'pod', leader.name, '-n', 'headgate', '--timeout=60s'])
    await applyObjects(bed, [
      ingressOf({
        namespace,
        name: 'handed-over',
        ingressClass: headgate.ingressClass,
        host: 'handed-over.example',
        backends: [{ path: '/', service: 'none' }],
      }),
    ])
    // Less than the life of a Lease that nobody has let go of.
    await untilStatus(bed, namespace, 'handed-over', await clusterAddresses(), 10)
    await untilTold(bed, namespace, 'Ingress/handed-over', ['ServiceNotFound'])
    const after = await headgateEvents(bed, namespace)
    expect(after.filter(({ count }) => count !== 1)).toEqual([])
    expect(after).toHaveLength(told + 1)
    expect((await leadership(bed, 'headgate')).holder).not.toBe(leader.name)
  })

  it('that is killed is followed when its Lease is over, by another that writes', async () => {
    await headgate.rolledOut()
    const leader = await leaderOf(bed, 'headgate', await headgate.pods())
    await killContainer(bed, leader, 'node')
    // Before the kubelet starts the container anew: under its old name it would simply go on.
    await bed.api('DELETE', `/api/v1/namespaces/headgate/pods/${leader.name}?gracePeriodSeconds=0`)
    await applyObjects(bed, [good('taken-over')])
    const waitedMs = await untilStatus(bed, namespace, 'taken-over', await clusterAddresses(), 25)
    console.log(`leader killed: the next status was written after ${(waitedMs / 1000).toFixed(1)} s`)
    expect((await leadership(bed, 'headgate')).holder).not.toBe(leader.name)
  })
})

describe('with --update-status-on-shutdown', () => {
  it('the last replica takes our addresses out again', async () => {
    await headgate.rolledOut()
    await bed.kubectl(['scale', headgate.workload, '-n', 'headgate', '--replicas=0'])
    for (const name of ['web', 'other', 'broken']) await untilStatus(bed, namespace, name, [])
    await until('no pod is left', async () => (await headgate.pods()).length === 0)
  })
})

describe('with --publish-node-addresses', () => {
  it('the status has the addresses of the node on which Headgate is ready', async () => {
    await applyObjects(bed, nodeAddresses)
    headgate = await deployHeadgate(bed, { replicas: 1, args: ['--publish-node-addresses=external'] })
    const [pod] = await headgate.pods()
    const node = await getObject(bed, `/api/v1/nodes/${pod?.node}`)
    const addresses = list(at(node, 'status.addresses')).filter((entry) => at(entry, 'type') === 'InternalIP')
    await untilStatus(
      bed,
      namespace,
      'web',
      addresses.map((entry) => String(at(entry, 'address'))),
    )
  })
})

describe('with --publish-status-address', () => {
  it('the status has that address and that name', async () => {
    const addresses = ['203.0.113.77', 'gate.example']
    headgate = await deployHeadgate(bed, {
      replicas: 1,
      args: [`--publish-status-address=${addresses}`],
      edit: withoutArgument('--publish-service='),
    })
    await untilStatus(bed, namespace, 'web', addresses)
  })
})

describe('the Ingress of another controller', () => {
  it('is as it was, and has no Events of ours', async () => {
    const foreign = await getIngress(bed, namespace, 'foreign')
    expect(addressesOf(foreign)).toEqual(['203.0.113.250'])
    expect(versionOf(foreign)).toBe(foreignVersion)
    expect((await headgateEvents(bed, namespace)).filter(({ object }) => object === 'Ingress/foreign')).toEqual([])
  })
})

function withGrace(seconds: number): (object: KubernetesObject) => KubernetesObject {
  return (object) => editPod(object, (pod) => ({ ...pod, terminationGracePeriodSeconds: seconds }))
}

function withoutArgument(prefix: string): (object: KubernetesObject) => KubernetesObject {
  return (object) =>
    editPod(object, (pod) => ({
      ...pod,
      containers: list(pod['containers']).map((container) => ({
        ...Object(container),
        args: list(at(container, 'args')).filter((arg) => !String(arg).startsWith(prefix)),
      })),
    }))
}

function editPod(object: KubernetesObject, edit: (pod: Fields) => Fields): KubernetesObject {
  const [spec, template, pod] = ['spec', 'spec.template', 'spec.template.spec'].map((path) => at(object, path))
  if (object.kind !== 'Deployment' || !isFields(spec) || !isFields(template) || !isFields(pod)) return object
  return { ...object, spec: { ...spec, template: { ...template, spec: edit(pod) } } }
}
