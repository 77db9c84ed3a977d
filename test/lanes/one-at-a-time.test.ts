import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { untilNothingIsOpen } from '../support/gauges.ts'
import type { Headgate } from '../support/headgate.ts'
import { http1Lanes, LaneBed, plainLanes } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { get, host, post } from './corpus/case.ts'

// Nothing crosses from one request to another, whoever says too much, too little, too early, too late or twice.

let origin: Origin
let respond: (request: SeenRequest, socket: Socket) => string | undefined
/** Does not wait for whole requests. */
let eager: RawOrigin
let onBytes: (socket: Socket) => void

const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(
      ingress({ host }),
      service('app', [origin.port]),
      ingress({ name: 'eager', host: 'eager.example.com', paths: [{ service: 'eager' }] }),
      service('eager', [eager.port]),
    ),
  },
  flags: ['--configmap=default/settings'],
}))

beforeAll(async () => {
  origin = await startOrigin((request, socket) => respond(request, socket))
  eager = await startRawOrigin((socket) => socket.on('data', () => onBytes(socket)))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
  await eager.close()
})

const length = (bytes: number): string => `Content-Length: ${bytes}\r\n`
const echo = ({ line, body }: SeenRequest): string => ok(`${line.split(' ')[1]} ${body}`)
const eagerly = (bytes: string): string => bytes.replace(host, 'eager.example.com')

