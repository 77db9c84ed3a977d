import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, type KubernetesObject, list } from '../manifests/object.ts'
import type { TrafficProgress } from './client/report.ts'
import { backendDeployment, ingress, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { nodeUrls } from './support/expect-traffic.ts'
import { applyObjects, createNamespace, deleteNamespace, getObject, type Pod, patchObject } from './support/objects.ts'
import { adminPage, isConnected, resetApiConnections, silenceApiServer } from './support/pod-network.ts'
import { servedAt } from './support/served-at.ts'
import { steadily } from './support/steadily.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'
import { podsOf, scale, settled } from './support/workload.ts'

const bed = useBed()
const namespace = 'api-faults'
const app = { namespace: 'api-faults-app', name: 'app' }
const host = 'steady.example.com'
const parts = Array.from({ length: 20 }, (_, index) => `/part-${index}`)

/** Issue 4: "after return converged within 5 s". */
const convergedMs = 5_000

let headgate: Deployed
let pod: Pod
let urls: readonly string[]
let marks = 0

beforeAll(async () => {
  await createNamespace(bed, app.namespace)
  await applyObjects(bed, [backendDeployment({ ...app, replicas: 2 }), service(app)])
  headgate = await deployHeadgate(bed, { namespace, replicas: 1, args: ['--workers=1'], service: { type: 'NodePort' } })
  await applyObjects(bed, [steadyIngress(), mark('first').object])
  await settled(bed, app, 2)
  urls = nodeUrls(bed, headgate.nodePorts.http, '').slice(0, 1)
  pod = await onlyPod(headgate)
  await servedAt(bed, headgate, 'first.example.com', Date.now())
})

afterAll(async () => {
  await headgate?.remove()
  await deleteNamespace(bed, app.namespace)
})

/** Each route is asked for ten times a second; none fails, and nothing is restarted. */
async function underTraffic(work: Parameters<typeof steadily>[2]): Promise<void> {
  const all = urls.flatMap((url) => parts.map((part) => `${url}${part}`))
  await steadily(bed, [{ name: 'steady', urls: all, host, rate: 200 }], work)
  expect(await onlyPod(headgate)).toMatchObject({ name: pod.name, restarts: 0 })
  await expectReady()
}

function steadyIngress(): KubernetesObject {
  const backend = { service: { name: app.name, port: { number: 80 } } }
  const paths = parts.map((path) => ({ path, pathType: 'Exact', backend }))
  return {
    ...ingress({ ...app, name: 'steady', ingressClass: namespace, host }),
    spec: { ingressClassName: namespace, rules: [{ host, http: { paths } }] },
  }
}

/** An Ingress that was not there before, by which a test sees that changes arrive. */
function mark(name = `mark-${++marks}`): { readonly object: KubernetesObject; readonly host: string } {
  const markHost = `${name}.example.com`
  return {
    object: ingress({ namespace: app.namespace, name, ingressClass: namespace, host: markHost, service: app.name }),
    host: markHost,
  }
}

async function onlyPod(deployed: Deployed): Promise<Pod> {
  const [only] = await deployed.pods()
  if (only === undefined) throw new Error(`there is no pod in ${deployed.namespace}`)
  return only
}

/** Without kubectl, which reads the whole schema of an API server first. */
async function create({ object }: ReturnType<typeof mark>): Promise<void> {
  const path = `/apis/networking.k8s.io/v1/namespaces/${app.namespace}/ingresses`
  const { status, body } = await bed.api('POST', path, object)
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`)
}

const disconnected = () => until('the API server is away', async () => !(await isConnected(bed, pod)), { seconds: 90 })
const connected = () => until('the API server is back', () => isConnected(bed, pod))

async function expectReady(): Promise<void> {
  expect(await adminPage(bed, pod, '/readyz')).toEqual({ status: 200, text: 'ready: serving\n' })
}

/** So many more requests than when it was first asked. */
function isSent(count: number): (progress: TrafficProgress) => boolean {
  let first: number | undefined
  return ({ sent }) => {
    first ??= sent
    return sent > first + count
  }
}

/**
 * Killed, so that nobody is told; there again when this resolves. With it the controller manager, as if their host had gone down:
 * one that goes on takes nodes for dead that could not tell of themselves, and every pod on them for not ready.
 */
async function whileStopped(work: () => Promise<void>): Promise<void> {
  await bed.stopControlPlane('kube-controller-manager', 'SIGKILL')
  await bed.stopControlPlane('kube-apiserver', 'SIGKILL')
  try {
    await work()
  } finally {
    await bed.startControlPlane('kube-apiserver')
    await bed.startControlPlane('kube-controller-manager')
  }
}

/** Something new is served soon after this moment. */
async function expectConverged(since: number, name: string, withinMs = convergedMs): Promise<void> {
  expect((await servedAt(bed, headgate, name, since)) - since).toBeLessThan(withinMs)
}

describe('no request fails and no route is missing, and changes are served again within 5 s,', () => {
  it('when the right to read endpoints is taken away and given back, and other kinds go on meanwhile', async () => {
    const role = `/apis/rbac.authorization.k8s.io/v1/clusterroles/headgate-${namespace}`
    const { rules } = await getObject(bed, role)
    const fewer = list(rules).filter((rule) => !list(at(rule, 'resources')).includes('endpointslices'))
    await underTraffic(async (traffic) => {
      await patchObject(bed, role, { rules: fewer })
      await resetApiConnections(bed, pod)
      await disconnected()
      await expectReady()
      const { text } = await adminPage(bed, pod, '/metrics')
      expect(text.match(/^headgate_watch_connected\{.* 0$/gm)).toEqual([
        'headgate_watch_connected{kind="EndpointSlice"} 0',
      ])
      const other = mark()
      await create(other)
      await expectConverged(Date.now(), other.host)

      const before = await podsOf(bed, app)
      await scale(bed, app, 3)
      const fresh = (await settled(bed, app, 3)).find(({ name }) => before.every((old) => old.name !== name))
      await patchObject(bed, role, { rules })
      await traffic.until(({ streams }) => (streams['steady']?.pods[fresh?.name ?? ''] ?? 0) > 0, convergedMs / 1000)
      await connected()
    })
  })

  it('when its packets are dropped without a word', async () => {
    await underTraffic(async () => {
      const fresh = mark()
      const speak = await silenceApiServer(bed, pod)
      try {
        await create(fresh)
        // Nothing tells but time.
        await disconnected()
        await expectReady()
      } finally {
        await speak()
      }
      await expectConverged(Date.now(), fresh.host)
      await connected()
    })
  })

  // Before the one in which it is away: kube-proxy, which leads to the new one, then waits for up to half a minute.
  it('when another API server at another address takes over behind the same Service', async () => {
    const second = await bed.startSecondApiServer()
    const { address } = second
    const server = `https://${address.includes(':') ? `[${address}]` : address}:6443`
    const isLedTo = async (): Promise<boolean> => {
      const { stdout } = await bed.runOnNode(pod.node, 'nft', ['list', 'ruleset'])
      return stdout.includes(`${address} . 6443`)
    }
    try {
      await until('kube-proxy knows the second API server', isLedTo)
      await underTraffic(() =>
        whileStopped(async () => {
          const gone = Date.now()
          const { object, host: name } = mark()
          const input = JSON.stringify(object)
          await bed.kubectl([`--server=${server}`, 'apply', '--server-side', '--filename=-'], { input })
          // Every other connection is still led to the first one until its lease is over.
          await expectConverged(gone, name, 3 * convergedMs)
        }),
      )
    } finally {
      await second.stop()
    }
    // Its lease outlives it. Until then every other connection is led to where nobody is, and takes its five seconds to fail.
    await until('kube-proxy has forgotten it', async () => !(await isLedTo()), { seconds: 90 })
    const fresh = mark()
    const back = Date.now()
    await create(fresh)
    await expectConverged(back, fresh.host)
  })

  it('when the API server is killed and comes back without its history', async () => {
    await underTraffic(async (traffic) => {
      await whileStopped(async () => {
        await disconnected()
        await expectReady()
        await bed.compactEtcd()
        // Ten seconds of it.
        await traffic.until(isSent(2_000))
        await expectReady()
      })
      const back = Date.now()
      const fresh = mark()
      await create(fresh)
      await expectConverged(back, fresh.host)
      await connected()
    })
  })
})
