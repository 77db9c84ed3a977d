import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClusterSource, type ClusterSourceOptions } from '../../src/watch/cluster-source.ts'
import type { ClusterState } from '../../src/watch/cluster-state.ts'
import { findSecretsOf } from '../../src/watch/referenced-secrets.ts'
import { waitFor } from '../support/wait-for.ts'
import { type LogLine, recordingLogger } from './quiet-logger.ts'
import { fastTiming, startCluster, type TestCluster } from './test-cluster.ts'

let cluster: TestCluster
let stop: AbortController
let running: Promise<void>
let states: ClusterState[]
let connections: boolean[]
let log: LogLine[]

beforeEach(async () => {
  cluster = await startCluster()
  stop = new AbortController()
  running = Promise.resolve()
  states = []
  connections = []
  log = []
})

afterEach(async () => {
  stop.abort()
  await running
  await cluster.stop()
})

function startSource(options: Partial<ClusterSourceOptions> = {}): ClusterSource {
  const source = new ClusterSource({
    client: cluster.client,
    logger: recordingLogger(log),
    events: { onState: (state) => states.push(state), onConnection: ({ connected }) => connections.push(connected) },
    watchNamespaces: [],
    watchesNamespaceObjects: false,
    secrets: { kind: 'watch' },
    findSecrets: findAll,
    configMaps: [],
    services: [],
    backends: [],
    timing: fastTiming,
    ...options,
  })
  running = source.start(stop.signal)
  return source
}

const put = (kind: string, name: string, namespace: string, fields: object = {}) =>
  cluster.server.put({ apiVersion: 'v1', kind, metadata: { name, ...(namespace && { namespace }) }, ...fields })
const findAll = ({ ingresses }: ClusterState) => new Set([...ingresses.values()].flatMap(findSecretsOf))
const tlsIngress = (name: string, ...secrets: readonly string[]) =>
  put('Ingress', name, 'shop', { spec: { tls: secrets.map((secretName) => ({ secretName })) } })
const last = () => states.at(-1)
const ready = () => waitFor(last)

