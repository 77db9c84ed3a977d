import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { StreamOptions } from './client/report.ts'
import { type BackendOptions, backendDeployment, ingress, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { expectNoGetLost, expectNothingLost, nodeUrls } from './support/expect-traffic.ts'
import { applyObjects, createNamespace, deleteNamespace, type Pod } from './support/objects.ts'
import { startTraffic, type Traffic, untilServed } from './support/traffic.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'
import { killContainer, podsOf, rolledOut, scale, setReady, settled } from './support/workload.ts'

const bed = useBed()
const namespace = 'test-backends'
const collectorPort = 9_100
const collector = `${bed.client.ipv4 ?? `[${bed.client.ipv6}]`}:${collectorPort}`

/** Takes itself out of its Service before it ends. */
const shop: BackendOptions = { name: 'shop', namespace, preStopSeconds: 2, env: { COLLECTOR: collector } }
/** Ends the moment it is asked to: its last connections meet closed doors. */
const hasty: BackendOptions = { name: 'hasty', namespace, env: { COLLECTOR: collector } }
/** Has to be killed when its grace period is over. */
const stubborn: BackendOptions = {
  name: 'stubborn',
  namespace,
  replicas: 2,
  graceSeconds: 2,
  env: { COLLECTOR: collector, IGNORE_SIGTERM: 'true' },
}

let headgate: Deployed | undefined

beforeAll(async () => {
  await createNamespace(bed, namespace)
  const backends = [shop, hasty, stubborn]
  await applyObjects(bed, [
    ...backends.map(backendDeployment),
    ...backends.map(({ name }) => service({ name, namespace })),
  ])
  headgate = await deployHeadgate(bed, { service: { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' } })
  const { ingressClass } = headgate
  await applyObjects(
    bed,
    backends.map(({ name }) => ingress({ name, namespace, ingressClass, host: `${name}.example` })),
  )
  await Promise.all(backends.map((backend) => settled(bed, backend, backend.replicas ?? 3)))
  await untilServed(
    bed,
    backends.map(({ name }) => `${name}.example`),
    nodeUrls(bed, headgate.nodePorts.http),
  )
})

afterAll(async () => {
  await Promise.all([deleteNamespace(bed, namespace), headgate?.remove()])
})

beforeEach(async () => {
  await scale(bed, shop, 3)
  await settled(bed, shop, 3)
})

/** A second's requests: mostly GETs on kept connections, some on new ones, some POSTs. */
async function trafficTo({ name }: BackendOptions, rate: number, path = '/'): Promise<Traffic> {
  const stream = { urls: nodeUrls(bed, headgate?.nodePorts.http, path), host: `${name}.example` }
  const streams: StreamOptions[] = [
    { ...stream, name: 'get', rate: rate * 0.8 },
    { ...stream, name: 'get-new', rate: rate * 0.1, connections: 'new' },
    { ...stream, name: 'post', rate: rate * 0.1, method: 'POST' },
  ]
  const traffic = await startTraffic(bed, { streams, collectorPort })
  onTestFinished(() => traffic.end())
  await traffic.until(({ succeeded, failed }) => succeeded > 0 || failed > 0)
  return traffic
}

describe('requests to a backend while its pods come and go', () => {
  it('are all answered during a rolling update of three pods, at 500 a second', async () => {
    const traffic = await trafficTo(shop, 500)
    await applyObjects(bed, [backendDeployment({ ...shop, env: { ...shop.env, VERSION: 'v2' } })])
    await rolledOut(bed, shop, 3)
    const report = await traffic.stop()
    expectNothingLost(report)
    expect(report.streams['get']?.versions).toMatchObject({ v2: expect.any(Number) })
  })

  it('are all answered while it is scaled to ten pods and to one', async () => {
    const traffic = await trafficTo(shop, 300)
    await scale(bed, shop, 10)
    const ten = (await settled(bed, shop, 10)).map(({ name }) => name)
    const answering = new Set<string>()
    await traffic.until(({ streams }) => {
      for (const pod of Object.keys(streams['get']?.pods ?? {})) answering.add(pod)
      return ten.every((pod) => answering.has(pod))
    })
    await scale(bed, shop, 1)
    await settled(bed, shop, 1)
    expectNothingLost(await traffic.stop())
  })

  it('are answered with an error while it has no pods, and with success when it has some again', async () => {
    const traffic = await trafficTo(shop, 100)
    await scale(bed, shop, 0)
    await traffic.until(({ streams }) => streams['get']?.succeeded === 0)
    await settled(bed, shop, 0)
    await scale(bed, shop, 3)
    await traffic.until(({ streams }) => Object.values(streams).every((one) => one.succeeded > 0 && one.failed === 0))
    const { failures } = await traffic.stop()
    // 502 and 504: while the last pods end, nobody knows yet that they are gone.
    expect([503, 502, 504]).toEqual(expect.arrayContaining([...new Set(failures.map(({ status }) => status))]))
    expect(failures.toSorted((a, b) => a.startedAt - b.startedAt).at(-1)).toMatchObject({ status: 503 })
    const after = await trafficTo(shop, 100)
    await after.until(({ sent }) => sent >= 50)
    expectNothingLost(await after.stop())
  })

  it('are all answered where pods end the moment they are asked to: GETs by others, POSTs never twice', async () => {
    const traffic = await trafficTo(hasty, 300)
    await applyObjects(bed, [backendDeployment({ ...hasty, replicas: 6, env: { ...hasty.env, VERSION: 'v2' } })])
    await rolledOut(bed, hasty, 6)
    await scale(bed, hasty, 1)
    await settled(bed, hasty, 1)
    expectNoGetLost(await traffic.stop())
  })

  it('go to no pod that is not ready, and to each again when it is', async () => {
    const traffic = await trafficTo(shop, 200)
    const answersOf = (pod: Pod) => traffic.until(({ streams }) => (streams['get']?.pods[pod.name] ?? 0) > 0)
    const silenceOf = (pod: Pod) => traffic.until(({ streams }) => streams['get']?.pods[pod.name] === undefined)
    const pods = await podsOf(bed, shop)
    for (const pod of [...pods, ...pods]) {
      await setReady(bed, shop, pod, false)
      await silenceOf(pod)
      await setReady(bed, shop, pod, true)
      await answersOf(pod)
    }
    expectNothingLost(await traffic.stop())
  })

  it('are answered by another pod where one is killed, except POSTs that it may have handled', async () => {
    const traffic = await trafficTo(shop, 300, '/?delay=20ms')
    const [pod] = await podsOf(bed, shop)
    if (pod === undefined) throw new Error('there is no pod to kill')
    await killContainer(bed, pod, 'backend')
    await until('the pod is back', async () =>
      (await podsOf(bed, shop)).some(({ uid, restarts, isReady }) => uid === pod.uid && restarts > 0 && isReady),
    )
    expectNoGetLost(await traffic.stop())
  })

  it('are all answered while a node is drained of it and of Headgate', async () => {
    const traffic = await trafficTo(shop, 300)
    const node = (await podsOf(bed, shop))[0]?.node ?? ''
    try {
      await bed.kubectl(['drain', node, '--pod-selector=app=shop', '--timeout=60s'])
      await bed.kubectl(['drain', node, '--pod-selector=app.kubernetes.io/name=headgate', '--timeout=60s'])
      const pods = await settled(bed, shop, 3)
      expect(pods.map(({ node }) => node)).not.toContain(node)
    } finally {
      await bed.kubectl(['uncordon', node])
    }
    expectNothingLost(await traffic.stop())
  })

  it('are all answered while a pod that ignores SIGTERM runs into its end', async () => {
    const traffic = await trafficTo(stubborn, 200)
    await scale(bed, stubborn, 1)
    await settled(bed, stubborn, 1)
    expectNothingLost(await traffic.stop())
  })
})
