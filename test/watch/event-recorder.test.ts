import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Problem } from '../../src/problem.ts'
import { type ClusterState, emptyClusterState } from '../../src/watch/cluster-state.ts'
import { EventRecorder, type EventRecorderOptions } from '../../src/watch/event-recorder.ts'
import { waitFor } from '../support/wait-for.ts'
import { type LogLine, recordingLogger } from './quiet-logger.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

let cluster: TestCluster
let stop: AbortController
let running: Promise<void>
let log: LogLine[]

beforeEach(async () => {
  cluster = await startCluster()
  stop = new AbortController()
  running = Promise.resolve()
  log = []
})

afterEach(async () => {
  stop.abort()
  await running
  await cluster.stop()
})

function openRecorder(options: Partial<EventRecorderOptions> = {}): EventRecorder {
  const logger = recordingLogger(log)
  return new EventRecorder({ client: cluster.client, logger, identity: 'pod-1', intervalMs: 1, ...options })
}

/** One that leads. */
function startRecorder(options: Partial<EventRecorderOptions> = {}): EventRecorder {
  const recorder = openRecorder(options)
  running = recorder.start(stop.signal)
  return recorder
}

const state: ClusterState = {
  ...emptyClusterState,
  ingresses: new Map([['shop/web', { kind: 'Ingress', metadata: { name: 'web', namespace: 'shop', uid: 'uid-9' } }]]),
}

const problem = (message: string, name = 'web'): Problem => ({
  object: { kind: 'Ingress', namespace: 'shop', name },
  field: 'spec.tls[0].secretName',
  reason: 'TlsSecretNotFound',
  message,
  instead: 'the default certificate is served',
})

const events = () =>
  cluster.server.store.list({ plural: 'events', namespace: 'shop', fieldSelector: null, labelSelector: null })
const eventsAre = (count: number) => waitFor(() => events().length === count)

describe('EventRecorder', () => {
  it('writes one Event for a problem, however often it is told', async () => {
    const recorder = startRecorder()
    for (let n = 0; n < 5; n++) recorder.record([problem('there is no Secret x')], state)
    recorder.record([problem('there is no Secret x'), problem('there is no Secret y')], state)
    await eventsAre(2)
    expect(events()[0]).toMatchObject({
      type: 'Warning',
      reason: 'TlsSecretNotFound',
      message: 'spec.tls[0].secretName: there is no Secret x; the default certificate is served',
      involvedObject: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        namespace: 'shop',
        name: 'web',
        uid: 'uid-9',
      },
      source: { component: 'headgate' },
      count: 1,
    })
  })

  it('counts up when a problem comes back', async () => {
    const recorder = startRecorder()
    recorder.record([problem('m')], state)
    await eventsAre(1)
    recorder.record([], state)
    recorder.record([problem('m')], state)
    await waitFor(() => events()[0]?.['count'] === 2)
    expect(events()).toHaveLength(1)
  })

  it('limits what one object can cause, but not what others can', async () => {
    const recorder = startRecorder({ burst: 3, refillMs: 60_000 })
    const many = Array.from({ length: 10 }, (_, n) => problem(`m${n}`))
    recorder.record([...many, problem('m', 'other')], state)
    await waitFor(() => events().some(({ metadata }) => metadata.name.startsWith('other.')))
    expect(events()).toHaveLength(4)
  })

  it('tells the rest of them later', async () => {
    const recorder = startRecorder({ burst: 2, refillMs: 20 })
    recorder.record(
      Array.from({ length: 6 }, (_, n) => problem(`m${n}`)),
      state,
    )
    await eventsAre(6)
  })

  it('tells of so many problems at one time and no more, and of others when some are solved', async () => {
    const recorder = startRecorder({ mostProblems: 3 })
    const many = Array.from({ length: 5 }, (_, n) => problem(`m${n}`, `i${n}`))
    recorder.record(many, state)
    await eventsAre(3)
    recorder.record(many.slice(1), state)
    await eventsAre(4)
  })

  it('does not count again what the leader before has told, and tells what it has not', async () => {
    const first = startRecorder()
    const second = openRecorder()
    for (const recorder of [first, second]) recorder.record([problem('a'), problem('b')], state)
    await eventsAre(2)
    stop.abort()
    await running
    second.record([problem('a'), problem('b'), problem('c')], state)
    stop = new AbortController()
    running = second.start(stop.signal)
    await eventsAre(3)
    second.record([problem('a'), problem('b'), problem('c'), problem('d')], state)
    await eventsAre(4)
    expect(events().map(({ count }) => count)).toEqual([1, 1, 1, 1])
  })

  it('tells again what lasts, before the API server has forgotten it, and anew where it has', async () => {
    const recorder = startRecorder({ repeatMs: 1 })
    recorder.record([problem('m')], state)
    await waitFor(() => Number(events()[0]?.['count']) > 1)
    for (const { metadata } of events()) cluster.server.delete('Event', 'shop', metadata.name)
    await waitFor(() => Number(events()[0]?.['count']) > 1)
    expect(events()).toHaveLength(1)
  })

  it.each([429, 503])('sends nothing while %i asks it to wait, and then everything', async (status) => {
    cluster.server.failing.set('events', { status, retryAfter: 1 })
    const recorder = startRecorder()
    recorder.record([problem('a'), problem('b'), problem('c')], state)
    await waitFor(() => cluster.server.requests.length > 0)
    cluster.server.failing.clear()
    await eventsAre(3)
    expect(cluster.server.requests).toHaveLength(4)
  })

  it('gives an Event a good name where that of the object is as long as can be', async () => {
    const recorder = startRecorder()
    recorder.record([problem('m', `${'a'.repeat(199)}-${'b'.repeat(50)}`)], state)
    await eventsAre(1)
    expect(events()[0]?.metadata.name).toMatch(/^a{199}\.[0-9a-f]{16}$/)
  })

  it('says nothing of files, which are no objects of the cluster', async () => {
    const recorder = startRecorder()
    recorder.record([{ ...problem('f'), object: { kind: 'File', namespace: '', name: 'a.yaml' } }, problem('m')], state)
    await eventsAre(1)
    expect(cluster.server.requests).toHaveLength(1)
  })

  it('goes on after a failure, which it logs once', async () => {
    cluster.server.failing.set('events', { status: 403 })
    const recorder = startRecorder()
    recorder.record([problem('a'), problem('b')], state)
    await waitFor(() => cluster.server.requests.length === 2)
    cluster.server.failing.clear()
    recorder.record([problem('c')], state)
    await eventsAre(1)
    expect(log).toHaveLength(1)
  })
})
