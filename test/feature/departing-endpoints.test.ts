import { afterEach, describe, expect, it } from 'vitest'
import { deadPort } from '../support/dead-port.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { fastLane, http2Lane, type Lane, plainLanes } from '../support/lanes.ts'
import { startMortalHost } from '../support/mortal-host.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { ok, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'app.example.com'
const app = (...ports: readonly number[]): string => toYaml(ingress({ host }), service('app', ports))
const post = { host, method: 'POST', body: 'once' }
const postBytes = `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\n\r\nonce`
const handshake =
  `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(manifest: string, lane: Lane): Promise<Headgate> {
  const headgate = await startHeadgate({ manifests: { 'app.yaml': manifest }, flags: lane.flags })
  closers.push(() => headgate.stop())
  return headgate
}

async function living() {
  const origin = await startOrigin(({ body, raw }) =>
    /^upgrade:/im.test(raw) ? 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nliving' : ok(`living ${body}`),
  )
  closers.push(() => origin.close())
  return origin
}

const lanes = [...plainLanes, http2Lane]

describe('while a backend is scaled down', () => {
  it.each(lanes)(
    'a request by the $name finds the one endpoint that is left among nine that refuse already',
    async (lane) => {
      const { port } = await living()
      const dead = await Promise.all(Array.from({ length: 9 }, deadPort))
      const headgate = await start(app(...dead, port), lane)
      expect((await lane.call(headgate, post)).body).toBe('living once')
    },
  )

  it('so does a WebSocket handshake', async () => {
    const { port } = await living()
    const dead = await Promise.all(Array.from({ length: 9 }, deadPort))
    const headgate = await start(app(...dead, port), fastLane)
    expect((await exchange(headgate.http, handshake)).status).toBe(403)
  })

  // Pods that are gone answer no connect at all: each was waited for until the connect timeout, one after the other.
  it.each(plainLanes)(
    'requests by the $name that wait for connections to endpoints that have left the table go to those in it',
    async (lane) => {
      const gone = await startMortalHost('gone')
      closers.push(() => gone.close())
      await gone.die()
      const headgate = await start(app(gone.port), lane)
      const clients = await Promise.all([RawClient.open(headgate.http), RawClient.open(headgate.http)])
      const [request, upgrade] = clients
      request?.send(postBytes)
      upgrade?.send(handshake)
      await waitFor(async () => (await headgate.page('/metrics')).includes('headgate_tunnels 1'))
      const { port } = await living()
      await headgate.write('app.yaml', app(port))
      expect((await request?.response())?.body).toBe('living once')
      expect((await upgrade?.response())?.status).toBe(403)
      for (const client of clients) client.close()
    },
  )
})

describe('while several hosts are dead', () => {
  // Three at once used up the attempts, and the last of them was waited for until the connect timeout.
  it.each(lanes)('a request by the $name finds the one endpoint that is left', async (lane) => {
    const hosts = await Promise.all(['one', 'two', 'three', 'four'].map(startMortalHost))
    for (const host of hosts) closers.push(() => host.close())
    const { port } = await living()
    const headgate = await start(app(...hosts.map((host) => host.port), port), lane)
    await Promise.all(hosts.map((host) => host.die()))
    expect((await lane.call(headgate, post)).body).toBe('living once')
  })
})

describe('while there is no way to several hosts', () => {
  // Each failed at once, and the third of them was the last.
  it.each(lanes)('a request by the $name finds the one endpoint that is left', async (lane) => {
    const { port } = await living()
    // TCP has no way to a multicast address, and the kernel says so without sending anything.
    const [, ...unreachable] = service('app', [81, 82, 83, 84], '224.0.0.1')
    const headgate = await start(toYaml(ingress({ host }), service('app', [port]), unreachable), lane)
    for (let request = 0; request < 5; request++) {
      expect((await lane.call(headgate, post)).body).toBe('living once')
    }
  })
})
