import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadPort } from '../support/dead-port.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { http2Lane, plainLanes } from '../support/lanes.ts'
import { type MortalHost, startMortalHost } from '../support/mortal-host.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import type { RawClient, RawResponse } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'app.example.com'
const app = (...ports: readonly number[]): string => toYaml(ingress({ host }), service('app', ports))

function request(path: string, method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${method === 'POST' ? 'Content-Length: 4\r\n' : ''}\r\n${method === 'POST' ? 'once' : ''}`
}

const handshake =
  `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

async function metric(headgate: Headgate, name: string): Promise<number> {
  const metrics = await headgate.page('/metrics')
  const line = metrics.split('\n').find((text) => text.startsWith(`${name} `))
  if (line === undefined) throw new Error(`no metric ${name}`)
  return Number(line.slice(name.length + 1))
}

const ejected = (headgate: Headgate): Promise<number> => metric(headgate, 'headgate_endpoints_ejected')

describe.each([...plainLanes, http2Lane])('an endpoint that refuses connections ($name)', (lane) => {
  const refusals = 'headgate_upstream_errors_total{reason="connect-refused"}'
  let headgate: Headgate
  let living: Origin
  let port: number
  const get = () => lane.call(headgate, { host })
  const post = () => lane.call(headgate, { host, method: 'POST', body: 'once' })

  beforeAll(async () => {
    living = await startOrigin(({ body }) => ok(`living ${body}`))
    port = await deadPort()
    headgate = await startHeadgate({ manifests: { 'app.yaml': app(living.port, port) }, flags: lane.flags })
  })

  afterAll(async () => {
    await headgate.stop()
    await living.close()
  })

  it('is passed by after one request has met it, and used again once it accepts', async () => {
    for (let i = 0; i < 20; i++) expect((await post()).body).toBe('living once')
    expect(await metric(headgate, refusals)).toBe(1)
    expect(await ejected(headgate)).toBe(1)
    expect(await metric(headgate, 'headgate_endpoint_ejections_total{reason="refused"}')).toBe(1)

    const back = await startOrigin(() => ok('back'), { port })
    try {
      await waitFor(async () => (await get()).body === 'back')
      expect(await ejected(headgate)).toBe(0)
      expect(await metric(headgate, refusals)).toBe(1)
    } finally {
      await back.close()
    }
  })

  it('is tried all the same where no other is left', async () => {
    await headgate.write('app.yaml', app(port))
    await waitFor(async () => (await get()).status === 502)
    expect(await ejected(headgate)).toBe(1)
    const back = await startOrigin(() => ok('back'), { port })
    try {
      expect((await get()).body).toBe('back')
    } finally {
      await back.close()
    }
  })

  it('is forgotten with the table', async () => {
    await waitFor(async () => (await get()).status === 502)
    await waitFor(async () => (await ejected(headgate)) === 1)
    await headgate.write('app.yaml', app(living.port))
    await waitFor(async () => (await ejected(headgate)) === 0)
    // Nobody asks for it any more either.
    let probed = false
    const back = await startOrigin(() => ok('back'), { port })
    try {
      const end = Date.now() + 1_500
      await waitFor(() => {
        probed = back.connections > 0
        return probed || Date.now() > end
      })
    } finally {
      await back.close()
    }
    expect(probed).toBe(false)
  })
})

describe('an endpoint that is slow', () => {
  it.each(plainLanes)('is left alone by the $name, as it takes connections', async (lane) => {
    const slow = await startOrigin((_request, socket) => {
      setTimeout(() => socket.write(ok('slow')), 3_000)
      return undefined
    })
    const living = await startOrigin(() => ok('living'))
    const headgate = await startHeadgate({ manifests: { 'app.yaml': app(slow.port, living.port) }, flags: lane.flags })
    try {
      const answers = await Promise.all([1, 2].map(() => lane.exchange(headgate, request('/slow'))))
      expect(answers.map(({ body }) => body).toSorted()).toEqual(['living', 'slow'])
      const metrics = await headgate.page('/metrics')
      // It was asked whether it is there: one connection more than the one with the request.
      expect(slow.connections).toBe(2)
      expect(metrics).toContain('headgate_endpoint_ejections_total{reason="silent"} 0')
      expect(metrics).toContain('headgate_upstream_retries_total 0')
    } finally {
      await headgate.stop()
      await living.close()
      await slow.close()
    }
  })
})

describe.each(plainLanes)('an endpoint whose host dies ($name)', (lane) => {
  let headgate: Headgate
  let mortal: MortalHost
  let living: Origin
  let gets: Promise<RawResponse>[]
  let posts: Promise<RawResponse>[]
  let afterwards: Promise<{ response: RawResponse; tookMs: number }[]>
  const streams: RawClient[] = []
  const tunnels: RawClient[] = []
  let lateTunnels: Promise<{ answers: string; tookMs: number }>

  /** One on each endpoint, as they take turns. */
  const pair = (text: string): Promise<RawClient[]> =>
    Promise.all(
      [1, 2].map(async () => {
        const client = await lane.open(headgate)
        client.send(text)
        return client
      }),
    )

  beforeAll(async () => {
    mortal = await startMortalHost('mortal')
    living = await startOrigin(({ line, raw }) => {
      if (/^upgrade:/im.test(raw)) return 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nliving'
      return line.includes('/stream') ? ok('begin') : ok('living')
    })
    headgate = await startHeadgate({ manifests: { 'app.yaml': app(mortal.port, living.port) }, flags: lane.flags })
    const hang = async (method: string): Promise<Promise<RawResponse>[]> =>
      (await pair(request('/hang', method))).map((client) => client.response().finally(() => client.close()))

    gets = await hang('GET')
    posts = await hang('POST')
    await Promise.all([Promise.race(gets), Promise.race(posts)])
    streams.push(...(await pair(request('/stream'))))
    tunnels.push(...(await pair(handshake)))
    for (const client of [...streams, ...tunnels]) await client.until((received) => received.includes('\r\n\r\n'))
    await mortal.die()

    afterwards = Promise.all(
      Array.from({ length: 10 }, async () => {
        const start = performance.now()
        const response = await lane.exchange(headgate, request('/'))
        return { response, tookMs: performance.now() - start }
      }),
    )
    const start = performance.now()
    lateTunnels = Promise.all(
      (await pair(handshake)).map((client) =>
        client.until((received) => received.includes('living')).finally(() => client.close()),
      ),
    ).then((answers) => ({ answers: answers.join(), tookMs: performance.now() - start }))
  })

  afterAll(async () => {
    for (const client of [...streams, ...tunnels]) client.close()
    await headgate.stop()
    await living.close()
    await mortal.close()
  })

  it('takes no new request with it: those that meet it go elsewhere long before the connect timeout', async () => {
    for (const { response, tookMs } of await afterwards) {
      expect(response.body).toBe('living')
      expect(tookMs).toBeLessThan(3_000)
    }
    expect(await ejected(headgate)).toBe(1)
    const [next] = await Promise.all([1, 2, 3, 4].map(() => lane.exchange(headgate, request('/'))))
    expect(next?.body).toBe('living')
    expect(await metric(headgate, 'headgate_endpoint_ejections_total{reason="silent"}')).toBe(1)
  })

  it('takes no WebSocket handshake with it', async () => {
    const { answers, tookMs } = await lateTunnels
    expect(answers.match(/403 Forbidden/g)).toHaveLength(2)
    expect(tookMs).toBeLessThan(3_000)
  })

  it('loses the GETs that wait there to another endpoint', async () => {
    expect((await Promise.all(gets)).map(({ body }) => body)).toEqual(['living', 'living'])
  })

  it('has the POSTs that wait there answered with 504, and never sent twice', async () => {
    const answers = await Promise.all(posts)
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 504])
    expect(answers.find(({ status }) => status === 504)?.body).toContain('endpoint-silent after 1 try')
    expect(living.seen.filter(({ line }) => line.startsWith('POST'))).toHaveLength(1)
  })

  it('has answers that had begun broken off', async () => {
    const broken = streams.find(({ received }) => /chunked/i.test(received))
    expect(await broken?.untilEnd()).not.toContain('\r\n0\r\n')
  })

  it('has its tunnels ended, some time later', async () => {
    const open = tunnels.find(({ received }) => received.includes('101 Switching'))
    expect(open?.ended).toBe(false)
    expect(await open?.untilEnd()).toContain('101 Switching')
  })

  it('is used again when its host is back', async () => {
    mortal.revive()
    await waitFor(async () => (await lane.exchange(headgate, request('/'))).body === 'mortal')
    expect(await ejected(headgate)).toBe(0)
  })
})
