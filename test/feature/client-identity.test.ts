import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { callHttp2, openHttp2 } from '../support/http2-client.ts'
import { type Call, fastLane, http1Lanes, http2Lanes, LaneBed } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'app.example.com'

const settings = (ranges: string, more: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default' },
  data: { 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': ranges, ...more },
})

let origin: Origin

beforeAll(async () => {
  origin = await startOrigin(({ line }) =>
    line.includes('/refused') ? 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n' : ok('hello'),
  )
})

afterAll(() => origin.close())

const last = (): SeenRequest => {
  const request = origin.seen.at(-1)
  if (request === undefined) throw new Error('the endpoint has seen nothing')
  return request
}

const told = [
  'X-Forwarded-For',
  'X-Real-IP',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'Host',
] as const
const toldLast = (): readonly (string | undefined)[] => told.map((name) => fieldOf(last(), name))

const app = (configMap: object): string => toYaml(configMap, ingress({ host }), service('app', [origin.port]))

/** Peers come from 127.0.0.1. */
const trustingBed = new LaneBed(() => ({
  manifests: { 'app.yaml': app(settings('127.0.0.1, 10.0.0.0/8', { 'compute-full-forwarded-for': 'true' })) },
  flags: ['--configmap=default/settings', '--access-log=json'],
}))
const strangerBed = new LaneBed(() => ({
  manifests: { 'app.yaml': app(settings('10.0.0.0/8, ::/0')) },
  flags: ['--configmap=default/settings'],
}))

const addressBed = new LaneBed(() => ({
  manifests: {
    'app.yaml': app(settings('127.0.0.1', { 'use-forwarded-headers': 'false', 'enable-real-ip': 'true' })),
  },
  flags: ['--configmap=default/settings'],
}))

afterAll(async () => {
  await addressBed.close()
  await trustingBed.close()
  await strangerBed.close()
})

const lanes = [...http1Lanes, ...http2Lanes.slice(0, 1)]
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe.each(lanes)('a peer that is trusted, by $name,', (lane) => {
  let headgate: Headgate
  const own = lane.isTls ? ['https', host, '443', host] : ['http', host, '80', host]

  beforeAll(async () => {
    headgate = await trustingBed.headgate(lane)
  })

  const call = (fields: Call['fields'] = []) => lane.call(headgate, { host, fields })

  it('is the client where it says nothing', async () => {
    await call()
    expect(toldLast()).toEqual(['127.0.0.1', '127.0.0.1', ...own])
  })

  it('says who the client is, and how it asked', async () => {
    await call([
      ['X-Forwarded-For', '6.6.6.6, 192.0.2.7, 10.9.9.9'],
      ['X-Forwarded-Proto', lane.isTls ? 'http' : 'https'],
      ['X-Forwarded-Host', 'shop.example.com'],
      ['X-Forwarded-Port', '8443'],
      ['X-Real-IP', '6.6.6.6'],
    ])
    const hops = '192.0.2.7, 10.9.9.9, 127.0.0.1'
    expect(toldLast()).toEqual([hops, '192.0.2.7', lane.isTls ? 'http' : 'https', 'shop.example.com', '8443', host])
    expect(last().raw).not.toContain('6.6.6.6')
  })

  it('gives the request its id', async () => {
    await call([['X-Request-ID', '4bf92f3577b34da6']])
    expect(fieldOf(last(), 'X-Request-ID')).toBe('4bf92f3577b34da6')
    await call([['X-Request-ID', '$(reboot)']])
    expect(fieldOf(last(), 'X-Request-ID')).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is not believed what is malformed', async () => {
    await call([
      ['X-Forwarded-For', '6.6.6.6, unknown'],
      ['X-Forwarded-Proto', 'gopher'],
      ['X-Forwarded-Host', 'a/b'],
      ['X-Forwarded-Port', '99999'],
    ])
    expect(toldLast()).toEqual(['127.0.0.1', '127.0.0.1', ...own])
  })

  it('is not believed by other names', async () => {
    const names = [
      'X_Forwarded_For',
      'Forwarded',
      'X-Original-Forwarded-For',
      'X-Forwarded-Scheme',
      'X-Forwarded_Proto',
    ]
    await call(names.map((name) => [name, 'evil'] as const))
    expect(toldLast()).toEqual(['127.0.0.1', '127.0.0.1', ...own])
    expect(last().raw).not.toContain('evil')
  })

  it('may name a thousand hops', async () => {
    await call([['X-Forwarded-For', `192.0.2.7,${'10.1.1.1,'.repeat(999)}`]])
    expect(fieldOf(last(), 'X-Real-IP')).toBe('10.1.1.1')
    expect(fieldOf(last(), 'X-Forwarded-For')).toBe(`${'10.1.1.1, '.repeat(63)}127.0.0.1`)
  })

  it('names the client in the access log', async () => {
    await call([
      ['X-Forwarded-For', '192.0.2.77'],
      ['X-Request-ID', `logged-by-${lane.name.replaceAll(/\W/g, '-')}`],
    ])
    const id = fieldOf(last(), 'X-Request-ID') ?? ''
    const line = await waitFor(() =>
      headgate
        .output()
        .split('\n')
        .find((text) => text.includes(`"${id}"`)),
    )
    expect(JSON.parse(line)).toMatchObject({ requestId: id, client: '192.0.2.77' })
  })

  it('passes a trace on, and none that cannot be read', async () => {
    const fields = [['tracestate', 'a=1'] as const, ['X-App', 'kept'] as const]
    await call([['traceparent', traceparent], ...fields])
    expect(['traceparent', 'tracestate', 'x-app'].map((name) => fieldOf(last(), name))).toEqual([
      traceparent,
      'a=1',
      'kept',
    ])
    await call([...fields, ['traceparent', `${traceparent}-more`]])
    expect(['traceparent', 'tracestate', 'x-app'].map((name) => fieldOf(last(), name))).toEqual([
      undefined,
      undefined,
      'kept',
    ])
  })
})

