import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import type { Headgate } from '../support/headgate.ts'
import { type Load, underLoad } from '../support/load.ts'
import { ingress, service } from '../support/objects.ts'
import { exchange } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'steady.example.com'
const kinds = 5

let cluster: Cluster
let headgate: Headgate
let changes = 0

const get = (name: string) => exchange(headgate.http, `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`)
const metric = async (name: string): Promise<string | undefined> =>
  new RegExp(`^${name} (\\S+)$`, 'm').exec(await headgate.page('/metrics'))?.[1]
const untilConnected = (value: '0' | '1') =>
  waitFor(async () => (await metric('headgate_control_plane_connected')) === value)
const steadily = (work: () => Promise<void>): Promise<Load> =>
  underLoad(headgate.http, host, ({ status, body }) => status === 200 && body === 'app', work)

/** A new Ingress is served: what is told by now has arrived, and so has all before it. */
async function untilChanged(): Promise<void> {
  const name = `change-${++changes}`
  cluster.put(ingress({ name, className: 'headgate', host: `${name}.example.com` }))
  await waitFor(async () => (await get(`${name}.example.com`)).body === 'app')
  cluster.api.delete('Ingress', 'default', name)
  await waitFor(async () => (await get(`${name}.example.com`)).status === 404)
}

beforeAll(async () => {
  cluster = await Cluster.start()
  cluster.put(
    service('app', [(await cluster.origin('app')).port]),
    ingress({ name: 'steady', className: 'headgate', host }),
  )
  headgate = await cluster.headgate()
})

afterAll(() => cluster.stop())

describe('under load, no request fails while', () => {
  it.each<[string, () => void]>([
    [
      'every watch is told that its history is gone, and lists anew',
      () => {
        cluster.api.compact()
        cluster.api.expireWatches()
      },
    ],
    ['every watch ends', () => cluster.api.endWatches()],
    ['every watch is reset', () => cluster.api.resetWatches()],
    ['every watch breaks in the middle of an event', () => cluster.api.sendRaw('{"type":"DELETED","object":{\n')],
    ['every watch reports an error of the server', () => cluster.api.expireWatches(500)],
  ])('%s', async (_, fault) => {
    await waitFor(() => cluster.api.openWatches === kinds)
    const { requests, failures } = await steadily(async () => {
      fault()
      await waitFor(() => cluster.api.openWatches === kinds)
      await untilChanged()
    })
    expect(failures.slice(0, 3)).toEqual([])
    expect(requests).toBeGreaterThan(10)
  })

  it('the API server is away, and what changed meanwhile is served when it is back', async () => {
    await waitFor(() => cluster.api.openWatches === kinds)
    const fresh = await cluster.origin('app')
    cluster.put(ingress({ name: 'going', className: 'headgate', host: 'going.example.com' }))
    await waitFor(async () => (await get('going.example.com')).body === 'app')
    const { requests, failures } = await steadily(async () => {
      await cluster.api.refuse()
      await untilConnected('0')
      expect(await headgate.page('/readyz')).toBe('ready: serving\n')
      expect((await get('going.example.com')).body).toBe('app')
      cluster.api.delete('Ingress', 'default', 'going')
      cluster.put(
        service('app', [fresh.port]),
        ingress({ name: 'new', className: 'headgate', host: 'new.example.com' }),
      )
      // Nobody can resume from before: all of it comes by new lists.
      cluster.api.compact()
      await cluster.api.listen()
      await waitFor(async () => (await get('new.example.com')).body === 'app')
      await untilConnected('1')
      await waitFor(() => fresh.seen.length > 0)
    })
    expect(failures.slice(0, 3)).toEqual([])
    expect(requests).toBeGreaterThan(10)
    expect((await get('going.example.com')).status).toBe(404)
    const warnings = headgate.output().match(/API server cannot be read/g)
    expect(warnings?.length).toBeLessThan(5)
  })

  it.each([
    ['ingresses', 403],
    ['endpointslices', 403],
    ['secrets', 429],
    ['services', 500],
  ])('%s alone answer %i, and other kinds go on', async (plural, status) => {
    await waitFor(() => cluster.api.openWatches === kinds)
    const fresh = await cluster.origin('app')
    const { failures } = await steadily(async () => {
      cluster.api.failing.set(plural, { status })
      cluster.api.compact()
      cluster.api.expireWatches()
      await untilConnected('0')
      await waitFor(() => cluster.api.openWatches === kinds - 1)
      expect(await headgate.page('/metrics')).toMatch(/^headgate_watch_connected\{.*\} 0$/m)
      if (plural !== 'endpointslices') {
        cluster.put(service('app', [fresh.port]))
        await waitFor(() => fresh.seen.length > 0)
      }
      cluster.api.failing.clear()
      await untilConnected('1')
      await untilChanged()
    })
    expect(failures.slice(0, 3)).toEqual([])
  })
})

