import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LeaderElection } from '../../src/watch/lease.ts'
import { waitFor } from '../support/wait-for.ts'
import { recordingLogger } from './quiet-logger.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

type Replica = { readonly election: LeaderElection; readonly stop: AbortController; readonly done: Promise<void> }

let cluster: TestCluster
let replicas: Replica[]
let leading: Set<string>
let most: number
let left: string[]

beforeEach(async () => {
  cluster = await startCluster()
  replicas = []
  leading = new Set()
  most = 0
  left = []
})

afterEach(async () => {
  for (const { stop } of replicas) stop.abort()
  await Promise.all(replicas.map(({ done }) => done))
  await cluster.stop()
})

function startReplica(identity: string, durationMs = 1_000): Replica {
  const stop = new AbortController()
  const election = new LeaderElection({
    client: cluster.client,
    logger: recordingLogger(),
    namespace: 'headgate',
    name: 'headgate-leader',
    identity,
    timing: { durationMs, renewDeadlineMs: 200, retryMs: 10 },
    lead: async (signal) => {
      leading.add(identity)
      most = Math.max(most, leading.size)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      leading.delete(identity)
    },
    leaveLast: async () => {
      left.push(`${identity} holding as ${holder()}`)
    },
  })
  const replica = { election, stop, done: election.start(stop.signal) }
  replicas.push(replica)
  return replica
}

const spec = () => cluster.server.get('Lease', 'headgate', 'headgate-leader')?.['spec']
const holder = () => Object(spec())['holderIdentity']
const leads = (identity: string) => waitFor(() => leading.has(identity))

describe('LeaderElection', () => {
  it('makes one of several replicas the leader, which renews', async () => {
    for (const identity of ['a', 'b', 'c']) startReplica(identity)
    await waitFor(() => leading.size === 1)
    const first = spec()
    await waitFor(() => JSON.stringify(spec()) !== JSON.stringify(first))
    expect(most).toBe(1)
    expect(spec()).toMatchObject({
      holderIdentity: [...leading][0],
      leaseDurationSeconds: 1,
      leaseTransitions: 0,
      renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    })
    expect(replicas.filter(({ election }) => election.isLeader)).toHaveLength(1)
  })

  it('hands over at once when the leader stops', async () => {
    const first = startReplica('a', 60_000)
    await leads('a')
    startReplica('b', 60_000)
    first.stop.abort()
    await first.done
    await leads('b')
    expect(most).toBe(1)
    expect(spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    expect(left).toEqual([])
  })

  it('lets the last replica take its leave, with the Lease in its hands', async () => {
    const replica = startReplica('a')
    await leads('a')
    replica.stop.abort()
    await replica.done
    expect(left).toEqual(['a holding as a'])
    expect(holder()).toBe('')
  })

  it('does not take itself for the last replica when it cannot ask', async () => {
    const replica = startReplica('a')
    await leads('a')
    cluster.server.onRequest = ({ method }) => {
      if (method === 'PUT') cluster.server.failing.set('leases', { status: 500 })
    }
    replica.stop.abort()
    await replica.done
    expect(left).toEqual([])
  })

  it.each([429, 503])('waits as long as %i asks it to', async (status) => {
    cluster.server.failing.set('leases', { status, retryAfter: 1 })
    startReplica('a')
    await waitFor(() => cluster.server.requests.length > 0)
    cluster.server.failing.clear()
    await leads('a')
    expect(cluster.server.requests.slice(0, 3).map(({ method }) => method)).toEqual(['GET', 'GET', 'POST'])
  })

  it('leaves the Lease to the quicker one of two', async () => {
    cluster.server.onRequest = ({ method }) => {
      if (method === 'POST') {
        const metadata = { name: 'headgate-leader', namespace: 'headgate' }
        cluster.server.put({ kind: 'Lease', metadata, spec: { holderIdentity: 'b', leaseDurationSeconds: 60 } })
      }
    }
    startReplica('a')
    await waitFor(() => cluster.server.requests.filter(({ method }) => method === 'GET').length > 3)
    expect(cluster.server.requests.filter(({ method }) => method !== 'GET')).toHaveLength(1)
    expect(most).toBe(0)
  })

  it('takes over from a leader that no longer renews, when its time is over', async () => {
    cluster.server.put({
      kind: 'Lease',
      metadata: { name: 'headgate-leader', namespace: 'headgate' },
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 1, leaseTransitions: 4 },
    })
    startReplica('b')
    await leads('b')
    expect(spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 5 })
  })

  it('stops leading when it cannot renew, and leads again when it can', async () => {
    startReplica('a')
    await leads('a')
    cluster.server.failing.set('leases', { status: 500 })
    await waitFor(() => leading.size === 0)
    cluster.server.failing.clear()
    await leads('a')
  })
})
