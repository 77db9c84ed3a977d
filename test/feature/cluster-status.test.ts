import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import { Cluster } from '../support/cluster.ts'
import { ingress, service, tlsSecret } from '../support/objects.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeEach(async () => {
  cluster = await Cluster.start()
  cluster.put(
    service('app', [(await cluster.origin('app')).port]),
    ingress({ name: 'web', className: 'headgate', host: 'web.example.com' }),
    { ...ingress({ name: 'foreign', className: 'other' }), status: statusWith('203.0.113.9') },
  )
})

afterEach(() => cluster.stop())

const statusWith = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } })
const statusIs = (name: string, wanted: unknown) =>
  waitFor(() => JSON.stringify(cluster.statusOf(name)) === JSON.stringify(wanted))
const writesTo = (path: string) =>
  cluster.api.requests.filter((request) => request.method !== 'GET' && request.path.includes(path)).length

/** The Service that is published, with a pod on each of these nodes. */
function publish(...nodes: readonly { readonly name: string; readonly ready?: boolean }[]): void {
  cluster.put({ kind: 'Service', metadata: { name: 'gate', namespace: 'default' }, spec: { type: 'NodePort' } })
  cluster.put({
    kind: 'EndpointSlice',
    metadata: { name: 'gate-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'gate' } },
    addressType: 'IPv4',
    endpoints: nodes.map(({ name, ready = true }) => ({
      addresses: ['10.0.0.1'],
      conditions: { ready },
      nodeName: name,
    })),
    ports: [],
  })
}

function putNode(name: string, ...addresses: readonly (readonly [type: string, address: string])[]): void {
  const status = { addresses: addresses.map(([type, address]) => ({ type, address })) }
  cluster.api.store.put('nodes', { kind: 'Node', metadata: { name }, status })
}

describe('with --publish-node-addresses', () => {
  const flags = ['--publish-service=default/gate', '--publish-node-addresses=external']

  it('the status names the nodes on which pods of the Service are ready, and follows them', async () => {
    putNode('n1', ['InternalIP', '192.0.2.1'], ['InternalIP', '2001:db8::1'])
    putNode('n2', ['InternalIP', '192.0.2.2'], ['ExternalIP', '203.0.113.2'])
    publish({ name: 'n1' }, { name: 'n2', ready: false })
    await cluster.headgate(flags)
    await statusIs('web', [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }])
    publish({ name: 'n1', ready: false }, { name: 'n2' })
    await statusIs('web', [{ ip: '203.0.113.2' }])
    publish({ name: 'n1', ready: false })
    cluster.put(ingress({ name: 'later', className: 'headgate', host: 'later.example.com' }))
    publish({ name: 'n1' })
    await statusIs('later', [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }])
    await statusIs('web', [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }])
    // While none was ready nothing was taken away.
    expect(writesTo('/ingresses/web/status')).toBe(3)
  })
})

describe('of replicas that stop', () => {
  const flags = ['--publish-status-address=192.0.2.1']

  it('the last one clears the status with --update-status-on-shutdown, and none before it', async () => {
    const first = await cluster.headgate([...flags, '--update-status-on-shutdown'])
    await statusIs('web', [{ ip: '192.0.2.1' }])
    const second = await cluster.headgate([...flags, '--update-status-on-shutdown'])
    await first.stop()
    expect(second.output()).toContain('"message":"leading')
    expect(cluster.statusOf('web')).toEqual([{ ip: '192.0.2.1' }])
    await second.stop()
    expect(cluster.statusOf('web')).toEqual([])
    expect(cluster.statusOf('foreign')).toEqual([{ ip: '203.0.113.9' }])
    expect(writesTo('/ingresses/foreign')).toBe(0)
  })

  it('none clears it without that flag', async () => {
    const headgate = await cluster.headgate(flags)
    await statusIs('web', [{ ip: '192.0.2.1' }])
    await headgate.stop()
    expect(cluster.statusOf('web')).toEqual([{ ip: '192.0.2.1' }])
  })
})

describe('a Secret with a key of another certificate', () => {
  it('is told on the Ingress that names it, with what is served instead', async () => {
    const [one, other] = [
      makeCertificate(['web.example.com']),
      makeCertificate(['other.example.com'], { freshKey: true }),
    ]
    cluster.put(
      tlsSecret('mixed', { certPem: one.certPem, keyPem: other.keyPem }),
      ingress({
        name: 'web',
        className: 'headgate',
        host: 'web.example.com',
        tls: [{ hosts: ['web.example.com'], secretName: 'mixed' }],
      }),
    )
    await cluster.headgate()
    const find = () =>
      cluster.api.store
        .list({ plural: 'events', namespace: 'default', fieldSelector: null, labelSelector: null })
        .find(({ metadata }) => metadata.name.startsWith('web.'))
    await waitFor(find)
    expect(find()).toMatchObject({
      reason: 'TlsSecretInvalid',
      involvedObject: { kind: 'Ingress', name: 'web' },
      message: expect.stringMatching(/^spec\.tls\[0\]\.secretName: Secret default\/mixed, .*; .*default certificate/),
    })
  })
})
