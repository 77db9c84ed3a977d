import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Running, runHeadgate, startHeadgate } from '../cli/run.ts'
import { Cluster } from '../support/cluster.ts'
import { ingress, service } from '../support/objects.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeEach(async () => {
  cluster = await Cluster.start()
})

afterEach(() => cluster.stop())

describe('a start', () => {
  // The ports have to be known before the program tells them.
  let http: number
  let admin: number
  let running: Running

  beforeEach(async () => {
    ;[http, admin] = await freePorts()
    cluster.put(
      service('app', [(await cluster.origin('app')).port]),
      ingress({ name: 'web', className: 'headgate', host: 'app.example.com' }),
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'garbage', namespace: 'default' },
        spec: 7,
      },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'garbage', namespace: 'default' }, spec: { ports: 'x' } },
    )
  })

  afterEach(async () => {
    running.signal('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })

  const start = (): void => {
    running = startHeadgate([
      'serve',
      `--kubeconfig=${cluster.kubeconfig}`,
      '--bind=127.0.0.1',
      `--http-port=${http}`,
      '--https-port=off',
      `--admin-port=${admin}`,
      '--workers=0',
      '--lame-duck-seconds=0',
    ])
  }
  const statusOf = async (path: string): Promise<number | undefined> =>
    fetch(`http://127.0.0.1:${admin}${path}`).then(
      ({ status }) => status,
      () => undefined,
    )

  /** Alive, and neither ready nor listening, nor a leader in the way of others. */
  async function expectToWait(): Promise<void> {
    await running.printed(/API server cannot be read/)
    expect(await statusOf('/healthz')).toBe(200)
    expect(await statusOf('/readyz')).toBe(503)
    await expect(RawClient.open(http)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(cluster.api.requests.filter(({ path }) => path.includes('/leases'))).toEqual([])
  }

  /** From the first connection on, nothing is answered as if there were no Ingress. */
  async function expectToServe(): Promise<void> {
    const request = 'GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n'
    const first = await waitFor(() => exchange(http, request).catch(() => undefined))
    expect(first).toMatchObject({ status: 200, body: 'app' })
    await running.printed(/^headgate ready /m)
    expect(await statusOf('/readyz')).toBe(200)
  }

  it.each([
    ['endpointslices', 500],
    ['secrets', 403],
  ])('waits until %s can be listed, too', async (plural, status) => {
    cluster.api.failing.set(plural, { status })
    start()
    await expectToWait()
    cluster.api.failing.clear()
    await expectToServe()
  })

  it('waits for an API server that is away, and serves when it comes', async () => {
    await cluster.api.refuse()
    start()
    await expectToWait()
    await cluster.api.listen()
    await expectToServe()
  })

  it('that still waits for the API server ends when it is told to', async () => {
    await cluster.api.refuse()
    start()
    await expectToWait()
    running.signal('SIGTERM')
    expect((await running.ended).code).toBe(0)
    await cluster.api.listen()
  })
})

describe('without a usable kubeconfig it ends with exit code 1 and one line:', () => {
  it('the file and what is wrong with it', async () => {
    const file = join(cluster.folder, 'bad-config')
    await writeFile(file, '{"current-context": "other"}')
    expect(await runHeadgate(['serve', `--kubeconfig=${file}`, '--admin-port=off'])).toMatchObject({
      code: 1,
      stderr: `headgate: ${file} cannot be used: its current-context "other" leads to no cluster\n`,
    })
  })

  it('where it has looked', async () => {
    expect(await runHeadgate(['serve', '--admin-port=off'], { HOME: cluster.folder })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^headgate: there is no KUBECONFIG, no ~\/\.kube\/config and no service account; .*\n$/,
      ),
    })
  })
})

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const
  const ports = servers.map(
    (server) =>
      new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
      }),
  )
  const [http = 0, admin = 0] = await Promise.all(ports)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return [http, admin]
}
