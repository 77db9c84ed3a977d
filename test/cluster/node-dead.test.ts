import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest'
import { isFields, type KubernetesObject } from '../manifests/object.ts'
import type { StreamOptions, TrafficReport } from './client/report.ts'
import { type BackendOptions, backendDeployment, ingress, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { nodeUrls } from './support/expect-traffic.ts'
import { applyObjects, createNamespace, deleteNamespace } from './support/objects.ts'
import { startTraffic } from './support/traffic.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'
import { settled } from './support/workload.ts'

const bed = useBed()
const namespace = 'test-node-dead'
const collectorPort = 9_101
const collector = `${bed.client.ipv4 ?? `[${bed.client.ipv6}]`}:${collectorPort}`
const [living, dying] = [bed.nodes[0], bed.nodes.at(-1)]

/** Two pods on each node. */
const shop: BackendOptions = {
  name: 'shop',
  namespace,
  replicas: 2 * bed.nodes.length,
  env: { COLLECTOR: collector },
}

let headgate: Deployed | undefined

beforeAll(async () => {
  await createNamespace(bed, namespace)
  await applyObjects(bed, [
    withPodSpec(backendDeployment(shop), {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: shop.name } },
        },
      ],
    }),
    service({ name: shop.name, namespace }),
  ])
  const isHeadgate = ({ kind, metadata }: KubernetesObject): boolean =>
    kind === 'Deployment' && metadata.name === 'headgate'
  headgate = await deployHeadgate(bed, {
    replicas: 1,
    service: { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' },
    edit: (object) =>
      isHeadgate(object)
        ? withPodSpec(object, { nodeSelector: { 'kubernetes.io/hostname': living?.name ?? '' } })
        : object,
  })
  const { ingressClass } = headgate
  await applyObjects(bed, [ingress({ name: shop.name, namespace, ingressClass, host: 'shop.example' })])
  await settled(bed, shop, 2 * bed.nodes.length)
})

afterAll(async () => {
  await Promise.all([deleteNamespace(bed, namespace), headgate?.remove()])
})

function withPodSpec(workload: KubernetesObject, more: Readonly<Record<string, unknown>>): KubernetesObject {
  const spec = isFields(workload['spec']) ? workload['spec'] : {}
  const template = isFields(spec['template']) ? spec['template'] : {}
  const pod = isFields(template['spec']) ? template['spec'] : {}
  return { ...workload, spec: { ...spec, template: { ...template, spec: { ...pod, ...more } } } }
}

describe.skipIf(bed.nodes.length < 2)('a node that dies', () => {
  it('takes with it what waits there and may not be repeated, and nothing that is asked later', async () => {
    if (living === undefined || dying === undefined || headgate === undefined) throw new Error('unreachable')
    const { nodePorts } = headgate
    const lost = (await settled(bed, shop, 2 * bed.nodes.length)).filter(({ node }) => node === dying.name)
    const urls = (path: string): readonly string[] => nodeUrls({ ...bed, nodes: [living] }, nodePorts.http, path)
    const stream = { host: 'shop.example' }
    const streams: StreamOptions[] = [
      { ...stream, name: 'get', rate: 80, urls: urls('/') },
      { ...stream, name: 'get-new', rate: 20, urls: urls('/'), connections: 'new' },
      { ...stream, name: 'get-slow', rate: 20, urls: urls('/?delay=500ms') },
      { ...stream, name: 'post', rate: 20, urls: urls('/?delay=100ms'), method: 'POST' },
    ]
    const traffic = await startTraffic(bed, { streams, collectorPort })
    onTestFinished(() => traffic.end())
    const answeredBy = (pods: readonly { readonly name: string }[], stream = 'get'): Promise<unknown> => {
      const waiting = new Set(pods.map(({ name }) => name))
      return traffic.until(({ streams }) => {
        for (const pod of Object.keys(streams[stream]?.pods ?? {})) waiting.delete(pod)
        return waiting.size === 0
      })
    }
    // From then on some always wait there.
    await answeredBy(lost, 'get-slow')

    const cutAt = Date.now()
    await bed.cutOff(dying.name)
    let metrics = ''
    const seen: string[] = []
    onTestFailed(() => console.log(seen.join('\n')))
    try {
      const [pod] = await headgate.pods()
      // Kubernetes knows nothing yet: that takes it 40 s.
      metrics = await until('what waits there has been given up', async () => {
        const now = (await headgate?.admin(pod?.name ?? '', '/metrics')) ?? ''
        const counts = now.match(/^headgate_(?:upstream_err|endpoint).* [1-9]\d*$/gm)?.join(' ')
        if (seen.at(-1)?.endsWith(` ms: ${counts}`) !== true) seen.push(`${Date.now() - cutAt} ms: ${counts}`)
        return /reason="endpoint-silent"\} [1-9]/.test(now) && now
      })
      await traffic.until(({ streams }) => Object.values(streams).every(({ succeeded, failed }) => succeeded > failed))
    } catch (error) {
      seen.push(await bed.kubectl(['get', 'nodes,pods', '-A', '-o', 'wide']))
      seen.push(await bed.kubectl(['logs', headgate.workload, '-n', headgate.namespace, '--tail=100']))
      throw error
    } finally {
      await bed.rejoin(dying.name)
    }
    await answeredBy(lost)
    const report = await traffic.stop()

    console.log(summary(report, cutAt))
    // Before the cut, there is the moment in which the Ingress is new.
    const failures = report.failures.filter(({ endedAt }) => endedAt >= cutAt)
    expect(failures.filter(({ stream }) => stream !== 'post')).toEqual([])
    expect(failures.filter(({ status }) => status !== 504 && status !== 502)).toEqual([])
    expect(report.posts).toMatchObject({ duplicated: [], untold: 0 })
    const firstAt = failures[0]?.startedAt ?? cutAt
    expect(failures.filter(({ startedAt }) => startedAt > firstAt + 2_000)).toEqual([])
    // Nor does anybody wait long who comes later.
    for (const name of ['get', 'get-new']) {
      expect(report.streams[name]?.lastSlowAt ?? cutAt).toBeLessThan(cutAt + 2_000)
    }
    expect(metrics).toMatch(/^headgate_endpoint_ejections_total\{reason="(?:silent|unreachable)"\} [1-9]/m)
    expect(metrics).toContain(`headgate_endpoints_ejected ${lost.length}\n`)
  })
})

function summary({ failures, streams, sent, succeeded }: TrafficReport, cutAt: number): string {
  const times = failures.map(
    ({ stream, status, startedAt, endedAt, error }) =>
      `${stream} ${status} from ${startedAt - cutAt} to ${endedAt - cutAt} ms: ${error.split('\n')[0]}`,
  )
  const slowest = Object.entries(streams).map(([name, { milliseconds }]) => `${name} max ${milliseconds.max} ms`)
  return [`${succeeded} of ${sent}`, ...slowest, ...times].join('\n')
}
