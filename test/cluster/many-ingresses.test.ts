import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, type Fields, type KubernetesObject } from '../manifests/object.ts'
import { dayMs, makeCertificate, makeTlsSecret } from '../support/certificates.ts'
import type { StreamOptions } from './client/report.ts'
import { backendDeployment, ingress, service } from './support/backends.ts'
import { type Deployed, deployHeadgate } from './support/deploy.ts'
import { nodeUrls } from './support/expect-traffic.ts'
import { createNumbered, numberedHost } from './support/many-ingresses.ts'
import { applyObjects, createNamespace, deleteNamespace, listObjects, patchObject } from './support/objects.ts'
import { servedAt } from './support/served-at.ts'
import { steadily } from './support/steadily.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'

const bed = useBed()
const ingressClass = 'many'
const app = { namespace: 'many-app', name: 'app' }
const ingressPath = `/apis/networking.k8s.io/v1/namespaces/${app.namespace}/ingresses`
const count = 1_000
/** Hosts that nobody changes, from all over the table. */
const steadyHosts = Array.from({ length: 10 }, (_, index) => numberedHost(index * 100))
const goodCertificate = makeCertificate(['good.example.com'])

let headgate: Deployed

beforeAll(async () => {
  await createNamespace(bed, app.namespace)
  await applyObjects(bed, [backendDeployment({ ...app, replicas: 2 }), service(app)])
  const created = createNumbered(bed, 0, count, { namespace: app.namespace, ingressClass, service: app.name })
  headgate = await deployHeadgate(bed, { namespace: 'many', replicas: 1, service: { type: 'NodePort' } })
  await created
  await servedAt(bed, headgate, numberedHost(count - 1), Date.now())
})

afterAll(async () => {
  await headgate?.remove()
  await deleteNamespace(bed, app.namespace)
})

async function underTraffic(work: () => Promise<void>): Promise<void> {
  const [before] = await headgate.pods()
  const urls = nodeUrls(bed, headgate.nodePorts.http).slice(0, 1)
  const streams = steadyHosts.map((host): StreamOptions => ({ name: host, urls, host, rate: 20 }))
  await steadily(bed, streams, work)
  expect(await headgate.pods()).toMatchObject([{ name: before?.name, restarts: 0, isReady: true }])
}

const backendOf = (name: string, port: Fields = { number: 80 }): Fields => ({ service: { name, port } })

function ingressWith(name: string, paths: readonly Fields[], spec: Fields = {}): KubernetesObject {
  const host = `${name}.example.com`
  const rules = [{ host, http: { paths: paths.map((path) => ({ path: '/', pathType: 'Prefix', ...path })) } }]
  const plain = ingress({ name, namespace: app.namespace, ingressClass, host, service: app.name })
  return { ...plain, spec: { ingressClassName: ingressClass, rules, ...spec } }
}

function withSecret(name: string, certificate: { certPem?: string; keyPem?: string }): KubernetesObject[] {
  const { data, type } = makeTlsSecret(name, { certPem: '', keyPem: '', ...certificate })
  const host = `${name}.example.com`
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: app.namespace }, type, data },
    ingressWith(name, [{ backend: backendOf(app.name) }], { tls: [{ hosts: [host], secretName: name }] }),
  ]
}

/** Name, objects, the reason of the Event on the Ingress, and what its host answers. */
const bad: readonly (readonly [string, readonly KubernetesObject[], string, number])[] = [
  ['no-service', [ingressWith('no-service', [{ backend: backendOf('nobody') }])], 'ServiceNotFound', 503],
  ['no-port', [ingressWith('no-port', [{ backend: backendOf(app.name, { name: 'none' }) }])], 'PortNotFound', 503],
  [
    'resource',
    [ingressWith('resource', [{ backend: { resource: { apiGroup: 'a.example', kind: 'Bucket', name: 'b' } } }])],
    'ResourceBackendUnsupported',
    503,
  ],
  [
    'query',
    [ingressWith('query', [{ path: '/a?b', pathType: 'ImplementationSpecific', backend: backendOf(app.name) }])],
    'InvalidPath',
    404,
  ],
  [
    'no-class',
    [ingressWith('no-class', [{ backend: backendOf(app.name) }], { ingressClassName: 'nobodys' })],
    'IngressClassNotFound',
    404,
  ],
  [
    'no-secret',
    [
      ingressWith('no-secret', [{ backend: backendOf(app.name) }], {
        tls: [{ hosts: ['no-secret.example.com'], secretName: 'none' }],
      }),
    ],
    'TlsSecretNotFound',
    200,
  ],
  ['empty', withSecret('empty', {}), 'TlsSecretInvalid', 200],
  ['garbage', withSecret('garbage', { certPem: 'x'.repeat(500_000), keyPem: 'y' }), 'TlsSecretInvalid', 200],
  [
    'cut-off',
    withSecret('cut-off', { ...goodCertificate, certPem: goodCertificate.certPem.slice(0, 300) }),
    'TlsSecretInvalid',
    200,
  ],
  [
    'other-key',
    withSecret('other-key', {
      certPem: goodCertificate.certPem,
      keyPem: makeCertificate(['x.example'], { freshKey: true }).keyPem,
    }),
    'TlsSecretInvalid',
    200,
  ],
  [
    'expired',
    withSecret('expired', makeCertificate(['expired.example.com'], { notAfter: Date.now() - dayMs / 2 })),
    'CertificateExpired',
    200,
  ],
]

