import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate, type TestCertificate } from '../support/certificates.ts'
import { Cluster, inNamespace } from '../support/cluster.ts'
import type { Headgate } from '../support/headgate.ts'
import { ingress, service, tlsSecret } from '../support/objects.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'by-name.example.com'
const path = '/api/v1/namespaces/default/secrets/cert'

let cluster: Cluster
let headgate: Headgate

async function certificateOf(servername: string): Promise<string> {
  const socket = connect({ port: headgate.https, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

const certificate = (): TestCertificate => makeCertificate([host], { freshKey: true })
const problems = async (): Promise<readonly string[]> =>
  (await headgate.page('/routes')).split('\n').filter((line) => line.includes('TlsSecretForbidden'))

beforeAll(async () => {
  cluster = await Cluster.start()
  cluster.put(
    service('app', [(await cluster.origin('app')).port]),
    inNamespace('headgate', tlsSecret('fallback', makeCertificate(['*.example.com']))),
    tlsSecret('cert', certificate()),
    ingress({ name: 'web', className: 'headgate', host, tls: [{ hosts: [host], secretName: 'cert' }] }),
  )
  cluster.api.failing.set(path, { status: 403 })
  headgate = await cluster.headgate([
    '--secrets=by-name',
    '--secret-refresh-seconds=1',
    '--default-ssl-certificate=headgate/fallback',
  ])
})

afterAll(() => cluster.stop())

describe('with --secrets=by-name', () => {
  it('Headgate is ready without a Secret that it may not get, and the Ingress is told', async () => {
    const fallback = await certificateOf('other.example.com')
    expect(await certificateOf(host)).toBe(fallback)
    expect(await problems()).toEqual([
      expect.stringMatching(
        /Ingress default\/web spec\.tls\[0\]\.secretName: .*default\/cert.*the certificate of another/,
      ),
    ])
    await waitFor(() =>
      cluster.api.requests.some(
        ({ method, path, body }) =>
          method === 'POST' && path.endsWith('/events') && JSON.stringify(body).includes('TlsSecretForbidden'),
      ),
    )
  })

  it('the certificate is served when it may, on when it may not any more, and anew when it is renewed', async () => {
    const before = await certificateOf(host)
    cluster.api.failing.delete(path)
    const shown = await waitFor(async () => {
      const now = await certificateOf(host)
      return now !== before && now
    })
    expect(await problems()).toEqual([])
    cluster.api.failing.set(path, { status: 403 })
    await waitFor(async () => (await problems()).some((line) => line.includes('the last good certificate')))
    cluster.put(tlsSecret('cert', certificate()))
    expect(await certificateOf(host)).toBe(shown)
    cluster.api.failing.delete(path)
    await waitFor(async () => (await certificateOf(host)) !== shown)
    expect(await problems()).toEqual([])
  })

  it('no Secret was ever listed or watched', () => {
    const paths = cluster.api.requests.map((request) => request.path).filter((path) => path.includes('secrets'))
    expect(new Set(paths)).toEqual(new Set([path, '/api/v1/namespaces/headgate/secrets/fallback']))
  })
})
