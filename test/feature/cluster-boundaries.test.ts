import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import { Cluster, inNamespace } from '../support/cluster.ts'
import type { Headgate } from '../support/headgate.ts'
import { ingress, service, tlsSecret } from '../support/objects.ts'
import { exchange } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const theirHost = 'theirs.example.com'

let cluster: Cluster
let headgate: Headgate

const get = (host: string, path = '/') => exchange(headgate.http, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)

async function namesInCertificateOf(servername: string): Promise<string | undefined> {
  const socket = connect({ port: headgate.https, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subjectaltname } = socket.getPeerCertificate()
  socket.destroy()
  return subjectaltname
}

beforeAll(async () => {
  cluster = await Cluster.start()
  cluster.put(
    service('app', [(await cluster.origin('ours')).port]),
    inNamespace('other', service('theirs', [(await cluster.origin('theirs')).port])),
    inNamespace('other', tlsSecret('tls', makeCertificate([theirHost]))),
    inNamespace('other', { ...tlsSecret('opaque', makeCertificate([theirHost])), type: 'Opaque' }),
  )
  headgate = await cluster.headgate()
})

afterAll(() => cluster.stop())

describe('an Ingress cannot reach into another namespace', () => {
  it.each(['other/tls', '../other/tls', '../../other/secrets/tls', '../../other/secrets/opaque', 'other%2Fopaque'])(
    'for the Secret %s',
    async (secretName) => {
      cluster.put(
        ingress({ name: 'tls', className: 'headgate', host: theirHost, tls: [{ hosts: [theirHost], secretName }] }),
      )
      await waitFor(async () => (await headgate.page('/routes')).includes(`Secret default/${secretName}`))
      expect(await namesInCertificateOf(theirHost)).not.toContain(theirHost)
      expect(cluster.api.requests.filter(({ path }) => path.includes('other'))).toEqual([])
      cluster.api.delete('Ingress', 'default', 'tls')
      await waitFor(async () => !(await headgate.page('/routes')).includes('TlsSecretNotFound'))
    },
  )

  it.each([
    ['other/theirs', 'InvalidBackend'],
    ['../other/theirs', 'InvalidBackend'],
    ['theirs', 'ServiceNotFound'],
  ])('for the Service %s', async (name, reason) => {
    const host = `${name.replace(/\W/g, '')}.example.com`
    cluster.put(ingress({ name: 'backend', className: 'headgate', host, paths: [{ service: name }] }))
    await waitFor(async () => (await get(host)).status === 503)
    expect(await headgate.page('/routes')).toContain(`(${reason})`)
    cluster.api.delete('Ingress', 'default', 'backend')
    await waitFor(async () => (await get(host)).status === 404)
  })
})

describe('a path that is a pattern which others need exponential time for', () => {
  it('is matched as text', async () => {
    const paths = [{ path: '/(a+)+$', type: 'ImplementationSpecific' }]
    cluster.put(ingress({ name: 'pattern', className: 'headgate', host: 'pattern.example.com', paths }))
    await waitFor(async () => (await get('pattern.example.com', '/(a+)+$')).body === 'ours')
    expect((await get('pattern.example.com', `/${'a'.repeat(5_000)}!`)).status).toBe(404)
  })
})
