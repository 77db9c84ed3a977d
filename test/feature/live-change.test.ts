import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { callHttp2, openHttp2 } from '../support/http2-client.ts'
import { fastLane, fastLaneOverTls, standardLane } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const get = (port: number, host: string) => exchange(port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)

const ways = [
  { workers: 0, lane: fastLane },
  { workers: 0, lane: standardLane },
  { workers: 2, lane: fastLane },
]

describe.each(ways)('a change in the folder, with $workers workers and the $lane.name', ({ workers, lane }) => {
  let headgate: Headgate
  const origins: Origin[] = []

  afterEach(async () => {
    await headgate.stop()
    for (const origin of origins.splice(0)) await origin.close()
  })

  const origin = async (name: string): Promise<Origin> => {
    const started = await startOrigin(() => ok(name))
    origins.push(started)
    return started
  }
  const start = (yaml: string): Promise<Headgate> =>
    startHeadgate({ manifests: { 'app.yaml': yaml }, flags: [`--workers=${workers}`, ...lane.flags] })

  it('adds a host, changes its backend and takes it away, without a restart', async () => {
    const one = await origin('one')
    const two = await origin('two')
    const services = [service('one', [one.port]), service('two', [two.port])]
    headgate = await start(toYaml(...services))
    expect((await get(headgate.http, 'new.example.com')).status).toBe(404)
    for (const [name, paths] of [
      ['one', [{ service: 'one' }]],
      ['two', [{ service: 'two' }]],
    ] as const) {
      await headgate.write('app.yaml', toYaml(...services, ingress({ host: 'new.example.com', paths })))
      while ((await get(headgate.http, 'new.example.com')).body !== name) await nextTurn()
    }
    await headgate.write('app.yaml', toYaml(...services))
    while ((await get(headgate.http, 'new.example.com')).status !== 404) await nextTurn()
  })

  it('takes endpoints away and brings them back under load: no request fails', async () => {
    const ports = [(await origin('a')).port, (await origin('b')).port, (await origin('c')).port]
    const yaml = (live: readonly number[]): string => toYaml(ingress({ host: 'app.example.com' }), service('app', live))
    headgate = await start(yaml(ports))
    let done = false
    let requests = 0
    const failures: unknown[] = []
    const run = async (ask: () => Promise<{ readonly status: number }>): Promise<void> => {
      while (!done) {
        const response = await ask()
        requests++
        if (response.status !== 200) failures.push(response)
      }
    }
    const raw = async (client: RawClient): Promise<void> => {
      await run(() => {
        client.send('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
        return client.response()
      })
      client.close()
    }
    const session = await openHttp2(headgate.https, 'app.example.com')
    const load = [
      ...[1, 2, 3, 4].map(async () => raw(await lane.open(headgate))),
      ...[5, 6].map(async () => raw(await fastLaneOverTls.open(headgate))),
      ...[7, 8].map(() => run(() => callHttp2(session, { ':authority': 'app.example.com', ':path': '/' }))),
    ]
    for (const live of [ports.slice(0, 2), ports.slice(0, 1), ports.slice(1), ports]) {
      await headgate.write('app.yaml', yaml(live))
      await headgate.routesUntil((routes) => routes.includes(`${live.length} endpoint`))
    }
    await waitFor(() => requests > 100)
    done = true
    await Promise.all(load)
    session.destroy()
    expect(failures).toEqual([])
  })

  it('of the global settings holds for open connections', async () => {
    const app = await origin('app')
    const yaml = (seconds: number): string =>
      toYaml(ingress({ host: 'app.example.com' }), service('app', [app.port]), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'default' },
        data: { 'keep-alive': String(seconds) },
      })
    headgate = await startHeadgate({
      manifests: { 'app.yaml': yaml(20) },
      flags: [`--workers=${workers}`, '--configmap=default/settings', ...lane.flags],
    })
    const client = await RawClient.open(headgate.http)
    const keepAlive = async (): Promise<string | undefined> => {
      client.send('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
      return (await client.response()).fields.find(([name]) => name === 'Keep-Alive')?.[1]
    }
    expect(await keepAlive()).toMatch(/^timeout=20\b/)
    await headgate.write('app.yaml', yaml(30))
    while (!/^timeout=30\b/.test((await keepAlive()) ?? '')) await nextTurn()
    client.close()
  })

  it('that does not parse keeps what was served and says what is wrong', async () => {
    const app = await origin('app')
    const yaml = toYaml(ingress({ host: 'app.example.com' }), service('app', [app.port]))
    headgate = await start(yaml)
    await headgate.write('app.yaml', `${yaml}\n---\nkind: [`)
    await headgate.routesUntil((routes) => routes.includes('BadManifest'))
    expect((await get(headgate.http, 'app.example.com')).body).toBe('app')
    expect(headgate.output().match(/BadManifest/g)).toHaveLength(1)
  })
})

describe('a worker', () => {
  it('that dies is replaced, and the others and the ports are untouched', async () => {
    const app = await startOrigin(() => ok('app'))
    const headgate = await startHeadgate({
      manifests: { 'app.yaml': toYaml(ingress({ host: 'app.example.com' }), service('app', [app.port])) },
      flags: ['--workers=2'],
    })
    for (let i = 0; i < 20; i++) await get(headgate.http, 'app.example.com')
    const counted = /headgate_requests_total\{[^}]*host="app.example.com"[^}]*\} (\d+)/
    expect(Number(counted.exec(await headgate.page('/metrics'))?.[1])).toBe(20)

    const worker = /"worker":(\d+)/
    const pids = (): number[] =>
      [...headgate.output().matchAll(/"worker":(\d+)[^\n]*"message":"worker listens"/g)].map(([, pid]) => Number(pid))
    const [first = 0] = pids()
    process.kill(first, 'SIGKILL')
    while (pids().length < 3) await nextTurn()
    for (let i = 0; i < 20; i++) expect((await get(headgate.http, 'app.example.com')).body).toBe('app')
    expect(headgate.output()).toMatch(worker)
    const metrics = await headgate.page('/metrics')
    expect(metrics).toMatch(/headgate_worker_restarts_total 1/)
    expect(Number(counted.exec(metrics)?.[1])).toBe(40)
    expect(await headgate.stop()).toBe(0)
    await app.close()
  })
})
