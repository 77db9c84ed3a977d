import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ApiRequest } from '../support/api-server.ts'
import { makeCertificate } from '../support/certificates.ts'
import { Cluster, ingressClass } from '../support/cluster.ts'
import type { Headgate } from '../support/headgate.ts'
import { type IngressSpec, ingress, service, tlsSecret } from '../support/objects.ts'
import { exchange, type RawResponse } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster
let headgate: Headgate

const ours = (spec: IngressSpec): object => ingress({ className: 'headgate', ...spec })
const get = (host: string): Promise<RawResponse> => exchange(headgate.http, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
const untilAnswer = (host: string, answer: number | string) =>
  waitFor(async () => {
    const { status, body } = await get(host)
    return typeof answer === 'number' ? status === answer : body === answer
  })
const writes = (method: string, path: string): readonly ApiRequest[] =>
  cluster.api.requests.filter((request) => request.method === method && request.path.endsWith(path))

async function certificateOf(servername: string): Promise<string> {
  const socket = connect({ port: headgate.https, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

beforeAll(async () => {
  cluster = await Cluster.start()
  cluster.put(service('app', [(await cluster.origin('app')).port]))
  headgate = await cluster.headgate(['--publish-status-address=192.0.2.1', '--configmap=headgate/settings'])
})

afterAll(() => cluster.stop())

describe('in a cluster, without a restart,', () => {
  it('an Ingress of our class is served, and no other', async () => {
    cluster.put(
      ingressClass('other', 'example.com/controller'),
      ingress({ name: 'theirs', className: 'other', host: 'theirs.example.com' }),
      ingress({ name: 'nobodys', host: 'nobodys.example.com' }),
      ingress({ name: 'old', host: 'old.example.com', annotations: { 'kubernetes.io/ingress.class': 'headgate' } }),
      ours({ name: 'ours', host: 'ours.example.com' }),
    )
    await untilAnswer('ours.example.com', 'app')
    expect((await get('old.example.com')).body).toBe('app')
    expect((await get('theirs.example.com')).status).toBe(404)
    expect((await get('nobodys.example.com')).status).toBe(404)
    await waitFor(() => cluster.statusOf('ours') && cluster.statusOf('old'))
    expect(cluster.statusOf('ours')).toEqual([{ ip: '192.0.2.1' }])
    expect(cluster.statusOf('theirs')).toBeUndefined()
    expect(cluster.statusOf('nobodys')).toBeUndefined()
  })

  it('an Ingress appears, changes its host and goes', async () => {
    cluster.put(ours({ name: 'moving', host: 'before.example.com' }))
    await untilAnswer('before.example.com', 'app')
    cluster.put(ours({ name: 'moving', host: 'after.example.com' }))
    await untilAnswer('after.example.com', 'app')
    expect((await get('before.example.com')).status).toBe(404)
    cluster.api.delete('Ingress', 'default', 'moving')
    await untilAnswer('after.example.com', 404)
  })

  it('endpoints move', async () => {
    const [old, fresh] = [await cluster.origin('old pod'), await cluster.origin('new pod')]
    cluster.put(
      service('pods', [old.port]),
      ours({ name: 'pods', host: 'pods.example.com', paths: [{ service: 'pods' }] }),
    )
    await untilAnswer('pods.example.com', 'old pod')
    cluster.put(service('pods', [fresh.port]))
    cluster.api.delete('EndpointSlice', 'default', `pods-${old.port}`)
    await waitFor(async () => {
      const answers = await Promise.all([1, 2, 3].map(() => get('pods.example.com')))
      return answers.every(({ body }) => body === 'new pod')
    })
    cluster.api.delete('EndpointSlice', 'default', `pods-${fresh.port}`)
    await untilAnswer('pods.example.com', 503)
    cluster.api.delete('Ingress', 'default', 'pods')
  })

  it('a class comes and goes, and its Ingresses with it', async () => {
    cluster.put(ingress({ name: 'classed', className: 'late', host: 'classed.example.com' }))
    await headgate.routesUntil((routes) => routes.includes('IngressClassNotFound'))
    expect((await get('classed.example.com')).status).toBe(404)
    cluster.put(ingressClass('late', 'headgate.dev/ingress-controller'))
    await untilAnswer('classed.example.com', 'app')
    cluster.put(ingressClass('late', 'example.com/controller'))
    await untilAnswer('classed.example.com', 404)
    cluster.api.delete('Ingress', 'default', 'classed')
  })

  it.each([
    ['kubernetes.io/tls', 'tls'],
    // Not among those that are listed: it has to be asked for by name.
    ['Opaque', 'opaque'],
  ])('a certificate in a Secret of type %s is found, rotated, and outlives a bad one', async (type, name) => {
    const host = `${name}.example.com`
    const [first, second] = [makeCertificate([host], { freshKey: true }), makeCertificate([host], { freshKey: true })]
    const generated = await certificateOf(host)
    cluster.put(ours({ name, host, tls: [{ hosts: [host], secretName: name }] }))
    await headgate.routesUntil((routes) => routes.includes('TlsSecretNotFound'))
    cluster.put({ ...tlsSecret(name, first), type })
    const shown = await waitFor(async () => {
      const now = await certificateOf(host)
      return now !== generated && now
    })
    cluster.put({ ...tlsSecret(name, { certPem: first.certPem, keyPem: second.keyPem }), type })
    await headgate.routesUntil((routes) => routes.includes('TlsSecretInvalid'))
    expect(await certificateOf(host)).toBe(shown)
    cluster.put({ ...tlsSecret(name, second), type })
    await waitFor(async () => (await certificateOf(host)) !== shown)
    await headgate.routesUntil((routes) => !routes.includes('TlsSecretInvalid'))
    cluster.api.delete('Ingress', 'default', name)
  })

  it('the settings of the ConfigMap change, and come back to the defaults when it goes', async () => {
    cluster.put(ours({ name: 'settings', host: 'settings.example.com' }))
    await untilAnswer('settings.example.com', 'app')
    const post = 'POST / HTTP/1.1\r\nHost: settings.example.com\r\nContent-Length: 5\r\n\r\n12345'
    const untilPosted = (status: number) => waitFor(async () => (await exchange(headgate.http, post)).status === status)
    const metadata = { name: 'settings', namespace: 'headgate' }
    cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'proxy-body-size': '4' } })
    await untilPosted(413)
    cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'proxy-body-size': '5' } })
    await untilPosted(200)
    cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'proxy-body-size': '4' } })
    await untilPosted(413)
    cluster.api.delete('ConfigMap', 'headgate', 'settings')
    await untilPosted(200)
  })
})

