import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { StreamOptions } from './client/report.ts'
import { type BackendOptions, backendDeployment, ingress, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { expectNothingLost, nodeUrls } from './support/expect-traffic.ts'
import { applyObjects, createNamespace, deleteNamespace, patchObject } from './support/objects.ts'
import { startTraffic, type Traffic, untilServed } from './support/traffic.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'
import { scale, settled } from './support/workload.ts'

const bed = useBed()
const namespace = 'test-own-rollout'
const host = 'shop.example'
const collectorPort = 9_100
const collector = `${bed.client.ipv4 ?? `[${bed.client.ipv6}]`}:${collectorPort}`
/** kube-proxy needs a second to hear of a pod that goes, and more where processors are few: docs/reference/flags.md has 10 s. */
const args = ['--lame-duck-seconds=6']
const shop: BackendOptions = { name: 'shop', namespace, replicas: 2, env: { COLLECTOR: collector } }
/** The address that a load balancer would have given. */
const balancer = bed.family === 'ipv6' ? '2001:db8:51:1::10' : '203.0.113.10'

beforeAll(async () => {
  await createNamespace(bed, namespace)
  await applyObjects(bed, [backendDeployment(shop), service({ name: 'shop', namespace })])
  await applyObjects(bed, [ingress({ name: 'shop', namespace, ingressClass: 'headgate', host })])
})

afterAll(() => deleteNamespace(bed, namespace))

/** GETs and POSTs on kept connections, and GETs on new ones, to each of the ways in. */
async function trafficBy(ways: Readonly<Record<string, readonly string[]>>): Promise<Traffic> {
  const streams = Object.entries(ways).flatMap(([way, urls]): StreamOptions[] => [
    { name: `get-${way}`, urls, host, rate: 100 },
    { name: `get-new-${way}`, urls, host, rate: 40, connections: 'new' },
    { name: `post-${way}`, urls, host, rate: 40, method: 'POST' },
  ])
  const traffic = await startTraffic(bed, { streams, collectorPort })
  onTestFinished(() => traffic.end())
  await traffic.until(({ succeeded, failed }) => succeeded > 0 || failed > 0)
  return traffic
}

/** Waits until the pods are as many as wanted, ready, and those that had to go are gone: up to then they may lose something. */
async function pods(headgate: Deployed, count: number): Promise<readonly string[]> {
  const seen = await until(`${count} pods of Headgate`, async () => {
    const all = await headgate.pods()
    return all.length === count && all.every(({ isReady, isTerminating }) => isReady && !isTerminating) && all
  })
  return seen.map(({ name }) => name)
}

async function replacePods(headgate: Deployed, count: number): Promise<void> {
  const before = await pods(headgate, count)
  await bed.kubectl(['rollout', 'restart', headgate.workload, '-n', headgate.namespace])
  await headgate.rolledOut()
  const after = await pods(headgate, count)
  expect(after.filter((name) => before.includes(name))).toEqual([])
}

describe('requests by way of node ports and of a load balancer to two replicas of Headgate', () => {
  let headgate: Deployed
  let ways: Readonly<Record<string, readonly string[]>> = {}

  beforeAll(async () => {
    headgate = await deployHeadgate(bed, {
      folder: 'overlays/loadbalancer',
      args,
      // Whichever node the balancer sends to, it knows a pod.
      service: { externalTrafficPolicy: 'Cluster', ipFamilyPolicy: 'PreferDualStack' },
    })
    await patchObject(bed, '/api/v1/namespaces/headgate/services/headgate/status', {
      status: { loadBalancer: { ingress: [{ ip: balancer }] } },
    })
    const [node] = bed.nodes
    await bed.runAsClient('ip', ['route', 'replace', balancer, 'via', node?.ipv4 ?? node?.ipv6 ?? ''])
    await settled(bed, shop, 2)
    const url = balancer.includes(':') ? `http://[${balancer}]/` : `http://${balancer}/`
    ways = { port: nodeUrls(bed, headgate.nodePorts.http), balancer: [url] }
    await untilServed(bed, [host], Object.values(ways).flat())
  })

  afterAll(async () => {
    await bed.runAsClient('ip', ['route', 'delete', balancer])
    await headgate.remove()
  })

  it('are all answered during a rolling update of it', async () => {
    const traffic = await trafficBy(ways)
    await replacePods(headgate, 2)
    expectNothingLost(await traffic.stop())
  })

  it('are all answered while it is scaled to one replica, to three, and to one', async () => {
    const traffic = await trafficBy(ways)
    const deployment = { namespace: headgate.namespace, name: 'headgate' }
    for (const replicas of [1, 3, 1]) {
      await scale(bed, deployment, replicas)
      await pods(headgate, replicas)
    }
    expectNothingLost(await traffic.stop())
  })
})

describe('requests by way of node ports that keep the address of the client, to a Headgate on each node', () => {
  let headgate: Deployed

  beforeAll(async () => {
    headgate = await deployHeadgate(bed, {
      folder: 'overlays/nodeport',
      args,
      service: { ipFamilyPolicy: 'PreferDualStack' },
    })
    await untilServed(bed, [host], nodeUrls(bed, headgate.nodePorts.http))
  })

  afterAll(() => headgate.remove())

  it('are all answered during a rolling update of it', async () => {
    const traffic = await trafficBy({ port: nodeUrls(bed, headgate.nodePorts.http) })
    await replacePods(headgate, bed.nodes.length)
    expectNothingLost(await traffic.stop())
  })
})
