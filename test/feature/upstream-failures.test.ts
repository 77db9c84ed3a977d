import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadPort } from '../support/dead-port.ts'
import type { Headgate } from '../support/headgate.ts'
import { http1LanesToEndpoints, LaneBed, lanesToEndpoints } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'

const settings = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default' },
  data: { 'proxy-read-timeout': '1', 'proxy-body-size': '1m' },
}

let origin: Origin
let other: Origin
let dead: number
let respond: (request: SeenRequest, socket: Socket) => string | undefined
let respondOther: (request: SeenRequest, socket: Socket) => string | undefined

const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(
      settings,
      ingress({ name: 'one', host: 'one.example.com', paths: [{ service: 'one' }] }),
      service('one', [origin.port]),
      ingress({ name: 'two', host: 'two.example.com', paths: [{ service: 'two' }] }),
      service('two', [origin.port, other.port]),
      ingress({ name: 'half', host: 'half.example.com', paths: [{ service: 'half' }] }),
      service('half', [dead, other.port]),
      ingress({ name: 'dead', host: 'dead.example.com', paths: [{ service: 'dead' }] }),
      service('dead', [dead]),
      ingress({ name: 'none', host: 'none.example.com', paths: [{ service: 'none' }] }),
      service('none', []),
      ingress({ name: 'missing', host: 'missing.example.com', paths: [{ service: 'missing' }] }),
    ),
  },
  flags: ['--configmap=default/settings'],
}))

beforeAll(async () => {
  origin = await startOrigin((request, socket) => respond(request, socket))
  other = await startOrigin((request, socket) => respondOther(request, socket))
  dead = await deadPort()
})

afterAll(async () => {
  await bed.close()
  await origin.close()
  await other.close()
})

describe.each(lanesToEndpoints)('an endpoint that fails ($name)', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  const send = (method: string, host: string, body?: string) =>
    lane.call(headgate, { method, host: `${host}.example.com`, ...(body !== undefined && { body }) })

  it('is answered for with 503 where there is no endpoint or no Service', async () => {
    expect((await send('GET', 'none')).status).toBe(503)
    expect((await send('GET', 'missing')).status).toBe(503)
  })

  it('is answered for with 502 where it refuses connections, with the request id in the body', async () => {
    const response = await send('POST', 'dead', 'x')
    expect(response.status).toBe(502)
    expect(response.body).toMatch(/connect-refused[\s\S]*request id: [0-9a-f]{32}/)
  })

  it('costs no request, POST neither, while another endpoint listens', async () => {
    respondOther = ({ body }) => ok(body)
    for (let i = 0; i < 20; i++) expect((await send('POST', 'half', `body ${i}`)).body).toBe(`body ${i}`)
  })

  it('that closes before its answer: a GET is tried elsewhere, a POST is not', async () => {
    const close = (_request: SeenRequest, socket: Socket): undefined => void socket.destroy()
    respond = close
    respondOther = () => ok('other')
    for (let i = 0; i < 4; i++) expect((await send('GET', 'two')).body).toBe('other')
    const statuses: number[] = []
    const seen = origin.seen.length + other.seen.length
    for (let i = 0; i < 4; i++) statuses.push((await send('POST', 'two', 'x')).status)
    expect(statuses.toSorted()).toEqual([200, 200, 502, 502])
    expect(origin.seen.length + other.seen.length - seen).toBe(4)
  })

  it('that says nothing is answered for with 504, once', async () => {
    respond = () => undefined
    const seen = origin.seen.length
    const response = await send('GET', 'one')
    expect(response.status).toBe(504)
    expect(origin.seen.length - seen).toBe(1)
  })

  const garbage: readonly (readonly [string, string])[] = [
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a switch that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a head of 200 KB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`],
  ]
  it.each(garbage)('that answers %s is answered for with 502, and the next request is fine', async (_name, bytes) => {
    respond = () => bytes
    expect((await send('GET', 'one')).status).toBe(502)
    respond = () => ok('fine')
    expect((await send('GET', 'one')).body).toBe('fine')
  })

  it('that sends more than it said is cut off, and the rest reaches nobody', async () => {
    respond = () => `${ok('first')}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`
    expect((await send('GET', 'one')).body).toBe('first')
    respond = () => ok('second')
    expect((await send('GET', 'one')).body).toBe('second')
  })
})

describe.each(http1LanesToEndpoints)('an endpoint that fails in the middle ($name)', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  it.each([
    ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n'],
  ])('that breaks off its body (%s) breaks the client’s connection: no clean end', async (_name, bytes) => {
    respond = (_request, socket) => {
      socket.write(bytes)
      setTimeout(() => socket.destroy(), 20)
      return undefined
    }
    const client = await lane.open(headgate)
    client.send('GET / HTTP/1.1\r\nHost: one.example.com\r\n\r\n')
    const received = await client.untilEnd()
    expect(received).toContain('only this')
    expect(received).not.toContain('\r\n0\r\n')
  })

  it('is not kept working for a client that has gone', async () => {
    let gone: Promise<unknown> | undefined
    const arrived = new Promise<void>((resolve) => {
      respond = (_request, socket) => {
        gone = once(socket, 'close')
        resolve()
        return undefined
      }
    })
    const client = await lane.open(headgate)
    client.send('GET / HTTP/1.1\r\nHost: one.example.com\r\n\r\n')
    await arrived
    client.close()
    await gone
  })

  it('never sees a body larger than allowed in full', async () => {
    respond = ({ body }) => ok(String(body.length))
    const announced = await lane.exchange(
      headgate,
      `POST / HTTP/1.1\r\nHost: one.example.com\r\nContent-Length: ${2 * 1024 * 1024}\r\n\r\n`,
    )
    expect(announced.status).toBe(413)
    const client = await lane.open(headgate)
    client.send('POST / HTTP/1.1\r\nHost: one.example.com\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    for (let i = 0; i < 20; i++) client.send(chunk)
    expect((await client.response()).status).toBe(413)
    client.close()
  })

  it('is counted by reason', async () => {
    const metrics = await headgate.page('/metrics')
    for (const reason of ['connect-refused', 'reset-before-head', 'head-timeout', 'bad-response', 'reset-in-body']) {
      expect(metrics).toMatch(new RegExp(`headgate_upstream_errors_total\\{reason="${reason}"\\} [1-9]`))
    }
  })
})
