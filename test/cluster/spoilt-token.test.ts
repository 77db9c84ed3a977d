import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fieldsAt, isFields, type KubernetesObject, list } from '../manifests/object.ts'
import { backendDeployment, ingress, service } from './support/backends.ts'
import { type BoundToken, createBoundToken } from './support/bound-token.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { nodeUrls } from './support/expect-traffic.ts'
import { applyObjects, createNamespace, deleteNamespace } from './support/objects.ts'
import { adminPage, isConnected, resetApiConnections } from './support/pod-network.ts'
import { servedAt } from './support/served-at.ts'
import { steadily } from './support/steadily.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'

const bed = useBed()
const namespace = 'spoilt-token'
const app = { namespace: 'spoilt-token-app', name: 'app' }
const steady = 'steady-token.example.com'

let headgate: Deployed
let first: BoundToken

beforeAll(async () => {
  await Promise.all([createNamespace(bed, namespace), createNamespace(bed, app.namespace)])
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'headgate', namespace } }
  await applyObjects(bed, [account, backendDeployment({ ...app, replicas: 1 }), service(app), ingressOf(steady)])
  first = await createBoundToken(bed, namespace, 'first')
  headgate = await deployHeadgate(bed, {
    namespace,
    replicas: 1,
    args: ['--workers=1', '--kubeconfig=/access/config'],
    service: { type: 'NodePort' },
    edit: (object) => (object.kind === 'Deployment' ? withToken(object, first.token) : object),
  })
  await servedAt(bed, headgate, steady, Date.now())
})

afterAll(async () => {
  await headgate?.remove()
  await deleteNamespace(bed, app.namespace)
})

function ingressOf(host: string): KubernetesObject {
  const name = host.split('.')[0] ?? host
  return ingress({ namespace: app.namespace, name, ingressClass: namespace, host, service: app.name })
}

describe('a token that is no longer good', () => {
  it('costs no request, and the next one is taken from its file without a restart', async () => {
    const urls = nodeUrls(bed, headgate.nodePorts.http).slice(0, 1)
    const [pod] = await headgate.pods()
    if (pod === undefined) throw new Error('there is no pod')
    await steadily(bed, [{ name: 'steady', urls, host: steady, rate: 50 }], async () => {
      const next = await createBoundToken(bed, namespace, 'next')
      await first.spoil()
      await until('the old token is refused', async () => {
        // What is open goes on: the token is looked at when a watch begins.
        await resetApiConnections(bed, pod)
        return !(await isConnected(bed, pod))
      })
      expect((await adminPage(bed, pod, '/readyz')).status).toBe(200)
      await applyObjects(bed, [ingressOf('fresh-token.example.com')])
      const write = `require('node:fs').writeFileSync('/access/token', process.argv[1])`
      await bed.kubectl(['exec', '-n', namespace, pod.name, '-c', 'headgate', '--', 'node', '-e', write, next.token])
      const written = Date.now()
      const served = await servedAt(bed, headgate, 'fresh-token.example.com', written)
      expect(served - written).toBeLessThan(5_000)
      await until('every watch is back', () => isConnected(bed, pod))
    })
    expect(await headgate.pods()).toMatchObject([{ name: pod.name, restarts: 0, isReady: true }])
  })
})

/** The token comes from a file that the test can write, not from the kubelet. */
function withToken(deployment: KubernetesObject, token: string): KubernetesObject {
  const spec = fieldsAt(deployment, 'spec')
  const template = fieldsAt(spec, 'template')
  const pod = fieldsAt(template, 'spec')
  const [container = {}, ...others] = list(pod['containers']).filter(isFields)
  const volumeMounts = [{ name: 'access', mountPath: '/access' }]
  const write = `const { writeFileSync } = require('node:fs')
    const host = process.env.KUBERNETES_SERVICE_HOST
    writeFileSync('/access/config', process.argv[1].replace('HOST', host.includes(':') ? '[' + host + ']' : host))
    writeFileSync('/access/token', process.argv[2])`
  const init = {
    name: 'access',
    image: container['image'],
    imagePullPolicy: container['imagePullPolicy'],
    securityContext: container['securityContext'],
    command: ['node', '-e', write, JSON.stringify(kubeconfig), token],
    volumeMounts,
  }
  const changed = {
    ...pod,
    volumes: [{ name: 'access', emptyDir: {} }],
    initContainers: [init],
    containers: [{ ...container, volumeMounts }, ...others],
  }
  return { ...deployment, spec: { ...spec, template: { ...template, spec: changed } } }
}

const kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'test',
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
  clusters: [
    {
      name: 'test',
      cluster: {
        // By address: there need not be a DNS server in the bed.
        server: 'https://HOST',
        'certificate-authority': '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
      },
    },
  ],
  users: [{ name: 'test', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile: '/access/token' } } } }],
}
