import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBalancer } from './support/balancer.ts'
import { removeRoute, routeVia } from './support/client-routes.ts'
import { deployApp, removeApp } from './support/exposed-app.ts'
import { tryWay } from './support/exposure.ts'
import { longestGap, lossesOf } from './support/gaps.ts'
import { inSeconds, type MeasuredRow, publish } from './support/measured.ts'
import { listPods } from './support/objects.ts'
import { removeOverlay } from './support/overlay.ts'
import { startPortForward } from './support/port-forward.ts'
import type { Probe } from './support/probe.ts'
import { useBed } from './support/use-bed.ts'

const bed = useBed()
const rows: MeasuredRow[] = []

const keptAddress = { 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' }
const lostAddress = { 'Headgate sees': 'a node', 'the app sees': 'a Headgate pod' }

// The address in the overlay externalips; what a balancer gives out; and both families of it.
const externalAddress = '198.51.100.80'
const ipv4 = '203.0.113.80'
const ipv6 = '2001:db8:203::80'

beforeAll(() => deployApp(bed))

afterAll(async () => {
  await Promise.all([removeOverlay(bed, { folder: 'overlays/hostnetwork' }), removeApp(bed)])
})

describe('from outside the application is reached', () => {
  it('by ClusterIP and kubectl port-forward, the address lost', async () => {
    const started: { stop(): void }[] = []
    const row = await tryWay(bed, {
      name: 'ClusterIP and `kubectl port-forward`',
      overlay: { folder: 'base' },
      keepsPods: false,
      entry: 'n1',
      urls: { forwarded: 'http://198.51.100.2:8080/' },
      async inFront() {
        await bed.kubectl(['rollout', 'status', 'deployment/headgate', '-n', 'headgate', '--timeout=60s'])
        started.push(startPortForward(bed, 'headgate', `pod/${await headgatePodOn('n1')}`, '8080:8080'))
      },
      async whenNodeDies(probe, cutAt) {
        await probe.first(cutAt, ({ error }) => error !== undefined)
        expectNoAnswer(probe, 'forwarded', cutAt)
        return 'nothing, until you start it again'
      },
    }).finally(() => {
      for (const one of started) one.stop()
    })
    expect(row.facts).toEqual({ 'Headgate sees': 'localhost', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('by externalIPs, the address lost', async () => {
    await routeVia(bed, externalAddress, 'n2')
    const row = await tryWay(bed, {
      name: 'externalIPs',
      overlay: { folder: 'overlays/externalips' },
      keepsPods: true,
      entry: 'n2',
      urls: { address: `http://${externalAddress}/` },
      async whenNodeDies(probe, cutAt) {
        await probe.first(cutAt, ({ error }) => error !== undefined)
        expectNoAnswer(probe, 'address', cutAt)
        await routeVia(bed, externalAddress, 'n1')
        await probe.answered('address', cutAt)
        return 'nothing, until you move the address to another node'
      },
    }).finally(() => removeRoute(bed, externalAddress))
    expect(row.facts).toEqual(lostAddress)
    rows.push(row)
  })

  it('by LoadBalancer, the address kept, and the status of Ingresses says where', async () => {
    const row = await tryWay(
      bed,
      loadBalancer(bed, {
        name: 'LoadBalancer, policy Local',
        overlay: 'loadbalancer',
        keepsPods: true,
        entry: 'n1',
        other: 'n2',
        addresses: [ipv4],
      }),
    )
    expect(row.facts).toEqual(keptAddress)
    rows.push(row)
  })

  it('by both families at once, the address of each kept', async () => {
    const row = await tryWay(
      bed,
      loadBalancer(bed, {
        name: 'dual stack (LoadBalancer)',
        overlay: 'dual-stack',
        keepsPods: true,
        entry: 'n2',
        other: 'n1',
        addresses: [ipv4, ipv6],
      }),
    )
    expect(row.facts).toEqual(keptAddress)
    rows.push(row)
  })

  it('by NodePort with policy Local, the address kept', async () => {
    const row = await tryWay(bed, {
      name: 'NodePort, policy Local',
      overlay: { folder: 'overlays/nodeport' },
      keepsPods: false,
      entry: 'n1',
      urls: nodeUrls(30080),
      whenNodeDies: (probe, cutAt) => otherNodeAnswers(probe, 'n1', 'n2', cutAt),
    })
    expect(row.facts).toEqual(keptAddress)
    rows.push(row)
  })

  it('by NodePort with policy Cluster, the address lost', async () => {
    const operations = [{ op: 'replace', path: '/spec/externalTrafficPolicy', value: 'Cluster' }] as const
    const row = await tryWay(bed, {
      name: 'NodePort, policy Cluster',
      overlay: { folder: 'overlays/nodeport', patches: [{ kind: 'Service', operations }] },
      keepsPods: true,
      entry: 'n2',
      urls: nodeUrls(30080),
      async whenNodeDies(probe, cutAt) {
        // As long as Kubernetes takes the node for alive, kube-proxy on the others goes on sending to its pods.
        await bed.kubectl(['wait', '--for=condition=Ready=Unknown', 'node/n2', '--timeout=60s'])
        await probe.answered('n1', Date.now() + 3000)
        const { share, lastMs } = lossesOf(probe.attempts, 'n1', cutAt)
        expect(share).toBeGreaterThan(0.1)
        return `its address: nothing; the other's: ${Math.round(share * 100)} % of new connections fail, for ${inSeconds(lastMs)}`
      },
    })
    expect(row.facts).toEqual(lostAddress)
    rows.push(row)
  })

  it('by the network of the nodes, the address kept', async () => {
    const row = await tryWay(bed, {
      name: 'hostNetwork',
      overlay: { folder: 'overlays/hostnetwork' },
      keepsPods: false,
      entry: 'n1',
      urls: nodeUrls(80),
      whenNodeDies: (probe, cutAt) => otherNodeAnswers(probe, 'n1', 'n2', cutAt),
    })
    expect(row.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a node' })
    rows.push(row)
  })

  it('by each of them as docs/exposure.md says', () => publish('ways', rows))
})

function nodeUrls(port: number): Readonly<Record<string, string>> {
  return Object.fromEntries(bed.nodes.map(({ name, ipv4: address }) => [name, `http://${address}:${port}/`]))
}

function expectNoAnswer(probe: Probe, target: string, since: number): void {
  const answers = probe.attempts.filter((one) => one.target === target && one.startedAt > since && one.seen)
  expect(answers).toEqual([])
}

async function otherNodeAnswers(probe: Probe, dead: string, other: string, cutAt: number): Promise<string> {
  await probe.answered(other, cutAt + 2000)
  expectNoAnswer(probe, dead, cutAt)
  return `its address: nothing; the other's: no gap longer than ${inSeconds(longestGap(probe.attempts, other, cutAt))}`
}

async function headgatePodOn(node: string): Promise<string> {
  const pods = await listPods(bed, 'headgate', 'app.kubernetes.io/name=headgate')
  const pod = pods.find((one) => one.node === node)
  if (pod === undefined) throw new Error(`no Headgate pod on ${node}`)
  return pod.name
}
