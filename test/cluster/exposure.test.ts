import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, list } from '../manifests/object.ts'
import { removeRoute, routeVia, succeeded } from './support/client-routes.ts'
import { appHost, deployApp, removeApp } from './support/exposed-app.ts'
import { entryNode, nextAnswers, tryWay, type Way } from './support/exposure.ts'
import { longestGap, lossesOf } from './support/gaps.ts'
import { inSeconds, type MeasuredRow, publish } from './support/measured.ts'
import { getObject, listPods, patchObject } from './support/objects.ts'
import { type OverlayOptions, removeOverlay } from './support/overlay.ts'
import { startPortForward } from './support/port-forward.ts'
import type { Probe } from './support/probe.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'

const bed = useBed()
const rows: MeasuredRow[] = []
const overlay = (name: string, more: Partial<OverlayOptions> = {}): OverlayOptions => ({
  folder: `overlays/${name}`,
  ...more,
})
const last = overlay('loadbalancer')

// The address of the overlay externalips; the others get it from whoever stands in front.
const ipv4 = '198.51.100.80'
const ipv6 = '2001:db8:51::80'

beforeAll(() => deployApp(bed))

afterAll(async () => {
  await Promise.all([removeOverlay(bed, last), removeApp(bed)])
})

describe('the application behind Headgate is reached from outside', () => {
  it('by ClusterIP, with kubectl port-forward', async () => {
    const started: { stop(): void }[] = []
    const row = await tryWay(bed, {
      name: 'ClusterIP and `kubectl port-forward`',
      overlay: { folder: 'base' },
      urls: { forwarded: 'http://198.51.100.2:8080/' },
      async inFront() {
        await bed.kubectl(['rollout', 'status', 'deployment/headgate', '-n', 'headgate', '--timeout=60s'])
        const pod = await headgatePodOn(entryNode)
        started.push(startPortForward(bed, 'headgate', `pod/${pod}`, '8080:8080'))
      },
      async whenNodeDies(probe, cutAt) {
        await probe.first(cutAt, ({ error }) => error !== undefined)
        expect(probe.attempts.filter(({ startedAt, seen }) => startedAt > cutAt && seen !== undefined)).toEqual([])
        return 'nothing, until you start it again'
      },
    }).finally(() => {
      for (const one of started) one.stop()
    })
    expect(row.facts).toEqual({ 'Headgate sees': 'localhost', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('by NodePort, policy Local, with its own address', async () => {
    const row = await tryWay(bed, {
      name: 'NodePort, policy Local',
      overlay: overlay('nodeport'),
      urls: nodeUrls(30080),
      whenNodeDies: otherNodeAnswers,
    })
    expect(row.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('by NodePort, policy Cluster, with the address of a node', async () => {
    const operations = [{ op: 'replace', path: '/spec/externalTrafficPolicy', value: 'Cluster' }] as const
    const row = await tryWay(bed, {
      name: 'NodePort, policy Cluster',
      overlay: overlay('nodeport', { patches: [{ kind: 'Service', operations }] }),
      urls: nodeUrls(30080),
      async whenNodeDies(probe, cutAt) {
        // As long as Kubernetes takes the node for alive, kube-proxy of the others goes on sending to its pods.
        await bed.kubectl(['wait', '--for=condition=Ready=Unknown', `node/${entryNode}`, '--timeout=60s'])
        await nextAnswered(probe, 'n2', Date.now() + 3000)
        const { share, lastMs } = lossesOf(probe.attempts, 'n2', cutAt)
        expect(share).toBeGreaterThan(0.1)
        const percent = Math.round(share * 100)
        return `its address: nothing; the other's: ${percent} % of new connections fail, for ${inSeconds(lastMs)}`
      },
    })
    expect(row.facts).toEqual({ 'Headgate sees': 'a node', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('by externalIPs, with the address of a node', async () => {
    await routeVia(bed, ipv4, entryNode)
    const row = await tryWay(bed, {
      name: 'externalIPs',
      overlay: overlay('externalips'),
      urls: { address: `http://${ipv4}/` },
      async whenNodeDies(probe, cutAt) {
        await probe.first(cutAt + 2000, ({ error }) => error !== undefined)
        expect(probe.attempts.filter(({ startedAt, seen }) => startedAt > cutAt && seen !== undefined)).toEqual([])
        await routeVia(bed, ipv4, 'n2')
        await probe.answered('address', cutAt)
        return 'nothing, until you move the address to another node'
      },
    }).finally(() => removeRoute(bed, ipv4))
    expect(row.facts).toEqual({ 'Headgate sees': 'a node', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('by LoadBalancer, with its own address, and the status of Ingresses says where', async () => {
    const row = await tryWay(bed, loadBalancer('LoadBalancer, policy Local', 'loadbalancer', [ipv4]))
    expect(row.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('by the network of the nodes, with its own address', async () => {
    const row = await tryWay(bed, {
      name: 'hostNetwork',
      overlay: overlay('hostnetwork'),
      urls: nodeUrls(80),
      whenNodeDies: otherNodeAnswers,
    })
    expect(row.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a node' })
    rows.push(row)
  })

  it('by both families at once, with its own address of each', async () => {
    const row = await tryWay(bed, loadBalancer('dual stack (LoadBalancer)', 'dual-stack', [ipv4, ipv6]))
    expect(row.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' })
    rows.push(row)
  })

  it('as docs/exposure.md says', () => publish('ways', rows))
})

function nodeUrls(port: number): Readonly<Record<string, string>> {
  return Object.fromEntries(bed.nodes.map(({ name, ipv4: address }) => [name, `http://${address}:${port}/`]))
}

async function otherNodeAnswers(probe: Probe, cutAt: number): Promise<string> {
  await nextAnswered(probe, 'n2', cutAt + 3000)
  const fromDead = probe.attempts.filter(({ target, startedAt, seen }) => target === 'n1' && startedAt > cutAt && seen)
  expect(fromDead).toEqual([])
  return `its address: nothing; the other's: no gap longer than ${inSeconds(longestGap(probe.attempts, 'n2', cutAt))}`
}

async function nextAnswered(probe: Probe, target: string, since: number): Promise<void> {
  await probe.answered(target, since)
}

/** The test is the controller that gives the addresses, and the balancer that asks for the health of the nodes. */
function loadBalancer(name: string, overlayName: string, addresses: readonly string[]): Way {
  const service = '/api/v1/namespaces/headgate/services/headgate'
  return {
    name,
    overlay: overlay(overlayName),
    urls: Object.fromEntries(addresses.map((one) => [one, `http://${one.includes(':') ? `[${one}]` : one}/`])),
    async inFront() {
      for (const address of addresses) await routeVia(bed, address, entryNode)
      const ingress = addresses.map((ip) => ({ ip }))
      await patchObject(bed, `${service}/status`, { status: { loadBalancer: { ingress } } })
    },
    async whenNodeDies(probe, cutAt) {
      await until('the Ingress has the addresses', async () => {
        const app = await getObject(bed, '/apis/networking.k8s.io/v1/namespaces/exposure/ingresses/app')
        const published = list(at(app, 'status.loadBalancer.ingress')).map((one) => at(one, 'ip'))
        return published.join() === addresses.join()
      })
      const port = at(await getObject(bed, service), 'spec.healthCheckNodePort')
      await until('the health check of the node fails', async () => (await health(entryNode, Number(port))) !== 200)
      expect(await health('n2', Number(port))).toBe(200)
      for (const address of addresses) await routeVia(bed, address, 'n2')
      const movedAt = Date.now()
      const answers = await Promise.all(addresses.map((one) => probe.answered(one, movedAt)))
      for (const address of addresses) await removeRoute(bed, address)
      return `nothing, until the balancer's health check fails (here after ${inSeconds(movedAt - cutAt)}); then ${inSeconds(
        Math.max(...answers.map(({ endedAt }) => endedAt - movedAt)),
      )}`
    },
  }
}

async function health(node: string, port: number): Promise<number> {
  const address = bed.nodes.find(({ name }) => name === node)?.ipv4
  const asked = await bed.runAsClient('curl', [
    '-s',
    '-m',
    '1',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    `http://${address}:${port}/healthz`,
  ])
  return Number(asked.stdout)
}

async function headgatePodOn(node: string): Promise<string> {
  const pods = await listPods(bed, 'headgate', 'app.kubernetes.io/name=headgate')
  const pod = pods.find((one) => one.node === node)
  if (pod === undefined) throw new Error(`no Headgate pod on ${node}`)
  return pod.name
}
