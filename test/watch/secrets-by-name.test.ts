import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApiClient } from '../../src/watch/api-client.ts'
import { ClusterSource } from '../../src/watch/cluster-source.ts'
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

const never = 3_600_000

/** Of class `ours` only. By default nothing is read a second time by itself. */
function startSource({ refreshMs = never, retryMs = never, client = cluster.client } = {}): ClusterSource {
  const source = new ClusterSource({
    client,
    logger: recordingLogger(log),
    events: { onState: (state) => states.push(state), onConnection: ({ connected }) => connections.push(connected) },
    watchNamespaces: [],
    watchesNamespaceObjects: false,
    secrets: { kind: 'by-name', refreshMs, retryMs },
    findSecrets: ({ ingresses }) => {
      const ours = [...ingresses.values()].filter(({ spec }) => spec?.ingressClassName === 'ours')
      return new Set(ours.flatMap(findSecretsOf))
    },
    configMaps: [],
    services: [],
    backends: [],
    timing: fastTiming,
  })
  running = source.start(stop.signal)
  return source
}

/** The same client, and how many Secrets it was asked for at one time. */
function counting(client: ApiClient): { readonly client: ApiClient; most(): number } {
  let now = 0
  let most = 0
  const get: ApiClient['get'] = async (path, ...rest) => {
    if (path.includes('secrets')) most = Math.max(most, ++now)
    try {
      return await client.get(path, ...rest)
    } finally {
      if (path.includes('secrets')) now -= 1
    }
  }
  return { client: { ...client, get }, most: () => most }
}

const secret = (name: string, value: string) =>
  cluster.server.put({ kind: 'Secret', metadata: { name, namespace: 'shop' }, type: 'Opaque', data: { a: value } })
const ingress = (name: string, secrets: readonly string[], ingressClassName = 'ours') =>
  cluster.server.put({
    kind: 'Ingress',
    metadata: { name, namespace: 'shop' },
    spec: { ingressClassName, tls: secrets.map((secretName) => ({ secretName })) },
  })
const pathOf = (name: string) => `/api/v1/namespaces/shop/secrets/${name}`
const requests = () => cluster.server.requests.filter(({ path }) => path.includes('secrets'))
const readsOf = (name: string) => requests().filter(({ path }) => path === pathOf(name)).length
const contentOf = (name: string) => states.at(-1)?.secrets.get(`shop/${name}`)?.data?.['a']
const ready = () => waitFor(() => states.at(-1))

