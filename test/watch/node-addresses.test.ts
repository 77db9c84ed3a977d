import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findNodeAddresses, NodeAddresses } from '../../src/watch/node-addresses.ts'
import { waitFor } from '../support/wait-for.ts'
import { type LogLine, recordingLogger } from './quiet-logger.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

let cluster: TestCluster
let stop: AbortController
let running: Promise<void>
let log: LogLine[]
let changes: number

beforeEach(async () => {
  cluster = await startCluster()
  stop = new AbortController()
  log = []
  changes = 0
})

afterEach(async () => {
  stop.abort()
  await running
  await cluster.stop()
})

function startNodes(refreshMs = 60_000): NodeAddresses {
  const nodes = new NodeAddresses({
    client: cluster.client,
    logger: recordingLogger(log),
    type: 'external',
    onChange: () => {
      changes += 1
    },
    refreshMs,
    minBackoffMs: 5,
  })
  running = nodes.start(stop.signal)
  return nodes
}

const putNode = (name: string, ...internal: readonly string[]): void => {
  const addresses = internal.map((address) => ({ type: 'InternalIP', address }))
  cluster.server.store.put('nodes', { kind: 'Node', metadata: { name }, status: { addresses } })
}
const asked = () => cluster.server.requests.map(({ path }) => path)

describe('NodeAddresses', () => {
  it('asks for each node once, and knows nothing until it knows all', async () => {
    putNode('n1', '192.0.2.1', '2001:db8::1')
    const nodes = startNodes()
    nodes.setNodes(new Set(['n1', 'gone']))
    expect(nodes.get()).toBeUndefined()
    await waitFor(() => nodes.get())
    expect(nodes.get()).toEqual(['192.0.2.1', '2001:db8::1'])
    nodes.setNodes(new Set(['n1']))
    putNode('n2', '192.0.2.2')
    nodes.setNodes(new Set(['n1', 'n2']))
    expect(nodes.get()).toBeUndefined()
    await waitFor(() => nodes.get()?.length === 3)
    expect(asked().sort()).toEqual(['/api/v1/nodes/gone', '/api/v1/nodes/n1', '/api/v1/nodes/n2'])
    expect(changes).toBe(3)
  })

  it('sees in time that an address is another one', async () => {
    putNode('n1', '192.0.2.1')
    const nodes = startNodes(10)
    nodes.setNodes(new Set(['n1']))
    await waitFor(() => nodes.get()?.[0] === '192.0.2.1')
    putNode('n1', '192.0.2.7')
    await waitFor(() => nodes.get()?.[0] === '192.0.2.7')
  })

  it('keeps what it knows while it may not ask, and warns once', async () => {
    putNode('n1', '192.0.2.1')
    const nodes = startNodes(10)
    nodes.setNodes(new Set(['n1']))
    await waitFor(() => nodes.get())
    cluster.server.failing.set('nodes', { status: 403 })
    const before = asked().length
    await waitFor(() => asked().length > before + 3)
    expect(nodes.get()).toEqual(['192.0.2.1'])
    expect(log).toHaveLength(1)
  })
})

describe('findNodeAddresses', () => {
  const node = (...addresses: readonly (readonly [string, string])[]) => ({
    status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
  })
  const both = node(
    ['Hostname', 'n1'],
    ['InternalIP', '10.0.0.1'],
    ['ExternalIP', '192.0.2.1'],
    ['InternalIP', 'fd00::1'],
  )

  it.each([
    ['the outer addresses', both, 'external', ['192.0.2.1']],
    ['the inner ones where they are asked for', both, 'internal', ['10.0.0.1', 'fd00::1']],
    ['the inner ones where there are no outer ones', node(['InternalIP', '10.0.0.1']), 'external', ['10.0.0.1']],
    ['nothing of a node without addresses', {}, 'external', []],
  ] as const)('takes %s', (_, object, type, expected) => {
    expect(findNodeAddresses(object, type)).toEqual(expected)
  })
})