describe('ClusterSource', () => {
  it('gives its first state when every kind has been listed, and with all of them', async () => {
    put('Service', 'web', 'shop')
    put('EndpointSlice', 'web-1', 'shop')
    put('IngressClass', 'headgate', '')
    put('Secret', 'cert', 'shop', { type: 'kubernetes.io/tls' })
    put('ConfigMap', 'settings', 'headgate', { data: { a: 'b' } })
    put('ConfigMap', 'other', 'headgate')
    tlsIngress('web', 'cert')
    cluster.server.failing.set('endpointslices', { status: 500 })
    const source = startSource({ configMaps: ['headgate/settings'] })
    await waitFor(() => log.length > 0 && cluster.server.openWatches === 5)
    expect(states).toEqual([])
    cluster.server.failing.clear()
    const state = await ready()
    expect(Object.fromEntries(Object.entries(state).map(([name, map]) => [name, [...map.keys()]]))).toEqual({
      ingresses: ['shop/web'],
      ingressClasses: ['headgate'],
      services: ['shop/web'],
      endpointSlices: ['shop/web-1'],
      secrets: ['shop/cert'],
      configMaps: ['headgate/settings'],
      namespaces: [],
    })
    await waitFor(() => connections.at(-1) === true)
    expect(
      source
        .connection()
        .kinds.map(({ kind }) => kind)
        .sort(),
    ).toEqual(['ConfigMap', 'EndpointSlice', 'Ingress', 'IngressClass', 'Secret', 'Service'].sort())
  })

  it('merges a burst into few states, and leaves the maps of other kinds as they were', async () => {
    put('Service', 'web', 'shop')
    startSource()
    const before = await ready()
    for (let n = 0; n < 200; n++) put('EndpointSlice', `slice-${n}`, 'shop')
    await waitFor(() => last()?.endpointSlices.size === 200)
    expect(states.length).toBeLessThan(20)
    expect(last()?.services).toBe(before.services)
    expect(before.endpointSlices.size).toBe(0)
  })

  it('does not hold up what comes after a quiet time', async () => {
    put('Service', 'web', 'shop')
    startSource({ holdOffMs: 60_000 })
    expect((await ready()).services.size).toBe(1)
  })

  it('watches Secrets that are referenced though they are not of the TLS type, and only these', async () => {
    put('Secret', 'opaque', 'shop', { type: 'Opaque', data: { a: 'YQ==' } })
    put('Secret', 'unused', 'shop', { type: 'Opaque' })
    put('Secret', 'default', 'headgate', { type: 'Opaque' })
    tlsIngress('web', 'opaque', 'missing')
    startSource({ findSecrets: (state) => findAll(state).add('headgate/default') })
    const state = await ready()
    expect([...state.secrets.keys()].sort()).toEqual(['headgate/default', 'shop/opaque'])
    put('Secret', 'missing', 'shop', { type: 'Opaque' })
    await waitFor(() => last()?.secrets.has('shop/missing'))
    cluster.server.delete('Ingress', 'shop', 'web')
    await waitFor(() => last()?.secrets.size === 1)
  })

  it('does not lose a Secret that is made again with the TLS type', async () => {
    put('Secret', 's', 'shop', { type: 'Opaque' })
    tlsIngress('web', 's')
    startSource()
    await ready()
    cluster.server.delete('Secret', 'shop', 's')
    put('Secret', 's', 'shop', { type: 'kubernetes.io/tls' })
    await waitFor(() => last()?.secrets.get('shop/s')?.type === 'kubernetes.io/tls')
    await waitFor(() => cluster.server.openWatches === 5)
    expect(last()?.secrets.get('shop/s')?.type).toBe('kubernetes.io/tls')
  })

  it('keeps to its namespaces, but for what it is told by name', async () => {
    for (const namespace of ['a', 'b', 'c']) put('Service', 'web', namespace)
    for (const name of ['fallback', 'published']) put('Service', name, 'c')
    put('EndpointSlice', 'fallback-1', 'c', {
      metadata: { name: 'fallback-1', namespace: 'c', labels: { 'kubernetes.io/service-name': 'fallback' } },
    })
    put('IngressClass', 'headgate', '')
    startSource({ watchNamespaces: ['a', 'b'], services: ['c/published'], backends: ['c/fallback', 'a/web'] })
    const state = await ready()
    expect([...state.services.keys()].sort()).toEqual(['a/web', 'b/web', 'c/fallback', 'c/published'])
    expect([...state.endpointSlices.keys()]).toEqual(['c/fallback-1'])
    expect(state.ingressClasses.size).toBe(1)
    expect(cluster.server.requests.some(({ path }) => path === '/api/v1/services')).toBe(false)
    // Of a Service whose addresses alone we need, the right to read endpoints is not asked for.
    const slices = cluster.server.requests.filter(({ path }) => path.includes('/c/endpointslices'))
    expect(new Set(slices.map(({ query }) => query.get('labelSelector')))).toEqual(
      new Set(['kubernetes.io/service-name=fallback']),
    )
  })

  it('watches Namespaces where they are needed', async () => {
    put('Namespace', 'shop', '', { metadata: { name: 'shop', labels: { tier: 'front' } } })
    startSource({ watchesNamespaceObjects: true })
    expect((await ready()).namespaces.get('shop')?.metadata.labels).toEqual({ tier: 'front' })
  })

  it('keeps its state while the API server is away, says so once, and catches up', async () => {
    put('Service', 'old', 'shop')
    put('Service', 'kept', 'shop')
    const source = startSource()
    await ready()
    await waitFor(() => connections.at(-1) === true)
    const count = states.length
    await cluster.server.refuse()
    await waitFor(() => source.connection().kinds.every(({ connected }) => !connected))
    cluster.server.delete('Service', 'shop', 'old')
    put('Service', 'new', 'shop')
    cluster.server.compact()
    expect(states).toHaveLength(count)
    expect(connections.at(-1)).toBe(false)
    await cluster.server.listen()
    await waitFor(() => last()?.services.has('shop/new'))
    expect([...(last()?.services.keys() ?? [])].sort()).toEqual(['shop/kept', 'shop/new'])
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(1)
    await waitFor(() => connections.at(-1) === true)
  })

  it('has no new state for writes to what we do not read', async () => {
    put('Service', 'web', 'shop')
    startSource()
    await ready()
    await waitFor(() => cluster.server.openWatches === 5)
    const count = states.length
    put('Service', 'web', 'shop', { status: { conditions: [{ type: 'x' }] } })
    put('IngressClass', 'marker', '')
    await waitFor(() => last()?.ingressClasses.has('marker'))
    expect(states).toHaveLength(count + 1)
    expect(last()?.services).toBe(states[count - 1]?.services)
  })
})
