import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObjectChange } from '../../src/watch/cluster-state.ts'
import { Reflector, type ReflectorTiming, type Selection } from '../../src/watch/reflector.ts'
import { waitFor } from '../support/wait-for.ts'
import { fastTiming, startCluster, type TestCluster } from './test-cluster.ts'

let cluster: TestCluster
let stop: AbortController
let running: Promise<void>
let changes: ObjectChange[]
let failures: unknown[]

beforeEach(async () => {
  cluster = await startCluster()
  stop = new AbortController()
  running = Promise.resolve()
  changes = []
  failures = []
})

afterEach(async () => {
  stop.abort()
  await running
  expect(cluster.server.openWatches).toBeLessThanOrEqual(1)
  await cluster.stop()
})

const service = (name: string, externalName = 'first') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { externalName },
})

function startReflector(timing: Partial<ReflectorTiming> = {}, selection: Selection = { kind: 'Service' }): Reflector {
  const reflector = new Reflector({
    client: cluster.client,
    selection,
    timing: { ...fastTiming, ...timing },
    events: {
      onChanges: (some) => changes.push(...some),
      onStatus: () => {},
      onFailure: (error) => failures.push(error),
    },
  })
  running = reflector.start(stop.signal)
  return reflector
}

/** Names with a field that tells versions apart. */
function seen(reflector: Reflector): string {
  const texts = [...reflector.objects].map(
    ([key, object]) => `${key}=${'spec' in object && JSON.stringify(object.spec)}`,
  )
  return texts.sort().join()
}

function stored(): string {
  const items = cluster.server.store.list({
    plural: 'services',
    namespace: undefined,
    fieldSelector: null,
    labelSelector: null,
  })
  return items
    .map(({ metadata, spec }) => `shop/${metadata.name}=${JSON.stringify(spec)}`)
    .sort()
    .join()
}

const converged = (reflector: Reflector) => waitFor(() => reflector.synced && seen(reflector) === stored())
const deletions = () => changes.filter(({ object }) => object === undefined).map(({ key }) => key)
const watching = () => waitFor(() => cluster.server.openWatches === 1)
const lists = () => cluster.server.requests.filter(({ query }) => !query.has('watch') && !query.has('continue')).length