describe('what the cluster is told', () => {
  // Leading takes a request or two, and what is told waits for it.
  beforeEach(() => waitFor(() => headgate.output().includes('leading')))

  it('is our address, in the status of each of our Ingresses, once', async () => {
    cluster.put(ours({ name: 'published', host: 'published.example.com' }))
    await waitFor(() => cluster.statusOf('published'))
    cluster.put({ ...ours({ name: 'published', host: 'renamed.example.com' }), status: undefined })
    await untilAnswer('renamed.example.com', 'app')
    cluster.put(ours({ name: 'marker', host: 'marker.example.com' }))
    await waitFor(() => cluster.statusOf('marker'))
    expect(cluster.statusOf('marker')).toEqual([{ ip: '192.0.2.1' }])
    expect(writes('PATCH', '/ingresses/marker/status')).toHaveLength(1)
    expect(writes('PATCH', '/ingresses/published/status')).toHaveLength(1)
  })

  it('is what is wrong with an Ingress, as one Event with the reason', async () => {
    const uid = cluster.api.put(ours({ name: 'broken', host: 'broken.example.com', paths: [{ service: 'missing' }] }))
      .metadata['uid']
    const eventsOf = (name: string) =>
      writes('POST', '/events').flatMap(({ body }) => {
        const event = body as { involvedObject: { name: string } }
        return event.involvedObject.name === name ? event : []
      })
    await waitFor(() => eventsOf('broken').length > 0)
    expect(eventsOf('broken')).toMatchObject([
      {
        metadata: { namespace: 'default' },
        involvedObject: { kind: 'Ingress', namespace: 'default', name: 'broken', uid },
        type: 'Warning',
        reason: 'ServiceNotFound',
        message: expect.stringContaining('default/missing'),
        count: 1,
      },
    ])
    cluster.put(ours({ name: 'broken-too', host: 'too.example.com', paths: [{ service: 'missing' }] }))
    await waitFor(() => eventsOf('broken-too').length > 0)
    expect(eventsOf('broken')).toHaveLength(1)
    expect((await get('broken.example.com')).status).toBe(503)
    for (const name of ['broken', 'broken-too']) cluster.api.delete('Ingress', 'default', name)
  })
})