async function statusOf(host: string, path = '/'): Promise<number> {
  const [url = ''] = nodeUrls(bed, headgate.nodePorts.http, path)
  const script = `
    require('node:http').get(process.argv[1], { headers: { host: process.argv[2] } }, (answer) => {
      console.log(answer.statusCode)
      process.exit()
    })`
  const { stdout } = await bed.runAsClient(process.execPath, ['-e', script, url, host])
  return Number(stdout)
}

/** Reasons of the Events on an Ingress. */
async function reasonsOf(name: string): Promise<readonly unknown[]> {
  const selector = encodeURIComponent(`involvedObject.kind=Ingress,involvedObject.name=${name}`)
  const events = await listObjects(bed, `/api/v1/namespaces/${app.namespace}/events?fieldSelector=${selector}`)
  return events.map((event) => at(event, 'reason'))
}

describe('among a thousand Ingresses', () => {
  it('bad ones cost nobody else a request, and an Event says what is wrong with each', async () => {
    const taken = steadyHosts[0] ?? ''
    const thief = ingressWith('thief', [{ backend: backendOf('nobody') }])
    const rules = [
      {
        host: taken,
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: backendOf('nobody') },
            { path: '/its-own', pathType: 'Prefix', backend: backendOf(app.name) },
          ],
        },
      },
    ]
    await underTraffic(async () => {
      await applyObjects(bed, [
        ...bad.flatMap(([, objects]) => objects),
        { ...thief, spec: { ingressClassName: ingressClass, rules } },
        { ...ingressWith('wordy', [{ backend: backendOf(app.name) }]), metadata: wordy('wordy') },
        ingressWith(
          'long',
          Array.from({ length: 5_000 }, (_, n) => ({ path: `/${n}`, backend: backendOf(app.name) })),
        ),
      ])
      for (const [name, , reason] of [...bad, ['thief', [], 'DuplicateRoute'] as const]) {
        await until(`${reason} is told of ${name}`, async () => (await reasonsOf(name)).includes(reason))
      }
      for (const [name, , , status] of bad)
        expect([name, await statusOf(`${name}.example.com`)]).toEqual([name, status])
      expect(await statusOf(taken, '/its-own')).toBe(200)
      expect(await statusOf('long.example.com', '/4999')).toBe(200)
      expect(await statusOf('wordy.example.com')).toBe(200)
    })
  })

  it('a hundred changes a second cost nobody else a request, and each is served soon', async () => {
    const changing = Array.from({ length: 100 }, (_, index) => index * 10 + 5)
    const written: Promise<void>[] = []
    let changes = 0
    await underTraffic(async () => {
      const end = performance.now() + 10_000
      for (let due = performance.now(); due < end; due += 1_000 / 100) {
        const index = changing[changes++ % changing.length] ?? 0
        const rules = [{ host: `${changes}.${numberedHost(index)}`, http: { paths: [allPaths()] } }]
        written.push(patchObject(bed, `${ingressPath}/web-${index}`, { spec: { rules } }))
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
      }
      await Promise.all(written)
      await patchObject(bed, `${ingressPath}/web-1`, {
        spec: { rules: [{ host: 'last.example.com', http: { paths: [allPaths()] } }] },
      })
      const since = Date.now()
      expect((await servedAt(bed, headgate, 'last.example.com', since)) - since).toBeLessThan(5_000)
    })
    expect(changes).toBeGreaterThan(500)
  })
})

function allPaths(): Fields {
  return { path: '/', pathType: 'Prefix', backend: backendOf(app.name) }
}

function wordy(name: string): KubernetesObject['metadata'] {
  // The API server takes 256 KiB of annotations.
  return { name, namespace: app.namespace, annotations: { 'example.com/notes': 'x'.repeat(250_000) } }
}
