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

function startRecorder(options: Partial<EventRecorderOptions> = {}): EventRecorder {
  const recorder = new EventRecorder({
    client: cluster.client,
    logger: recordingLogger(log),
    identity: 'pod-1',
    intervalMs: 1,
    ...options,
  })
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
