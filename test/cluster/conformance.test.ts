import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { at, type Fields, type KubernetesObject } from '../manifests/object.ts'
import { makeCertificate } from '../support/certificates.ts'
import { type Asked, askAll, type Heard } from './support/ask.ts'
import { backendDeployment } from './support/backends.ts'
import {
  type Case,
  defaultBackend,
  type Feature,
  hostRules,
  ingressClassCase,
  loadBalancingCase,
  pathRules,
  servicePort,
  servicePorts,
  tlsHost,
  tlsSecret,
} from './support/conformance-cases.ts'
import { type CaseResult, publishConformance } from './support/conformance-report.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { addressesOf, getIngress, untilStatus } from './support/feedback.ts'
import { applyObjects, createNamespace, deleteNamespace } from './support/objects.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'
import { scale, settled } from './support/workload.ts'

const bed = useBed()
const namespace = 'ingress-conformance'
const echo = { namespace, name: 'echo' }
const address = bed.nodes[0]?.ipv4 ?? bed.nodes[0]?.ipv6 ?? ''
const results: CaseResult[] = []
let headgate: Deployed

beforeAll(async () => {
  await createNamespace(bed, namespace)
  await applyObjects(bed, [
    backendDeployment({
      ...echo,
      replicas: 1,
      graceSeconds: 1,
      env: { PORTS: Object.values(servicePorts).join() },
    }),
    ...Object.entries(servicePorts).map(([name, targetPort]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: echo.name }, ports: [{ ...servicePort, targetPort }] },
    })),
    certificateSecret(),
  ])
  headgate = await deployHeadgate(bed, {
    namespace: 'headgate-conformance',
    service: { type: 'NodePort' },
    args: ['--lame-duck-seconds=0'],
    edit: withStatusAddress,
  })
  await settled(bed, echo, 1)
  await Promise.all([headgate.nodePorts.http, headgate.nodePorts.https].map((port) => isOpen(port ?? 0)))
})

afterAll(async () => {
  await Promise.all([deleteNamespace(bed, namespace), headgate?.remove()])
})

describe.each([defaultBackend, hostRules, pathRules])('$name', ({ name: feature, ingress, cases }: Feature) => {
  const name = feature.replace(' ', '-')
  let heard: readonly Heard[] = []

  beforeAll(async () => {
    await applyObjects(bed, [ingressObject(name, ingress)])
    await untilStatus(bed, namespace, name, [address])
    await onEveryPod((routes) => routes.includes(`[Ingress ${namespace}/${name} `))
    heard = await askAll(bed, cases.map(asked))
  })

  afterAll(() => removeIngress(name))

  it.each(cases.map((one, index) => ({ ...one, index })))('$name', ({ index, ...one }) => {
    reportedAs(feature, one.name)
    const { status, body, ...answer } = heard[index] ?? { status: 0, body: '', headers: {}, protocol: '' }
    if (one.service === undefined) {
      expect(status).toBe(404)
      return
    }
    expect({ status, ...seenBy(body) }).toEqual({
      status: 200,
      service: one.service,
      method: one.method,
      path: one.path,
      host: asked(one).host,
      protocol: 'HTTP/1.1',
      userAgent,
    })
    if (one.scheme === 'https') {
      expect(answer).toMatchObject({ certificateNames: `DNS:${tlsHost}`, fitsHost: true })
    }
    if (feature === defaultBackend.name) {
      const { headers, protocol } = answer
      const any = expect.stringMatching(/./)
      expect({ protocol, ...headers }).toMatchObject({
        protocol: 'HTTP/1.1',
        'content-length': `${Buffer.byteLength(body)}`,
        'content-type': any,
        date: any,
        server: any,
      })
    }
  })
})

describe('ingress class', () => {
  it(ingressClassCase, async () => {
    reportedAs('ingress class', ingressClassCase)
    const of = (host: string): Fields => ({ ...defaultBackend.ingress, rules: [{ host }] })
    await applyObjects(bed, [ingressObject('unknown-class', of('unknown.example'), 'some-invalid-class-name')])
    // What would be written to the first would be written before this one, which comes later, has its address.
    await applyObjects(bed, [ingressObject('known-class', of('known.example'))])
    await untilStatus(bed, namespace, 'known-class', [address])
    expect(addressesOf(await getIngress(bed, namespace, 'unknown-class'))).toEqual([])
    await removeIngress('known-class')
    await removeIngress('unknown-class')
  })
})

