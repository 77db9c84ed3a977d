import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNamespace, deleteNamespace } from './support/objects.ts'
import { until } from './support/until.ts'
import { onAnyCluster, useBed } from './support/use-bed.ts'

const bed = useBed()
const namespace = 'test-bed'
const nodePort = 30_999

const labels = { app: 'echo' }
const objects = [
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'echo', namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'echo',
              image: 'headgate.test/backend:1',
              readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'echo', namespace },
    spec: {
      type: 'NodePort',
      ipFamilyPolicy: 'PreferDualStack',
      selector: labels,
      ports: [{ port: 80, targetPort: 8080, nodePort }],
    },
  },
]

/** What curl prints, or undefined where it gets no answer. */
async function get(where: string, url: string): Promise<string | undefined> {
  const curl = ['--silent', '--globoff', '--max-time', '2', url]
  const { code, stdout } = await (where === 'client'
    ? bed.runAsClient('curl', curl)
    : bed.runOnNode(where, 'curl', curl))
  return code === 0 ? stdout : undefined
}

async function answers(where: string, url: string): Promise<boolean> {
  return (await get(where, url))?.includes('"pod"') ?? false
}

function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

function addressesOf({ ipv4, ipv6 }: { readonly ipv4?: string; readonly ipv6?: string }): readonly string[] {
  return [ipv4, ipv6].filter((address) => address !== undefined)
}

async function clusterIPs(): Promise<readonly string[]> {
  const path = '{.spec.clusterIPs[*]}'
  return (await bed.kubectl(['get', 'service', 'echo', `--namespace=${namespace}`, `--output=jsonpath=${path}`])).split(
    ' ',
  )
}

beforeAll(() => createNamespace(bed, namespace))

afterAll(() => deleteNamespace(bed, namespace))

describe(`a bed ${onAnyCluster}`, () => {
  it('takes objects and gives them back', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'note', namespace }, data: { text: 'one' } }
    await bed.apply(JSON.stringify(object))
    const path = `/api/v1/namespaces/${namespace}/configmaps/note`
    expect((await bed.api('PATCH', path, { data: { text: 'two' } })).status).toBe(200)
    const text = '--output=jsonpath={.data.text}'
    expect(await bed.kubectl(['get', 'configmap', 'note', `--namespace=${namespace}`, text])).toBe('two')
  })
})

describe('a bed', () => {
  beforeAll(async () => {
    await bed.apply(objects.map((object) => JSON.stringify(object)).join('\n---\n'))
    await bed.kubectl(['rollout', 'status', 'daemonset/echo', `--namespace=${namespace}`, '--timeout=60s'])
  })

  it('has as many nodes as it says, all of them ready', async () => {
    const ready = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'
    const answer = await bed.kubectl(['get', 'nodes', `--output=jsonpath=${ready}`])
    expect(answer.trim().split(' ')).toEqual(bed.nodes.map(({ name }) => `${name}=True`))
  })

  it('carries traffic of a node to a ClusterIP, in every family', async () => {
    for (const address of await clusterIPs()) {
      for (const { name } of bed.nodes) {
        await until(`${name} to ${address}`, () => answers(name, `http://${urlHost(address)}/`))
      }
    }
  })

  it('carries traffic of the client to a NodePort, in every family', async () => {
    for (const address of bed.nodes.flatMap(addressesOf)) {
      await until(`client to ${address}`, () => answers('client', `http://${urlHost(address)}:${nodePort}/`))
    }
  })

  it('drops what goes to and from a node that is cut off, until it is back', async () => {
    const [node] = bed.nodes.slice(-1)
    if (node === undefined) throw new Error('a bed without nodes')
    const urls = addressesOf(node).map((address) => `http://${urlHost(address)}:10256/livez`)
    for (const url of urls) expect(await get('client', url)).toBeDefined()
    await bed.cutOff(node.name)
    for (const url of urls) expect(await get('client', url)).toBeUndefined()
    await bed.rejoin(node.name)
    for (const url of urls) await until(`${url} is back`, async () => (await get('client', url)) !== undefined)
  })

  it('starts its API server again after it was stopped, and forgets old versions when told', async () => {
    const before = await bed.api('GET', '/api/v1/namespaces')
    const { resourceVersion } = (before.body as { metadata: { resourceVersion: string } }).metadata
    await bed.stopControlPlane('kube-apiserver')
    expect((await bed.api('GET', '/api/v1/namespaces')).status).not.toBe(200)
    await bed.compactEtcd()
    await bed.startControlPlane('kube-apiserver')
    const exact = `/api/v1/configmaps?resourceVersion=${Number(resourceVersion) - 5}&resourceVersionMatch=Exact&limit=1`
    expect((await bed.api('GET', exact)).status).toBe(410)
  })

  it('runs a second API server on another address', async () => {
    const second = await bed.startSecondApiServer()
    const endpoints = ['get', 'endpointslices', '--selector=kubernetes.io/service-name=kubernetes', '--output=json']
    const isListed = async () => (await bed.kubectl(endpoints)).includes(`"${second.address}"`)
    await until('it is behind the Service kubernetes', isListed)
    await second.stop()
    await until('it is there no more', async () => !(await isListed()))
  })

  it('writes down what a service account asked for, before it has the answer', async () => {
    const token = await bed.kubectl(['create', 'token', 'default', `--namespace=${namespace}`])
    // Not by its ClusterIP: kube-proxy, too, may have been told by the second API server, and takes a while to miss it.
    const place = '{.items[0].endpoints[0].addresses[0]} {.items[0].ports[0].port}'
    const slices = ['get', 'endpointslices', '--selector=kubernetes.io/service-name=kubernetes']
    const [address = '', port = ''] = (await bed.kubectl([...slices, `--output=jsonpath=${place}`])).split(' ')
    const url = `https://${urlHost(address)}:${port}/api/v1/namespaces/${namespace}/secrets`
    const curl = ['--silent', '--insecure', '--globoff', '--header', `Authorization: Bearer ${token}`, url]
    const [node] = bed.nodes
    await until('the API server refuses', async () =>
      (await bed.runOnNode(node?.name ?? '', 'curl', curl)).stdout.includes('Forbidden'),
    )
    const entries = (await readFile(bed.auditLog, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const own = entries.filter(({ user }) => user.username === `system:serviceaccount:${namespace}:default`)
    expect(own.at(-1)).toMatchObject({
      verb: 'list',
      objectRef: { resource: 'secrets', namespace },
      responseStatus: { code: 403 },
    })
  })
})