describe('Reflector', () => {
  it('lists in pages and then follows each change', async () => {
    for (let n = 0; n < 8; n++) cluster.server.put(service(`s${n}`))
    const reflector = startReflector()
    await converged(reflector)
    expect(cluster.server.requests.filter(({ query }) => query.has('continue'))).toHaveLength(2)
    cluster.server.put(service('s1', 'second'))
    cluster.server.put(service('new'))
    cluster.server.delete('Service', 'shop', 's2')
    await converged(reflector)
    expect(deletions()).toEqual(['shop/s2'])
    expect(lists()).toBe(1)
  })

  it('asks for bookmarks, and for an end after a random time', async () => {
    startReflector({ random: () => 0.5 })
    await watching()
    const query = cluster.server.requests.at(-1)?.query
    expect([query?.get('allowWatchBookmarks'), query?.get('timeoutSeconds')]).toEqual(['true', '75'])
  })

  it('sees only what its selectors let through', async () => {
    const secret = (name: string, type: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'a' },
      type,
    })
    cluster.server.put(secret('tls', 'kubernetes.io/tls'))
    cluster.server.put(secret('other', 'Opaque'))
    const reflector = startReflector({}, { kind: 'Secret', namespace: 'a', fieldSelector: 'type=kubernetes.io/tls' })
    await waitFor(() => reflector.synced)
    expect([...reflector.objects.keys()]).toEqual(['a/tls'])
  })

  it('reads events that come byte by byte, with characters of several bytes', async () => {
    cluster.server.splitsBytes = true
    const reflector = startReflector()
    await watching()
    cluster.server.put(service('s', 'größe-日本-🚪'))
    cluster.server.put(service('t', 'x'))
    await converged(reflector)
    expect(failures).toEqual([])
  })

  it.each(['resetWatches', 'endWatches'] as const)('goes on where it was after %s', async (fault) => {
    cluster.server.put(service('a'))
    const reflector = startReflector()
    await watching()
    for (let n = 0; n < 5; n++) {
      cluster.server[fault]()
      cluster.server.put(service(`while-away-${n}`))
      await converged(reflector)
      await watching()
    }
    expect(lists()).toBe(1)
    expect(deletions()).toEqual([])
  })

  it('resumes from a bookmark, without a list, after its last event was compacted', async () => {
    await cluster.stop()
    cluster = await startCluster({ bookmarkMs: 5 })
    cluster.server.put(service('a'))
    const reflector = startReflector()
    await watching()
    cluster.server.put({ ...service('x'), kind: 'ConfigMap' })
    const { version } = cluster.server.store
    await waitFor(() => cluster.server.bookmarked >= version)
    cluster.server.compact()
    cluster.server.endWatches()
    await waitFor(() => Number(cluster.server.requests.at(-1)?.query.get('resourceVersion')) >= version)
    cluster.server.put(service('b'))
    await converged(reflector)
    expect(lists()).toBe(1)
  })

  it.each([
    ['an ERROR event 410', () => cluster.server.expireWatches()],
    ['a line that is no JSON', () => cluster.server.sendRaw('{"type":\n')],
    ['an event that is none', () => cluster.server.sendRaw('{"type":"ADDED"}\n')],
    ['an ERROR event about an unknown version', () => cluster.server.expireWatches(504)],
  ])('lists again after %s, and nothing is gone for a moment', async (_, fault) => {
    cluster.server.put(service('kept'))
    cluster.server.put(service('dropped'))
    const reflector = startReflector()
    await watching()
    fault()
    cluster.server.delete('Service', 'shop', 'dropped')
    cluster.server.put(service('new'))
    await waitFor(() => lists() === 2)
    await converged(reflector)
    expect(deletions()).toEqual(['shop/dropped'])
  })

  it('lists again at once when history is gone, and not at once when that is said right after', async () => {
    const reflector = startReflector({
      minBackoffMs: 3_600_000,
      maxBackoffMs: 3_600_000,
      steadyMs: 3_600_000,
      random: () => 1,
    })
    await watching()
    cluster.server.expireWatches()
    cluster.server.put(service('new'))
    await waitFor(() => lists() === 2)
    await converged(reflector)
    await watching()
    cluster.server.expireWatches()
    await waitFor(() => failures.length === 2)
    expect(lists()).toBe(2)
    stop.abort()
  })

  it('finds by a list what was deleted while it was away and history was lost', async () => {
    cluster.server.put(service('kept'))
    cluster.server.put(service('dropped'))
    const reflector = startReflector()
    await watching()
    await cluster.server.refuse()
    cluster.server.delete('Service', 'shop', 'dropped')
    cluster.server.compact()
    await cluster.server.listen()
    await converged(reflector)
    expect(deletions()).toEqual(['shop/dropped'])
  })

  it('begins a list anew when its next page is gone', async () => {
    for (let n = 0; n < 8; n++) cluster.server.put(service(`s${n}`))
    cluster.server.onRequest = ({ query }) => {
      if (query.has('continue') && failures.length === 0) cluster.server.compact()
    }
    const reflector = startReflector()
    await converged(reflector)
    expect(failures).toMatchObject([{ status: 410 }])
  })

  it.each([401, 403, 429, 500, 503])('keeps what it knew through HTTP %i, and comes back', async (status) => {
    cluster.server.put(service('a'))
    const reflector = startReflector()
    await watching()
    cluster.server.failing.set('services', { status })
    cluster.server.resetWatches()
    await waitFor(() => failures.length >= 4)
    expect(reflector.objects.size).toBe(1)
    expect(reflector.status().connected).toBe(false)
    cluster.server.failing.clear()
    cluster.server.put(service('b'))
    await converged(reflector)
    expect(deletions()).toEqual([])
    await waitFor(() => reflector.status().connected)
  })

  it('keeps what it knew while a list is forbidden', async () => {
    cluster.server.put(service('a'))
    const reflector = startReflector()
    await watching()
    cluster.server.failing.set('services', { status: 403 })
    cluster.server.expireWatches()
    await waitFor(() => failures.length >= 4)
    expect(reflector.objects.size).toBe(1)
    expect(deletions()).toEqual([])
  })

  it('gives up a watch that has fallen silent', async () => {
    cluster.server.put(service('a'))
    cluster.server.silent = true
    const reflector = startReflector({ stallMs: 50 })
    await watching()
    cluster.server.put(service('missed'))
    cluster.server.silent = false
    await converged(reflector)
    expect(failures[0]).toMatchObject({ message: expect.stringContaining('silent') })
  })

  it('tells of no change that concerns only fields we do not read', async () => {
    cluster.server.put(service('a'))
    const reflector = startReflector()
    await watching()
    const before = reflector.objects.get('shop/a')
    cluster.server.put({
      ...service('a'),
      metadata: { ...service('a').metadata, managedFields: [{}] },
      status: { conditions: [] },
    })
    cluster.server.put(service('b'))
    await waitFor(() => reflector.objects.has('shop/b'))
    expect(reflector.objects.get('shop/a')).toBe(before)
    expect(changes.map(({ key }) => key)).toEqual(['shop/a', 'shop/b'])
  })

  it('forgets earlier failures once a watch has stood for a while, also without an event', async () => {
    startReflector({ minBackoffMs: 20, maxBackoffMs: 60_000, steadyMs: 0, random: () => 0.999 })
    // Doubled each time, the tenth wait would be of ten seconds.
    for (let n = 0; n < 10; n++) {
      await watching()
      cluster.server.expireWatches()
      await waitFor(() => failures.length === n + 1)
    }
    await watching()
  })

  it('ends with its signal while it waits, lists or watches', async () => {
    startReflector()
    await watching()
    stop.abort()
    await running
    await waitFor(() => cluster.server.openWatches === 0)
    stop = new AbortController()
    await cluster.server.refuse()
    startReflector({ minBackoffMs: 60_000, maxBackoffMs: 60_000 })
    await waitFor(() => failures.length > 0)
    stop.abort()
    await running
    await cluster.server.listen()
  })

  it('converges to the list whatever happens on the way', async () => {
    const reflector = startReflector({ stallMs: 300 })
    const name = fc.integer({ min: 0, max: 6 }).map((n) => `s${n}`)
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.tuple(fc.constant('put' as const), name, fc.string({ unit: 'grapheme', maxLength: 8 })),
      },
      { weight: 3, arbitrary: fc.tuple(fc.constant('delete' as const), name, fc.constant('')) },
      {
        weight: 3,
        arbitrary: fc.tuple(
          fc.constantFrom('reset', 'end', 'expire', 'compact', 'garbage', 'fail', 'heal', 'wait', 'split'),
          name,
          fc.constant(''),
        ),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        for (const [what, name, text] of steps) await take(what, name, text)
        cluster.server.failing.clear()
        await converged(reflector)
      }),
      { numRuns: 40 },
    )
  })
})

async function take(what: string, name: string, text: string): Promise<void> {
  const { server } = cluster
  switch (what) {
    case 'put':
      server.put(service(name, text))
      break
    case 'delete':
      server.delete('Service', 'shop', name)
      break
    case 'reset':
      server.resetWatches()
      break
    case 'end':
      server.endWatches()
      break
    case 'expire':
      server.expireWatches()
      break
    case 'compact':
      server.compact()
      break
    case 'garbage':
      server.sendRaw('garbage\n')
      break
    case 'fail':
      server.failing.set('services', { status: 500 })
      break
    case 'heal':
      server.failing.clear()
      break
    case 'split':
      server.splitsBytes = !server.splitsBytes
      break
    default:
      await new Promise((resolve) => setImmediate(resolve))
  }
}