describe('load balancing', () => {
  it(loadBalancingCase, async () => {
    reportedAs('load balancing', loadBalancingCase)
    await scale(bed, echo, 10)
    await applyObjects(bed, [ingressObject('load-balancing', defaultBackend.ingress)])
    const pods = await settled(bed, echo, 10)
    await onEveryPod((routes) => routes.includes(`${namespace}/echo-service:8080 (10 endpoints)`))
    const one = asked({
      name: '',
      scheme: 'http',
      method: 'GET',
      host: 'load-balancing',
      path: '/',
      service: undefined,
    })
    const heard = await askAll(bed, new Array<Asked>(100).fill(one))
    expect(heard.filter(({ status }) => status !== 200)).toEqual([])
    const reached = new Set(heard.map(({ body }) => at(JSON.parse(body), 'pod')))
    expect([...reached].toSorted()).toEqual(pods.map(({ name }) => name).toSorted())
    await removeIngress('load-balancing')
  })
})

it('is what the report in docs/conformance says', async () => {
  const { body } = await bed.api('GET', '/version')
  publishConformance({ headgateVersion: manifest.version, kubernetesVersion: String(at(body, 'gitVersion')), results })
})

/** That of the client of the original: a gateway has no business to change it. */
const userAgent = 'Go-http-client/1.1'

function asked({ scheme, method, host, path }: Case): Asked {
  const authority = `${address.includes(':') ? `[${address}]` : address}:${headgate.nodePorts[scheme] ?? 0}`
  return {
    url: `${scheme}://${authority}${path}`,
    host: host === '' ? authority : host,
    method,
    headers: { 'user-agent': userAgent },
  }
}

/** A node hears of a new Service a moment after Headgate is ready; what is asked here is asked once. */
async function isOpen(port: number): Promise<void> {
  await until(`node port ${port} is open`, async () => {
    return (await bed.runAsClient('bash', ['-c', `exec 3<>/dev/tcp/${address}/${port}`])).code === 0
  })
}

function seenBy(body: string) {
  const seen: unknown = JSON.parse(body)
  const port = Number(String(at(seen, 'local')).split(':').at(-1))
  return {
    service: Object.keys(servicePorts).find((name) => servicePorts[name] === port),
    method: at(seen, 'method'),
    path: at(seen, 'path'),
    host: at(seen, 'host'),
    protocol: at(seen, 'protocol'),
    userAgent: at(seen, 'headers.User-Agent.0'),
  }
}

function reportedAs(feature: string, name: string): void {
  onTestFinished(({ task }) => {
    results.push({ feature, name, result: task.result?.state === 'fail' ? 'failed' : 'passed' })
  })
}

async function onEveryPod(test: (routes: string) => boolean): Promise<void> {
  await until('every Headgate has heard of it', async () => {
    const pods = await headgate.pods()
    return (await Promise.all(pods.map(({ name }) => headgate.admin(name, '/routes?format=text')))).every(test)
  })
}

function ingressObject(name: string, spec: Fields, ingressClassName = headgate.ingressClass): KubernetesObject {
  const metadata = { name, namespace }
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec: { ingressClassName, ...spec } }
}

/** Resolves when no Headgate serves it any more: that of one feature must not answer what the next one asks. */
async function removeIngress(name: string): Promise<void> {
  await bed.api('DELETE', `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${name}`)
  await onEveryPod((routes) => !routes.includes(`Ingress ${namespace}/${name} `))
}

/** The address that the client reaches, in place of the Service's own. */
function withStatusAddress(object: KubernetesObject): KubernetesObject {
  const text = JSON.stringify(object).replace(/--publish-service=[^"]+/, `--publish-status-address=${address}`)
  return JSON.parse(text)
}

function certificateSecret(): KubernetesObject {
  const { certPem, keyPem } = makeCertificate([tlsHost])
  const metadata = { name: tlsSecret, namespace }
  const stringData = { 'tls.crt': certPem, 'tls.key': keyPem }
  return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, stringData }
}
