import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { ApiRequest } from '../support/api-server.ts'
import { Cluster } from '../support/cluster.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service } from '../support/objects.ts'
import { exchange } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster
const replicas: Headgate[] = []

/** A replica that the API server knows by its token. Without POD_NAME: those on one machine must still tell themselves apart. */
async function start(token: string): Promise<Headgate> {
  const kubeconfig = await cluster.api.writeKubeconfig(join(cluster.folder, token), { token })
  const headgate = await startHeadgate({
    flags: [`--kubeconfig=${kubeconfig}`, '--publish-status-address=192.0.2.1'],
    env: { POD_NAME: '', POD_NAMESPACE: '' },
  })
  replicas.push(headgate)
  return headgate
}

const isLeading = (headgate: Headgate): boolean => headgate.output().includes('"message":"leading')
const lease = () => cluster.api.get('Lease', 'headgate', 'headgate-leader')
const specOf = (object: object | undefined): Readonly<Record<string, unknown>> =>
  Object(object !== undefined && 'spec' in object ? object.spec : {})
/** Tokens of those who wrote there. */
const writersOf = (method: string, path: string, about = '') =>
  cluster.api.requests
    .filter((request) => request.method === method && request.path.endsWith(path))
    .filter(({ body }) => JSON.stringify([body]).includes(about))
    .map(({ authorization }) => authorization)

const eventOf = (name: string) =>
  cluster.api.store
    .list({ plural: 'events', namespace: 'default', fieldSelector: null, labelSelector: null })
    .find(({ metadata }) => metadata.name.startsWith(`${name}.`))

/** An Ingress with a mistake: its status and its Event have been written. */
async function untilTold(name: string): Promise<void> {
  cluster.put(ingress({ name, className: 'headgate', host: `${name}.example.com`, paths: [{ service: 'none' }] }))
  await waitFor(() => cluster.statusOf(name))
  await waitFor(() => writersOf('POST', '/events', `"name":"${name}"`).length > 0)
}

beforeAll(async () => {
  cluster = await Cluster.start()
  cluster.put(
    service('app', [(await cluster.origin('app')).port]),
    ingress({ name: 'web', className: 'headgate', host: 'app.example.com' }),
  )
})

afterAll(async () => {
  await Promise.all(replicas.map((headgate) => headgate.stop()))
  await cluster.stop()
})

describe('of several replicas', () => {
  let first: Headgate
  let second: Headgate

  it('all serve, and one tells the cluster', async () => {
    first = await start('first')
    await waitFor(() => isLeading(first))
    second = await start('second')
    // The second has asked for the Lease and found it taken.
    await waitFor(() => writersOf('GET', '/leases/headgate-leader').includes('Bearer second'))
    await untilTold('one')
    for (const { http } of [first, second]) {
      expect((await exchange(http, 'GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')).body).toBe('app')
    }
    expect(isLeading(second)).toBe(false)
    expect(new Set(writersOf('PATCH', '/status'))).toEqual(new Set(['Bearer first']))
    expect(new Set(writersOf('POST', '/events'))).toEqual(new Set(['Bearer first']))
  })

  it('another takes over from one that stops, without a wait, and writes nothing anew', async () => {
    const before = specOf(lease())['holderIdentity']
    expect(await first.stop()).toBe(0)
    await waitFor(() => isLeading(second))
    expect(specOf(lease())['holderIdentity']).not.toBe(before)
    await untilTold('two')
    expect(writersOf('PATCH', '/ingresses/one/status')).toEqual(['Bearer first'])
    expect(writersOf('PATCH', '/ingresses/two/status')).toEqual(['Bearer second'])
    expect(eventOf('one')).toMatchObject({ count: 1 })
  })

  it('another takes over from one that is killed, when its Lease is over', async () => {
    const third = await start('third')
    await waitFor(() => writersOf('GET', '/leases/headgate-leader').includes('Bearer third'))
    expect(isLeading(third)).toBe(false)
    const killed = once(second.process, 'exit')
    second.process.kill('SIGKILL')
    await killed
    // As if most of the fifteen seconds had passed.
    const held = lease()
    cluster.put({ ...held, spec: { ...specOf(held), leaseDurationSeconds: 1 } })
    await waitFor(() => isLeading(third))
    await untilTold('three')
    expect(writersOf('PATCH', '/ingresses/three/status')).toEqual(['Bearer third'])
  })
  it('the leader counts a mistake that comes back', async () => {
    const before = cluster.api.get('Service', 'default', 'app')
    cluster.put({ ...before, metadata: { name: 'none', namespace: 'default' } })
    await waitFor(() => replicas.at(-1)?.output().includes('problem solved'))
    cluster.api.delete('Service', 'default', 'none')
    await waitFor(() => Number(eventOf('one')?.['count']) === 2)
  })

  it('none asks for anything that the roles of manifests/base do not allow', () => {
    const asked = new Set(cluster.api.requests.map(permissionOf))
    expect(asked).toContain('coordination.k8s.io leases update')
    expect(asked).toContain(' events patch')
    expect([...asked.difference(allowedByBase())]).toEqual([])
  })
})

/** `group resource verb`, as a role has them. */
function permissionOf({ method, path, query }: ApiRequest): string {
  const parts = path.split('/').slice(2)
  const group = path.startsWith('/apis/') ? parts.shift() : ''
  const [, first, , ...rest] = parts
  const [resource, name, ...sub] = first === 'namespaces' ? rest : parts.slice(1)
  const read = query.get('watch') === 'true' ? 'watch' : name === undefined ? 'list' : 'get'
  const verb = { GET: read, POST: 'create', PUT: 'update', PATCH: 'patch' }[method]
  return `${group} ${[resource, ...sub].join('/')} ${verb}`
}

type Rule = { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }

function allowedByBase(): ReadonlySet<string> {
  const files = ['cluster-role.yaml', 'role.yaml'].map((name) =>
    readFileSync(new URL(`../../manifests/base/${name}`, import.meta.url), 'utf8'),
  )
  const rules = files
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as { readonly rules?: Rule[] }))
    .flatMap((object) => object.rules ?? [])
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group} ${resource} ${verb}`)),
      ),
    ),
  )
}
