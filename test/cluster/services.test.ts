import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Fields, KubernetesObject } from '../manifests/object.ts'
import { type BackendOptions, backendDeployment, ingress, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { expectNothingLost, nodeUrls } from './support/expect-traffic.ts'
import { applyObjects, createNamespace, deleteNamespace, type Pod } from './support/objects.ts'
import { startTraffic, type Traffic, untilServed } from './support/traffic.ts'
import { useBed } from './support/use-bed.ts'
import { podsOf, rolledOut, settled } from './support/workload.ts'

const bed = useBed()
const namespace = 'test-services'
const ports = [{ name: 'http', port: 80, targetPort: 'web' }]
const group = { group: 'mixed' }

const web: BackendOptions = { name: 'web', namespace, replicas: 2, preStopSeconds: 2, labels: group }
/** Its port `web` is another one. */
const other: BackendOptions = { name: 'other', namespace, replicas: 1, labels: group, port: 9_090 }
const never: BackendOptions = { name: 'never', namespace, replicas: 1, env: { READY_DELAY: '1h' } }

const services: Readonly<Record<string, Fields>> = {
  headless: { selector: { app: 'web' }, clusterIP: 'None', ports },
  mixed: { selector: group, ports },
  never: { selector: { app: 'never' }, ports },
  'never-but-published': { selector: { app: 'never' }, publishNotReadyAddresses: true, ports },
  own: { ports, selector: undefined },
  external: {
    type: 'ExternalName',
    externalName: `headless.${namespace}.svc.cluster.local`,
    selector: undefined,
  },
  dual: { selector: { app: 'web' }, ipFamilyPolicy: 'RequireDualStack', ports },
  ipv6: { selector: { app: 'web' }, ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'], ports },
}

let headgate: Deployed | undefined
let pods: readonly Pod[] = []
let otherPods: readonly Pod[] = []

beforeAll(async () => {
  await createNamespace(bed, namespace)
  const names = Object.keys(services)
  await applyObjects(bed, [
    ...[web, other, never].map(backendDeployment),
    ...names.map((name) => service({ name, namespace, spec: services[name] ?? {} })),
  ])
  headgate = await deployHeadgate(bed, {
    service: { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' },
    replicas: 1,
  })
  const { ingressClass } = headgate
  await applyObjects(
    bed,
    names.map((name) => {
      // Behind a name nothing translates ports: it must be that of the pods.
      const port = name === 'external' ? 8_080 : 80
      return ingress({ name, namespace, ingressClass, host: `${name}.example`, port })
    }),
  )
  pods = await settled(bed, web, 2)
  otherPods = await settled(bed, other, 1)
  const served = names.filter((name) => name !== 'never' && name !== 'own').map((name) => `${name}.example`)
  await untilServed(bed, served, nodeUrls(bed, headgate.nodePorts.http))
})

afterAll(async () => {
  await Promise.all([deleteNamespace(bed, namespace), headgate?.remove()])
})

async function trafficTo(name: string): Promise<Traffic> {
  const urls = nodeUrls(bed, headgate?.nodePorts.http)
  const traffic = await startTraffic(bed, { streams: [{ name: 'get', urls, host: `${name}.example`, rate: 100 }] })
  onTestFinished(() => traffic.end())
  return traffic
}

/** Resolves when within 200 ms just these pods have answered, and there were enough requests to lose one. */
function answeredBy(traffic: Traffic, wanted: readonly Pod[]): Promise<void> {
  const names = wanted.map(({ name }) => name).sort()
  return traffic.until(
    ({ sent, streams }) => sent >= 50 && `${Object.keys(streams['get']?.pods ?? {}).sort()}` === `${names}`,
  )
}

describe('requests by way of a Service', () => {
  it('that is headless go to its pods, during their rolling update too', async () => {
    const traffic = await trafficTo('headless')
    await answeredBy(traffic, pods)
    await applyObjects(bed, [backendDeployment({ ...web, env: { VERSION: 'v2' } })])
    await rolledOut(bed, web, 2)
    pods = await podsOf(bed, web)
    await answeredBy(traffic, pods)
    expectNothingLost(await traffic.stop())
  })

  it('whose target port is a name go to the port that each pod gives that name', async () => {
    const traffic = await trafficTo('mixed')
    await answeredBy(traffic, [...pods, ...otherPods])
    expectNothingLost(await traffic.stop())
  })

  it('without a selector go where its own EndpointSlices say, and nowhere else when they change', async () => {
    const [first, second] = pods
    if (first === undefined || second === undefined) throw new Error('there are no two pods')
    await applyObjects(bed, [ownSlice(first, 8080)])
    await untilServed(bed, ['own.example'], nodeUrls(bed, headgate?.nodePorts.http))
    const traffic = await trafficTo('own')
    await answeredBy(traffic, [first])
    await applyObjects(bed, [ownSlice(second, 8080)])
    await answeredBy(traffic, [second])
    expectNothingLost(await traffic.stop())
  })

  it('that publishes addresses that are not ready go there; one that does not answers 503', async () => {
    const neverPods = await podsOf(bed, never)
    const published = await trafficTo('never-but-published')
    await answeredBy(published, neverPods)
    expectNothingLost(await published.stop())
    const unpublished = await trafficTo('never')
    await unpublished.until(({ failed }) => failed > 10)
    const { failures, succeeded } = await unpublished.stop()
    expect({ succeeded, statuses: [...new Set(failures.map(({ status }) => status))] }).toEqual({
      succeeded: 0,
      statuses: [503],
    })
  })

  it('that is an external name go where the name leads', async () => {
    const traffic = await trafficTo('external')
    await answeredBy(traffic, pods)
    expectNothingLost(await traffic.stop())
  })

  it.runIf(bed.family === 'dual')('with two families, and of IPv6 alone, go to its pods', async () => {
    for (const name of ['dual', 'ipv6']) {
      const traffic = await trafficTo(name)
      await answeredBy(traffic, pods)
      expectNothingLost(await traffic.stop())
    }
  })
})

/** As somebody writes it by hand. */
function ownSlice({ addresses }: Pod, port: number): KubernetesObject {
  const [address = ''] = addresses
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'own-1', namespace, labels: { 'kubernetes.io/service-name': 'own' } },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  }
}
