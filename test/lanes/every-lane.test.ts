import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Headgate } from '../support/headgate.ts'
import { type Call, LaneBed, lanesToEndpoints } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { host } from './corpus/case.ts'

const settings = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default' },
  data: { 'proxy-body-size': '2m' },
}

let origin: Origin
let respond: (request: SeenRequest, socket: Socket) => string | undefined
const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(
      settings,
      ingress({ host, paths: [{}, { path: '/none', service: 'none' }] }),
      service('app', [origin.port]),
      service('none', []),
    ),
  },
  flags: ['--configmap=default/settings'],
}))

beforeAll(async () => {
  origin = await startOrigin((request, socket) => respond(request, socket))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')
const large = Array.from({ length: 1_000_000 }, (_, i) => String.fromCharCode((i * 31) & 0xff)).join('')

describe.each(lanesToEndpoints)('a request by $name', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  const call = (options: Partial<Call> = {}) => lane.call(headgate, { host, ...options })
  const last = (): SeenRequest => {
    const request = origin.seen.at(-1)
    if (request === undefined) throw new Error('the endpoint has seen nothing')
    return request
  }

  it('tells the endpoint who asks, and nothing that was made up', async () => {
    respond = () => ok('')
    const fields = ['X-Forwarded-For', 'X-Real-IP', 'X_Real_IP', 'Forwarded', 'X-Original-URL'] as const
    await call({ path: '/a?b=c', fields: [...fields.map((name) => [name, 'evil'] as const), ['X-App', 'kept']] })
    expect(last().line).toBe('GET /a?b=c HTTP/1.1')
    expect(last().raw).not.toContain('evil')
    const seen = [
      'Host',
      'X-Forwarded-For',
      'X-Real-IP',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'X-App',
    ]
    const scheme = lane.isTls ? ['https', '443'] : ['http', '80']
    expect(seen.map((name) => fieldOf(last(), name))).toEqual([host, '127.0.0.1', '127.0.0.1', host, ...scheme, 'kept'])
    expect(fieldOf(last(), 'X-Request-ID')).toMatch(/^[0-9a-f]{32}$/)
  })

  it('gets an id of ours, whatever the client calls it', async () => {
    respond = () => ok('')
    await call({ fields: [['X-Request-ID', '4bf92f3577b34da6']] })
    expect(fieldOf(last(), 'X-Request-ID')).toMatch(/^[0-9a-f]{32}$/)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('carries the body of a %s there and back', async (method) => {
    respond = ({ body }) => ok(body)
    expect(await call({ method, body: 'a=1' })).toMatchObject({ status: 200, body: 'a=1' })
    expect([last().line, fieldOf(last(), 'Content-Length')]).toEqual([`${method} / HTTP/1.1`, '3'])
  })

  it('carries a megabyte of every byte up, and one down', async () => {
    respond = ({ body }) => `HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n${digest(body)}`
    expect((await call({ method: 'PUT', body: 'x'.repeat(1_000_000) })).body).toBe(digest('x'.repeat(1_000_000)))
    respond = (_request, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n${large}`, 'latin1')
      return undefined
    }
    expect(digest((await call()).body)).toBe(digest(large))
  })

  it('gets an answer in chunks, and one that ends with its connection', async () => {
    respond = () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n'
    expect((await call()).body).toBe('hello world')
    respond = (_request, socket) => {
      socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')
      return undefined
    }
    expect((await call()).body).toBe('until the end')
  })

  it('gets no body with HEAD, 204 and 304', async () => {
    respond = () => 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'
    const head = await call({ method: 'HEAD' })
    expect([head.status, head.body, head.values('content-length')]).toEqual([200, '', ['9']])
    for (const status of [204, 304]) {
      respond = () => `HTTP/1.1 ${status} X\r\n\r\n`
      expect(await call()).toMatchObject({ status, body: '' })
    }
  })

  it('gets the fields of the answer but those that were meant for us', async () => {
    respond = () =>
      ok(
        '',
        'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-App: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nProxy-Authenticate: Basic\r\n',
      )
    const { values } = await call()
    expect(values('set-cookie')).toEqual(['a=1', 'b=2'])
    expect(values('x-app')).toEqual(['1'])
    expect(values('server')).toEqual(['headgate'])
    expect(values('date')).toHaveLength(1)
    expect([...values('x-hop'), ...values('proxy-authenticate')]).toEqual([])
  })

  it.each([
    ['400 where the path is ambiguous', { path: '/a/..%2fb' }, 400],
    ['400 where the host is none', { host: 'a..b' }, 400],
    ['404 where there is no route', { host: 'nobody.test' }, 404],
    ['413 where the body is too large', { method: 'POST', body: 'x'.repeat(3_000_000) }, 413],
    ['503 where there is no endpoint', { path: '/none' }, 503],
  ])('is answered %s, by ourselves and with its id', async (_what, options, status) => {
    const seen = origin.seen.length
    const answer = await call(options)
    expect(answer.status).toBe(status)
    const [id = 'none'] = answer.values('x-request-id')
    expect(answer.body).toMatch(new RegExp(`^${status} .*\nrequest id: ${id}\n$`))
    expect(origin.seen.length).toBe(seen)
  })

  it('is counted', async () => {
    respond = () => ok('')
    const counted = async (): Promise<number> =>
      [...(await headgate.page('/metrics')).matchAll(/^headgate_requests_total\{host="app\.example\.com",.* (\d+)$/gm)]
        .map(([, count]) => Number(count))
        .reduce((sum, count) => sum + count, 0)
    const before = await counted()
    await call()
    expect(await counted()).toBe(before + 1)
  })
})