describe('under load, no request fails while others put in', () => {
  const backend = { service: { name: 'app', port: { number: 80 } } }
  const path = { path: '/', pathType: 'Prefix', backend }
  const ingressOf = (spec: unknown, metadata: object = {}): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    // Later than the good one: the oldest keeps a path that two want.
    metadata: { name: 'bad', namespace: 'default', creationTimestamp: '2026-02-01T00:00:00Z', ...metadata },
    spec,
  })
  const rules = (...items: unknown[]): object => ingressOf({ ingressClassName: 'headgate', rules: items })
  const other = (kind: string, fields: object): object => ({
    apiVersion: kind === 'EndpointSlice' ? 'discovery.k8s.io/v1' : 'v1',
    kind,
    metadata: { name: 'bad', namespace: 'default', labels: { 'kubernetes.io/service-name': 'app' } },
    ...fields,
  })

  it.each<[string, object]>([
    ['an Ingress without a spec', ingressOf(undefined)],
    ['a spec that is text', ingressOf('text')],
    ['a class that is a number', ingressOf({ ingressClassName: 5, rules: [{ host, http: { paths: [path] } }] })],
    ['rules that are a number', ingressOf({ ingressClassName: 'headgate', rules: 5 })],
    ['rules of nothing', rules(null, 7, {}, { http: null }, { http: { paths: [null, 'x', {}] } })],
    ['a host that is a number', rules({ host: 7, http: { paths: [path] } })],
    ['a host that is a pattern', rules({ host: '(a+)+$', http: { paths: [path] } })],
    [
      'paths of wrong types',
      rules({
        host,
        http: {
          paths: [
            { ...path, path: {} },
            { ...path, pathType: 1 },
          ],
        },
      }),
    ],
    ['a backend that is text', rules({ host, http: { paths: [{ ...path, path: '/x', backend: 'app' }] } })],
    [
      'tls of wrong types',
      ingressOf({ ingressClassName: 'headgate', tls: [null, 5, { hosts: 'x', secretName: {} }, { hosts: [null] }] }),
    ],
    ['tls that is an object', ingressOf({ ingressClassName: 'headgate', tls: {} })],
    [
      'the path of another one',
      rules({ host, http: { paths: [{ ...path, backend: { service: { name: 'none' } } }] } }),
    ],
    [
      'ten thousand paths',
      rules({
        host: 'many.example.com',
        http: { paths: Array.from({ length: 10_000 }, (_, n) => ({ ...path, path: `/${n}` })) },
      }),
    ],
    ['an annotation of 1 MB', ingressOf({ ingressClassName: 'headgate' }, { annotations: { a: 'x'.repeat(1 << 20) } })],
    ['a Service with ports of wrong types', other('Service', { spec: { ports: [null, 'x', { port: 'y' }] } })],
    ['a Service without a spec', other('Service', { spec: 'x', status: 7 })],
    ['endpoints of wrong types', other('EndpointSlice', { endpoints: [null, 5, { addresses: 'x' }], ports: [null] })],
    ['endpoints without anything', other('EndpointSlice', { endpoints: 'x', ports: 7 })],
    ['a Secret without data', other('Secret', { type: 'kubernetes.io/tls', data: 'x' })],
    ['a Secret with data of wrong types', other('Secret', { type: 'kubernetes.io/tls', data: { 'tls.crt': 5 } })],
    ['a class without a controller', { kind: 'IngressClass', metadata: { name: 'bad' }, spec: 7 }],
  ])('%s', async (_, object) => {
    const { failures } = await steadily(async () => {
      cluster.put(object)
      await untilChanged()
      const { kind, metadata } = object as { kind: string; metadata: { name: string; namespace?: string } }
      cluster.api.delete(kind, metadata.namespace, metadata.name)
      await untilChanged()
    })
    expect(failures.slice(0, 3)).toEqual([])
    expect(headgate.process.exitCode).toBeNull()
  })
})
