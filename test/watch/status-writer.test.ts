import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ingress, LoadBalancerAddress } from '../../src/watch/objects.ts'
import { readObject } from '../../src/watch/read-object.ts'
import { StatusWriter } from '../../src/watch/status-writer.ts'
import { waitFor } from '../support/wait-for.ts'
import { recordingLogger } from './quiet-logger.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

let cluster: TestCluster
let stop: AbortController
let running: Promise<void>
let writer: StatusWriter

const addresses: readonly LoadBalancerAddress[] = [{ ip: '10.0.0.1' }, { hostname: 'lb.example.com' }]

beforeEach(async () => {
  cluster = await startCluster()
  stop = new AbortController()
  writer = new StatusWriter({
    client: cluster.client,
    logger: recordingLogger(),
    intervalMs: 2,
    minBackoffMs: 5,
    maxBackoffMs: 10,
    rewriteMs: 5,
  })
  running = writer.start(stop.signal)
})

afterEach(async () => {
  stop.abort()
  await running
  await cluster.stop()
})

function putIngress(name: string, ingress?: readonly LoadBalancerAddress[]): void {
  const status = ingress && { status: { loadBalancer: { ingress } } }
  cluster.server.put({
    kind: 'Ingress',
    metadata: { name, namespace: 'shop' },
    spec: { ingressClassName: 'x' },
    ...status,
  })
}

/** As the watch would give them. */
function desire(names: readonly string[], wanted = addresses): void {
  const ours = new Map<string, Ingress>()
  for (const name of names) {
    const object = readObject('Ingress', cluster.server.get('Ingress', 'shop', name))
    if (object?.kind === 'Ingress') ours.set(`shop/${name}`, object)
  }
  writer.setDesired(ours, wanted)
}

const patches = () => cluster.server.requests.filter(({ method }) => method === 'PATCH').map(({ path }) => path)
const statusOf = (name: string) => readObject('Ingress', cluster.server.get('Ingress', 'shop', name))
const written = (name: string, wanted = addresses) =>
  waitFor(() => {
    const object = statusOf(name)
    return object?.kind === 'Ingress' && JSON.stringify(object.status?.loadBalancer?.ingress) === JSON.stringify(wanted)
  })

describe('StatusWriter', () => {
  it('writes the status of ours where it differs, and nothing else', async () => {
    putIngress('right', addresses)
    putIngress('empty')
    putIngress('other', [{ ip: '9.9.9.9' }])
    putIngress('foreign')
    desire(['right', 'empty', 'other'])
    await written('empty')
    await written('other')
    expect(patches().sort()).toEqual(
      ['empty', 'other'].map((name) => `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}/status`),
    )
    expect(cluster.server.get('Ingress', 'shop', 'other')).toMatchObject({ spec: { ingressClassName: 'x' } })
    desire(['right', 'empty', 'other'])
    putIngress('last')
    desire(['right', 'empty', 'other', 'last'])
    await written('last')
    expect(patches()).toHaveLength(3)
  })

  it('writes new addresses, and puts back what somebody else has overwritten', async () => {
    putIngress('a')
    desire(['a'])
    await written('a')
    desire(['a'], [{ ip: '10.0.0.7' }])
    await written('a', [{ ip: '10.0.0.7' }])
    putIngress('a', [{ ip: '6.6.6.6' }])
    desire(['a'], [{ ip: '10.0.0.7' }])
    await written('a', [{ ip: '10.0.0.7' }])
  })

  it.each([409, 429, 500])('tries again after %i, while others are written', async (status) => {
    putIngress('a')
    cluster.server.failing.set('PATCH ingresses', { status, ...(status === 429 && { retryAfter: 0 }) })
    desire(['a'])
    await waitFor(() => patches().length >= 3)
    cluster.server.failing.clear()
    await written('a')
  })

  it.each([429, 503])('asks for no other Ingress while %i asks it to wait', async (status) => {
    for (let n = 0; n < 20; n++) putIngress(`i${n}`)
    cluster.server.failing.set('PATCH ingresses', { status, retryAfter: 1 })
    desire(Array.from({ length: 20 }, (_, n) => `i${n}`))
    await waitFor(() => patches().length > 0)
    cluster.server.failing.clear()
    await Promise.all(Array.from({ length: 20 }, (_, n) => written(`i${n}`)))
    expect(patches()).toHaveLength(21)
  })

  it('goes on with others while one is refused again and again', async () => {
    for (const name of ['a', 'b', 'c']) putIngress(name)
    cluster.server.onRequest = ({ path }) => {
      if (path.endsWith('/a/status')) cluster.server.failing.set('ingresses', { status: 500 })
      else cluster.server.failing.clear()
    }
    desire(['a', 'b', 'c'])
    await written('b')
    await written('c')
    await waitFor(() => patches().filter((path) => path.endsWith('/a/status')).length > 1)
  })

  it("takes its addresses out when told to, and nobody else's", async () => {
    for (const name of ['written', 'overwritten']) putIngress(name)
    putIngress('right', addresses)
    desire(['written', 'overwritten', 'right'])
    await written('written')
    await written('overwritten')
    stop.abort()
    await running
    putIngress('overwritten', [{ ip: '6.6.6.6' }])
    putIngress('foreign', addresses)
    desire(['written', 'overwritten', 'right'])
    cluster.server.failing.set('PATCH ingresses', { status: 429, retryAfter: 0 })
    const before = patches().length
    const cleared = writer.clear(new AbortController().signal)
    await waitFor(() => patches().length > before)
    cluster.server.failing.clear()
    await cleared
    await written('written', [])
    await written('right', [])
    await written('overwritten', [{ ip: '6.6.6.6' }])
    await written('foreign', addresses)
  })

  it('leaves an Ingress that is gone', async () => {
    putIngress('gone')
    putIngress('a')
    const before = ['gone', 'a']
    const ours = new Map<string, Ingress>()
    for (const name of before) {
      const object = statusOf(name)
      if (object?.kind === 'Ingress') ours.set(`shop/${name}`, object)
    }
    cluster.server.delete('Ingress', 'shop', 'gone')
    writer.setDesired(ours, addresses)
    await written('a')
    expect(patches().filter((path) => path.includes('/gone/'))).toHaveLength(1)
  })
})