describe('Secrets by name', () => {
  it('are got one by one, only those that are needed, and are never listed or watched', async () => {
    for (const name of ['mine', 'theirs', 'unnamed']) secret(name, 'MQ==')
    ingress('web', ['mine', 'mine'])
    ingress('other', ['theirs'], 'foreign')
    startSource()
    expect([...(await ready()).secrets.keys()]).toEqual(['shop/mine'])
    expect(requests().map(({ method, path, query }) => `${method} ${path}?${query}`)).toEqual([
      `GET ${pathOf('mine')}?`,
    ])
  })

  it('are all there in the first state, with no more than eight reads at once', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `s-${at}`)
    for (const name of names) secret(name, 'MQ==')
    ingress('web', names)
    const { client, most } = counting(cluster.client)
    startSource({ client })
    expect((await ready()).secrets.size).toBe(100)
    expect(requests()).toHaveLength(100)
    expect(most()).toBe(8)
  })

  it('are read again when they are old, so that a renewed one is served', async () => {
    secret('cert', 'MQ==')
    ingress('web', ['cert'])
    startSource({ refreshMs: 20 })
    await ready()
    expect(contentOf('cert')).toBe('MQ==')
    secret('cert', 'Mg==')
    await waitFor(() => contentOf('cert') === 'Mg==')
    const count = states.length
    const reads = readsOf('cert')
    await waitFor(() => readsOf('cert') > reads + 3)
    expect(states).toHaveLength(count)
  })

  it('are read when an Ingress begins to name them, and at once, though another has named them before', async () => {
    secret('old', 'MQ==')
    ingress('web', ['old', 'missing'])
    startSource()
    await ready()
    secret('old', 'Mg==')
    secret('missing', 'MQ==')
    secret('new', 'MQ==')
    ingress('next', ['old', 'missing', 'new'])
    await waitFor(() => contentOf('old') === 'Mg==' && contentOf('missing') === 'MQ==' && contentOf('new') === 'MQ==')
    ingress('web', ['old', 'missing'])
    secret('marker', 'MQ==')
    ingress('marker', ['marker'])
    await waitFor(() => contentOf('marker'))
    expect(readsOf('old')).toBe(2)
  })

  it('are forgotten when nobody needs them any more', async () => {
    secret('cert', 'MQ==')
    ingress('web', ['cert'])
    startSource({ refreshMs: 10 })
    await ready()
    ingress('web', ['cert'], 'foreign')
    await waitFor(() => states.at(-1)?.secrets.size === 0)
    const reads = readsOf('cert')
    secret('marker', 'MQ==')
    ingress('marker', ['marker'])
    await waitFor(() => readsOf('marker') > 5)
    expect(readsOf('cert')).toBeLessThanOrEqual(reads + 1)
  })

  it('that are missing hold up nothing, are asked for again, and are gone when they are deleted', async () => {
    ingress('web', ['cert'])
    startSource({ refreshMs: 100, retryMs: 10 })
    expect((await ready()).secrets.size).toBe(0)
    secret('cert', 'MQ==')
    await waitFor(() => contentOf('cert') === 'MQ==')
    cluster.server.delete('Secret', 'shop', 'cert')
    await waitFor(() => states.at(-1)?.secrets.size === 0)
    expect(log).toEqual([])
  })

  it('that are forbidden hold up nothing, keep what was read before, and are told in one line', async () => {
    for (const name of ['good', 'never', 'later']) secret(name, 'MQ==')
    ingress('web', ['good', 'never', 'later'])
    cluster.server.failing.set(pathOf('never'), { status: 403 })
    const source = startSource({ refreshMs: 40, retryMs: 10 })
    await ready()
    expect(states.at(-1)?.secrets.get('shop/never')).toEqual({
      kind: 'Secret',
      metadata: { namespace: 'shop', name: 'never' },
      forbidden: true,
    })
    cluster.server.failing.set(pathOf('later'), { status: 403 })
    await waitFor(() => states.at(-1)?.secrets.get('shop/later')?.forbidden)
    expect(contentOf('later')).toBe('MQ==')
    expect(source.connection().connected).toBe(true)
    const reads = readsOf('never')
    await waitFor(() => readsOf('never') > reads + 3)
    expect(log.map(({ message }) => message)).toEqual(['Secret may not be read; the last good one is kept'])
    cluster.server.failing.clear()
    await waitFor(() => contentOf('never') === 'MQ==')
    await waitFor(() => states.at(-1)?.secrets.get('shop/later')?.forbidden === undefined)
  })

  it('that the API server cannot decrypt hold up no other', async () => {
    for (const name of ['broken', 'good']) secret(name, 'MQ==')
    ingress('web', ['broken', 'good'])
    cluster.server.failing.set(pathOf('broken'), { status: 500 })
    startSource()
    expect([...(await ready()).secrets.keys()]).toEqual(['shop/good'])
    expect(log.map(({ message }) => message)).toEqual(['Secret cannot be read; the last good one is kept'])
  })

  it('wait for an API server that has no time for any of them', async () => {
    secret('cert', 'MQ==')
    ingress('web', ['cert'])
    cluster.server.failing.set('secrets', { status: 429 })
    const source = startSource()
    await waitFor(() => readsOf('cert') > 2)
    expect(states).toEqual([])
    expect(source.connection().connected).toBe(false)
    cluster.server.failing.clear()
    await ready()
    expect(contentOf('cert')).toBe('MQ==')
    await waitFor(() => connections.at(-1) === true)
  })

  it('are kept while the API server is away, and read when it is back', async () => {
    secret('cert', 'MQ==')
    ingress('web', ['cert'])
    startSource({ refreshMs: 20 })
    await ready()
    await cluster.server.refuse()
    await waitFor(() => connections.at(-1) === false)
    secret('cert', 'Mg==')
    expect(contentOf('cert')).toBe('MQ==')
    await cluster.server.listen()
    await waitFor(() => contentOf('cert') === 'Mg==')
    expect(states.every(({ secrets }) => secrets.has('shop/cert'))).toBe(true)
  })
})