describe.each(http1Lanes)('one connection by the $name', (lane) => {
  let headgate: Headgate
  const clients: RawClient[] = []

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    await untilNothingIsOpen(headgate)
  })

  const open = async (): Promise<RawClient> => {
    const client = await lane.open(headgate)
    clients.push(client)
    return client
  }
  const bodyOf = async (bytes: string): Promise<string> => (await lane.exchange(headgate, bytes)).body

  it('takes what is behind a body for the next request', async () => {
    respond = echo
    const seen = origin.seen.length
    const client = await open()
    client.send(post(length(5), 'hello world'))
    expect(await client.untilEnd()).toMatch(/HTTP\/1\.1 400 [\s\S]*malformed request\n$/)
    expect(origin.seen.length - seen).toBeLessThanOrEqual(1)
    for (const { body } of origin.seen.slice(seen)) expect(body).toBe('hello')
  })

  it('takes what comes later behind a body for the next request', async () => {
    respond = echo
    const seen = origin.seen.length
    const client = await open()
    client.send(post(length(5), 'hello'))
    expect((await client.response()).body).toBe('/form hello')
    client.send(` world${get()}`)
    expect(await client.untilEnd()).toMatch(/^HTTP\/1\.1 400 [\s\S]*malformed request\n$/)
    expect(origin.seen.slice(seen).map(({ body }) => body)).toEqual(['hello'])
  })

  it('never completes a body that is shorter than its length', async () => {
    respond = echo
    const seen = origin.seen.length
    const client = await open()
    client.send(post(length(50), 'hello'))
    await waitFor(async () => /^headgate_requests_in_flight 1$/m.test(await headgate.page('/metrics')))
    expect(await bodyOf(get('', '/another'))).toBe('/another ')
    client.close()
    await untilNothingIsOpen(headgate)
    expect(await bodyOf(get('', '/another'))).toBe('/another ')
    expect(origin.seen.slice(seen).map(({ raw }) => raw.includes('hello'))).toEqual([false, false])
  })

  it('fills a body with what comes next, whatever it looks like', async () => {
    respond = echo
    const seen = origin.seen.length
    const inner = get('', '/inner')
    const client = await open()
    client.send(post(length(5 + inner.length), 'hello'))
    client.send(`${inner}${get('', '/next')}`)
    expect((await client.response()).body).toBe(`/form hello${inner}`)
    expect((await client.response()).body).toBe('/next ')
    expect(origin.seen.length - seen).toBe(2)
  })

  it('gives an answer that comes before the body is in to its own request, and ends', async () => {
    onBytes = (socket) => void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nearly')
    const client = await open()
    client.send(eagerly(post(length(100_000), 'x')))
    const response = await client.response()
    expect([response.status, response.body]).toEqual([403, 'early'])
    client.send(`${'x'.repeat(50_000)}${get('', '/smuggled')}`)
    expect(await client.untilEnd()).toBe('')
    // Its connection to the endpoint is in the middle of a body, and of no use to others.
    const { connections } = eager
    expect(await bodyOf(eagerly(get()))).toBe('early')
    expect(eager.connections - connections).toBe(1)
  })

  it('waits for a late answer, while others get theirs', async () => {
    let release: () => void = () => {}
    respond = (request, socket) => {
      if (!request.line.includes('/late')) return echo(request)
      release = () => void socket.write(echo(request))
      return undefined
    }
    const seen = origin.seen.length
    const client = await open()
    client.send(get('', '/late'))
    await waitFor(() => origin.seen.length > seen)
    for (const path of ['/a', '/b', '/c']) expect(await bodyOf(get('', path))).toBe(`${path} `)
    expect(client.received).toBe('')
    release()
    expect((await client.response()).body).toBe('/late ')
  })

  it('never gets an answer that the endpoint gives twice', async () => {
    respond = () => `${ok('once')}${ok('twice')}`
    expect(await bodyOf(get())).toBe('once')
    respond = () => ok('mine')
    expect(await bodyOf(get())).toBe('mine')
  })

  it('never gets an answer that the endpoint gives when nobody has asked', async () => {
    let kept: Socket | undefined
    respond = (_request, socket) => {
      kept = socket
      return ok('asked')
    }
    expect(await bodyOf(get())).toBe('asked')
    if (kept === undefined) throw new Error('no connection')
    const gone = once(kept, 'close')
    kept.write(ok('unasked'))
    await gone
    expect(await bodyOf(get())).toBe('asked')
  })

  it('that is never answered takes its connection to the endpoint with it', async () => {
    let waiting: Socket | undefined
    respond = (_request, socket) => {
      waiting = socket
      return undefined
    }
    const client = await open()
    client.send(get())
    const socket = await waitFor(() => waiting)
    const gone = once(socket, 'close')
    client.close()
    await gone
    respond = () => ok('mine')
    expect(await bodyOf(get())).toBe('mine')
  })

  it('has one request at the endpoint at a time, and its answers in order', async () => {
    const release: (() => void)[] = []
    respond = (request, socket) => void release.push(() => void socket.write(echo(request)))
    const seen = origin.seen.length
    const client = await open()
    client.send(get('', '/1') + post(length(3), 'two') + get('', '/3'))
    for (const body of ['/1 ', '/form two', '/3 ']) {
      const answer = await waitFor(() => release.shift())
      expect(client.received).toBe('')
      answer()
      expect((await client.response()).body).toBe(body)
    }
    expect(origin.seen.length - seen).toBe(3)
  })

  it('takes the next request while it is being answered', async () => {
    let finish: () => void = () => {}
    respond = ({ line }, socket) => {
      if (line.includes('/next')) return ok('next')
      finish = () => void socket.write('second half')
      return 'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\nfirst half'
    }
    const seen = origin.seen.length
    const client = await open()
    client.send(get())
    await client.until((received) => received.endsWith('first half'))
    client.send(get('', '/next'))
    // A request of somebody else, sent later: by then this connection has been read.
    expect(await bodyOf(get('', '/next'))).toBe('next')
    expect(origin.seen.length - seen).toBe(2)
    finish()
    expect((await client.response()).body).toBe('first halfsecond half')
    expect((await client.response()).body).toBe('next')
  })

  // The end of its side is all that can be seen of a client that has left: nginx's 499.
  it('whose client ends its side while it waits is taken for one whose client has left', async () => {
    let waiting: Socket | undefined
    respond = (_request, socket) => {
      waiting = socket
      return undefined
    }
    const client = await open()
    client.send(get())
    const socket = await waitFor(() => waiting)
    const gone = once(socket, 'close')
    client.socket.end()
    await gone
    expect(await client.untilEnd()).toBe('')
  })

  it('is ended when its client ends its side between two requests', async () => {
    respond = echo
    const client = await open()
    client.send(get())
    expect((await client.response()).body).toBe('/ ')
    client.socket.end()
    expect(await client.untilEnd()).toBe('')
  })

  it('is closed when it has been idle for long enough', async () => {
    respond = echo
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default' } }
    await headgate.write('settings.yaml', toYaml({ ...settings, data: { 'keep-alive': '1' } }))
    const client = await open()
    await waitFor(async () => {
      client.send(get())
      const { fields } = await client.response()
      return fields.some(([name, value]) => name === 'Keep-Alive' && /^timeout=1\b/.test(value))
    })
    expect(await client.untilEnd()).toBe('')
    await headgate.remove('settings.yaml')
  })
})

describe.each(plainLanes)('one connection by the $name', (lane) => {
  it('is asked to end with its 10,000th request', { timeout: 120_000 }, async () => {
    respond = () => ok('x')
    const client = await lane.open(await bed.headgate(lane))
    const window = 50
    for (let sent = 0; sent < 10_000; sent += window) {
      client.send(get().repeat(window))
      await client.until((received) => received.split('\r\n\r\nx').length > window)
      const heads = client.take().split('\r\n\r\nx')
      const last = heads.findIndex((head) => /^connection: close$/im.test(head))
      expect([sent, last]).toEqual([sent, sent + window === 10_000 ? window - 1 : -1])
    }
    client.close()
  })
})