describe.each(http1Lanes)('a peer that is trusted, by $name,', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await trustingBed.headgate(lane)
  })

  const get = (lines: string, path = '/') =>
    lane.exchange(headgate, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`)

  it('says it in several fields, but not twice what is no list', async () => {
    await get(
      'x-forwarded-for: 192.0.2.7\r\nX-FORWARDED-FOR: 10.9.9.9\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Port: 1\r\n',
    )
    expect(toldLast().slice(0, 2)).toEqual(['192.0.2.7, 10.9.9.9, 127.0.0.1', '192.0.2.7'])
    expect(fieldOf(last(), 'X-Forwarded-Port')).toBe(lane.isTls ? '443' : '80')
  })

  it('cannot hide a client by Connection', async () => {
    await get('Connection: X-Forwarded-For, X-Real-IP, close\r\nX-Forwarded-For: 192.0.2.7\r\n')
    expect(toldLast().slice(0, 2)).toEqual(['192.0.2.7, 127.0.0.1', '192.0.2.7'])
  })

  it('says who opens a WebSocket', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    expect((await get(`${upgrade}${key}X-Forwarded-For: 192.0.2.7\r\n`, '/refused')).status).toBe(403)
    expect(toldLast().slice(0, 2)).toEqual(['192.0.2.7, 127.0.0.1', '192.0.2.7'])
  })
})

const identityName = fc.constantFrom(
  ...[
    'X-Forwarded-For',
    'x-forwarded-for',
    'X_Forwarded_For',
    'X-Forwarded_For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
  ],
  ...['X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl', 'X-Forwarded-By', 'X-Scheme'],
  ...[
    'X-Real-IP',
    'X_REAL_IP',
    'X-Request-ID',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Original-Forwarded-For',
    'Forwarded',
    'Proxy',
  ],
)
const identityValue = fc.oneof(
  fc.constantFrom(
    '10.0.0.1',
    '6.6.6.6, 10.0.0.1',
    '127.0.0.1',
    '::1',
    'https',
    'admin.test',
    '443',
    '4bf92f3577b34da6',
  ),
  fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
)

describe.each(lanes)('a peer that is not trusted, by $name,', (lane) => {
  it('cannot change a byte of what the endpoint gets', async () => {
    const headgate = await strangerBed.headgate(lane)
    const seenBy = async (fields: Call['fields'] = []): Promise<string> => {
      await lane.call(headgate, { host, fields: [['X-App', '1'], ...fields] })
      return last().raw.replace(/^(X-Request-ID: )[0-9a-f]{32}\r\n/m, '$1an id of ours\r\n')
    }
    const plain = await seenBy()
    expect(plain).toContain('X-Forwarded-For: 127.0.0.1\r\n')
    expect(plain).toContain('X-Request-ID: an id of ours\r\n')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(identityName, identityValue), { maxLength: 8 }), async (fields) => {
        expect(await seenBy(fields)).toBe(plain)
      }),
      { numRuns: 25 },
    )
  })
})

describe.each(lanes)('a peer of which but addresses are believed, by $name,', (lane) => {
  it('says who the client is, and nothing else', async () => {
    const headgate = await addressBed.headgate(lane)
    const fields = [
      ['X-Forwarded-For', '192.0.2.7'],
      ['X-Forwarded-Proto', lane.isTls ? 'http' : 'https'],
      ['X-Forwarded-Host', 'shop.example.com'],
      ['X-Forwarded-Port', '8443'],
      ['X-Request-ID', '4bf92f3577b34da6'],
    ] as const
    await lane.call(headgate, { host, fields })
    const own = lane.isTls ? ['https', host, '443', host] : ['http', host, '80', host]
    expect(toldLast()).toEqual(['192.0.2.7', '192.0.2.7', ...own])
    expect(fieldOf(last(), 'X-Request-ID')).toMatch(/^[0-9a-f]{32}$/)
  })
})

it('requests of a trusted peer stay in the fast lane', async () => {
  const headgate = await trustingBed.headgate(fastLane)
  const taken = async (): Promise<readonly number[]> => {
    const page = await headgate.page('/metrics')
    const lines = [
      /^headgate_requests_by_lane_total\{lane="fast"\} (\d+)$/m,
      /^headgate_requests_by_lane_total\{lane="standard"\} (\d+)$/m,
    ]
    return lines.map((line) => Number(line.exec(page)?.[1]))
  }
  const [fast = 0, standard = 0] = await taken()
  for (const fields of [[], [['X-Forwarded-For', '192.0.2.7'] as const], [['traceparent', traceparent] as const]]) {
    await fastLane.call(headgate, { host, fields })
  }
  expect(await taken()).toEqual([fast + 3, standard])
})

it('a peer by IPv6 is trusted by a range of IPv6', async () => {
  const headgate = await startHeadgate({
    manifests: { 'app.yaml': app(settings('::1/128', { 'add-forwarded-header': 'true' })) },
    flags: ['--configmap=default/settings', '--bind=::1'],
  })
  const ask = async (address: string): Promise<void> => {
    const client = await RawClient.open(headgate.http, address)
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: [2001:DB8::7]:5\r\n\r\n`)
    await client.response()
    client.close()
  }
  await ask('::1')
  expect(toldLast().slice(0, 2)).toEqual(['2001:db8::7', '2001:db8::7'])
  expect(fieldOf(last(), 'Forwarded')).toBe(`for="[2001:db8::7]";host=${host};proto=http`)
  await ask('127.0.0.1')
  expect(toldLast().slice(0, 2)).toEqual(['127.0.0.1', '127.0.0.1'])
  expect(fieldOf(last(), 'Forwarded')).toBe(`for=127.0.0.1;host=${host};proto=http`)
  await headgate.stop()
})

