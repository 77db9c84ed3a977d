import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../src/watch/api-client.ts'
import { ApiServer } from '../support/api-server.ts'
import { makeAuthority, makeCertificate, type TestAuthority } from '../support/certificates.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

const signal = new AbortController().signal
const path = '/api/v1/namespaces/shop/services'

let cluster: TestCluster
let clients: ApiClient[]

beforeEach(async () => {
  cluster = await startCluster()
  clients = []
  cluster.server.put({ kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: { type: 'ClusterIP' } })
})

afterEach(async () => {
  for (const client of clients) await client.close()
  await cluster.stop()
})

function clientFor(kubeconfig: string): ApiClient {
  const client = createApiClient({ kubeconfig })
  clients.push(client)
  return client
}

describe('createApiClient', () => {
  it('knows the namespace of its credentials', () => {
    expect(cluster.client.namespace).toBe('headgate')
  })

  it('gets, creates, replaces and patches', async () => {
    const { client } = cluster
    expect(await client.get(`${path}/web`, {}, signal)).toMatchObject({ spec: { type: 'ClusterIP' } })
    const made = await client.create(path, { kind: 'Service', metadata: { name: 'new' } }, signal)
    expect(made).toMatchObject({ metadata: { name: 'new', namespace: 'shop' } })
    await client.patch(`${path}/web/status`, { status: { loadBalancer: {} } }, signal)
    expect(await client.get(`${path}/web`, {}, signal)).toMatchObject({ spec: {}, status: { loadBalancer: {} } })
    const stale = { kind: 'Service', metadata: { name: 'web', namespace: 'shop', resourceVersion: '1' } }
    await expect(client.replace(`${path}/web`, stale, signal)).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
    })
    await expect(client.get(`${path}/none`, {}, signal)).rejects.toMatchObject({ status: 404, reason: 'NotFound' })
  })

  it('passes on how long the server asks to wait', async () => {
    cluster.server.failing.set('services', { status: 429, retryAfter: 7 })
    await expect(cluster.client.get(path, {}, signal)).rejects.toMatchObject({ status: 429, retryAfterMs: 7_000 })
  })

  it('uses its connections again', async () => {
    for (let n = 0; n < 10; n++) await cluster.client.get(path, {}, signal)
    expect(cluster.server.openConnections).toBeLessThan(3)
  })

  it('takes a new token from a kubeconfig that was written anew, after the old one is refused', async () => {
    const file = join(cluster.folder, 'token-config')
    cluster.server.tokens = new Set(['one'])
    const client = clientFor(await cluster.server.writeKubeconfig(file, { token: 'one' }))
    await client.get(path, {}, signal)
    cluster.server.tokens = new Set(['two'])
    await cluster.server.writeKubeconfig(file, { token: 'two' })
    await expect(client.get(path, {}, signal)).rejects.toMatchObject({ status: 401 })
    await client.get(path, {}, signal)
  })

  it('takes a new token from the file that the service account is given', async () => {
    const tokenFile = join(cluster.folder, 'token')
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }
    await writeFile(tokenFile, 'one\n')
    cluster.server.tokens = new Set(['one'])
    const client = clientFor(await cluster.server.writeKubeconfig(join(cluster.folder, 'file-config'), user))
    await client.get(path, {}, signal)
    cluster.server.tokens = new Set(['two'])
    await writeFile(tokenFile, 'two\n')
    await expect(client.get(path, {}, signal)).rejects.toMatchObject({ status: 401 })
    await client.get(path, {}, signal)
  })

  it('checks the server by the CA file, and takes a new one without a restart', async () => {
    const caFile = join(cluster.folder, 'ca.pem')
    const [first, second] = [makeAuthority('first'), makeAuthority('second')]
    const one = await listenTls(first)
    await writeFile(caFile, first.certPem)
    const settings = { 'certificate-authority': caFile, 'tls-server-name': 'api.test' }
    const client = clientFor(await one.writeKubeconfig(join(cluster.folder, 'tls-config'), {}, settings))
    await client.get(path, {}, signal)
    await writeFile(caFile, second.certPem)
    await expect(client.get(path, {}, signal)).rejects.toThrow(/certificate/)
    await writeFile(caFile, first.certPem)
    await client.get(path, {}, signal)
    await one.refuse()
  })
})

async function listenTls(authority: TestAuthority): Promise<ApiServer> {
  const { certPem, keyPem } = makeCertificate(['api.test'], { authority })
  return new ApiServer({ tls: { cert: certPem, key: keyPem } }).listen()
}
