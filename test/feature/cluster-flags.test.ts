import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster, ingressClass, inNamespace } from '../support/cluster.ts'
import type { Headgate } from '../support/headgate.ts'
import { ingress, service } from '../support/objects.ts'
import { exchange } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster
let headgate: Headgate

const get = (host: string) => exchange(headgate.http, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
const untilAnswer = (host: string, body: string) => waitFor(async () => (await get(host)).body === body)
const requests = (method: string, path: string) =>
  cluster.api.requests.filter((request) => request.method === method && request.path.endsWith(path))

describe('with the flags of somebody who comes from ingress-nginx', () => {
  const tokenFile = (): string => join(cluster.folder, 'token')
  const publish = (...ips: readonly string[]): void =>
    cluster.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'public', namespace: 'infra' },
      spec: { type: 'LoadBalancer' },
      status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
    })

  beforeAll(async () => {
    cluster = await Cluster.start()
    const [app, fallback] = [await cluster.origin('app'), await cluster.origin('fallback')]
    cluster.put(
      inNamespace('shop', service('app', [app.port])),
      inNamespace('default', service('app', [app.port])),
      inNamespace('infra', service('fallback', [fallback.port])),
      ingressClass('public', 'k8s.io/ingress-nginx'),
    )
    publish('192.0.2.7')
    await writeFile(tokenFile(), 'first')
    cluster.api.tokens = new Set(['first'])
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile: tokenFile() } } }
    await cluster.api.writeKubeconfig(cluster.kubeconfig, user)
    headgate = await cluster.headgate([
      '--controller-class=k8s.io/ingress-nginx',
      '--ingress-class=nginx',
      '--ingress-class-by-name',
      '--watch-namespace=shop',
      '--default-backend-service=infra/fallback',
      '--publish-service=infra/public',
    ])
  })

  afterAll(() => cluster.stop())

  it('serves the classes of its controller, and no longer its own', async () => {
    cluster.put(
      inNamespace('shop', ingress({ name: 'own', className: 'headgate', host: 'own.example.com' })),
      inNamespace('shop', ingress({ name: 'adopted', className: 'public', host: 'adopted.example.com' })),
    )
    await untilAnswer('adopted.example.com', 'app')
    expect((await get('own.example.com')).body).toBe('fallback')
  })

  it('serves a class by its name where there is no such IngressClass', async () => {
    cluster.put(inNamespace('shop', ingress({ name: 'named', className: 'nginx', host: 'named.example.com' })))
    await untilAnswer('named.example.com', 'app')
  })

  it('sees no other namespace, but for the default backend that answers what nobody else does', async () => {
    cluster.put(
      inNamespace('default', ingress({ name: 'hidden', className: 'public', host: 'hidden.example.com' })),
      inNamespace('shop', ingress({ name: 'marker', className: 'public', host: 'marker.example.com' })),
    )
    await untilAnswer('marker.example.com', 'app')
    expect((await get('hidden.example.com')).body).toBe('fallback')
    expect(await headgate.page('/routes')).not.toContain('hidden.example.com')
    for (const kind of ['ingresses', 'services', 'endpointslices', 'secrets']) {
      const paths = requests('GET', `/${kind}`).map(({ path }) => path)
      expect(paths.every((path) => path.includes('/namespaces/'))).toBe(true)
      expect(paths.length).toBeGreaterThan(0)
    }
  })

  it('publishes the addresses of the Service, and new ones when it gets others', async () => {
    cluster.put(inNamespace('shop', ingress({ name: 'listed', className: 'public', host: 'listed.example.com' })))
    const untilListed = (...ips: readonly string[]) =>
      waitFor(() => JSON.stringify(cluster.statusOf('listed', 'shop')) === JSON.stringify(ips.map((ip) => ({ ip }))))
    await untilListed('192.0.2.7')
    publish('192.0.2.8', '192.0.2.9')
    await untilListed('192.0.2.8', '192.0.2.9')
    expect(requests('PATCH', '/ingresses/listed/status')).toHaveLength(2)
    expect(requests('PATCH', '/ingresses/hidden/status')).toEqual([])
  })

  it('goes on with a new token when the old one is refused', async () => {
    cluster.api.tokens = new Set(['second'])
    await writeFile(tokenFile(), 'second')
    cluster.api.endWatches()
    cluster.put(inNamespace('shop', ingress({ name: 'late', className: 'public', host: 'late.example.com' })))
    await untilAnswer('late.example.com', 'app')
    expect(cluster.api.requests.at(-1)?.authorization).toBe('Bearer second')
  })
})

describe('with --no-update-status', () => {
  beforeAll(async () => {
    cluster = await Cluster.start()
    headgate = await cluster.headgate(['--no-update-status', '--publish-status-address=192.0.2.1'])
  })

  afterAll(() => cluster.stop())

  it('tells what is wrong by Events, and writes no status', async () => {
    for (const name of ['one', 'two']) {
      cluster.put(ingress({ name, className: 'headgate', host: `${name}.example.com` }))
      await waitFor(() =>
        requests('POST', '/events').some(({ body }) => JSON.stringify(body).includes(`"name":"${name}"`)),
      )
    }
    expect(requests('PATCH', '/status')).toEqual([])
  })
})