describe.each([0, 1])('on connections that are open, with %i workers,', (workers) => {
  it('who is trusted no more is believed no more', async () => {
    const headgate = await startHeadgate({
      manifests: { 'app.yaml': app(settings('127.0.0.1')) },
      flags: ['--configmap=default/settings', `--workers=${workers}`],
    })
    const client = await RawClient.open(headgate.http)
    const session = await openHttp2(headgate.https, host)
    const overHttp1 = async (): Promise<string | undefined> => {
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n`)
      await client.response()
      return fieldOf(last(), 'X-Real-IP')
    }
    const overHttp2 = async (): Promise<string | undefined> => {
      await callHttp2(session, { ':authority': host, 'x-forwarded-for': '192.0.2.7' })
      return fieldOf(last(), 'X-Real-IP')
    }
    const both = async (): Promise<readonly (string | undefined)[]> => [await overHttp1(), await overHttp2()]
    expect(await both()).toEqual(['192.0.2.7', '192.0.2.7'])
    await headgate.write('app.yaml', app(settings('10.0.0.0/8')))
    await waitFor(async () => (await overHttp1()) === '127.0.0.1')
    expect(await both()).toEqual(['127.0.0.1', '127.0.0.1'])
    await headgate.write('app.yaml', app(settings('127.0.0.0/8')))
    await waitFor(async () => (await overHttp1()) === '192.0.2.7')
    expect(await both()).toEqual(['192.0.2.7', '192.0.2.7'])
    client.close()
    session.destroy()
    await headgate.stop()
  })
})
