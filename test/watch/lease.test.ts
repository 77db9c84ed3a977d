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

beforeEach(async () => {
  cluster = await startCluster()
  replicas = []
  leading = new Set()
  most = 0
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
  })
  const replica = { election, stop, done: election.start(stop.signal) }
  replicas.push(replica)
  return replica
}

const spec = () => cluster.server.get('Lease', 'headgate', 'headgate-leader')?.['spec']
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
