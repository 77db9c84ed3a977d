import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Headgate } from '../support/headgate.ts'
import { http1Lanes, LaneBed } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'

let origin: Origin
let respond: (request: SeenRequest, socket: Socket) => string | Buffer | undefined
const bed = new LaneBed(() => ({
  manifests: { 'app.yaml': toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port])) },
}))

beforeAll(async () => {
  origin = await startOrigin((request, socket) => respond(request, socket))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(http1Lanes)('forwarding by the $name', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
    respond = () => ok('hello')
  })

  const last = (): SeenRequest => {
    const request = origin.seen.at(-1)
    if (request === undefined) throw new Error('the endpoint has seen nothing')
    return request
  }
  const get = (more = '', target = '/') =>
    lane.exchange(headgate, `GET ${target} HTTP/1.1\r\nHost: app.example.com\r\n${more}\r\n`)

  it('passes the body and the fields of the response, and adds Server where the endpoint sends none', async () => {
    respond = () => ok('hello', 'X-App: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
    const response = await get()
    expect(response.status).toBe(200)
    expect(response.body).toBe('hello')
    expect(response.fields.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)).toEqual(['a=1', 'b=2'])
    expect(response.fields).toContainEqual(['X-App', '1'])
    expect(response.fields).toContainEqual(['Content-Length', '5'])
    expect(response.fields).toContainEqual(['Server', 'headgate'])
  })

  it('tells the endpoint who the client is, and nothing that the client made up', async () => {
    respond = () => ok('')
    await get(
      'X-Forwarded-For: 6.6.6.6\r\nx-real-ip: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Proto: https\r\nProxy: evil\r\nX-Original-URL: /admin\r\n',
    )
    expect(last().raw).not.toContain('6.6.6.6')
    expect(last().raw).not.toContain('evil')
    expect(last().raw).not.toContain('/admin')
    expect(fieldOf(last(), 'X-Forwarded-For')).toBe('127.0.0.1')
    expect(fieldOf(last(), 'X-Real-IP')).toBe('127.0.0.1')
    expect(fieldOf(last(), 'X-Forwarded-Proto')).toBe(lane.isTls ? 'https' : 'http')
    expect(fieldOf(last(), 'X-Forwarded-Host')).toBe('app.example.com')
    expect(fieldOf(last(), 'X-Forwarded-Port')).toBe(lane.isTls ? '443' : '80')
    expect(fieldOf(last(), 'X-Request-ID')).toMatch(/^[0-9a-f]{32}$/)
    expect(fieldOf(last(), 'Host')).toBe('app.example.com')
  })

  it.each(['4bf92f3577b34da6', '$(reboot)'])(
    'gives a request an id, whatever the client calls it: %s',
    async (given) => {
      await get(`X-Request-ID: ${given}\r\n`)
      expect(fieldOf(last(), 'X-Request-ID')).toMatch(/^[0-9a-f]{32}$/)
    },
  )

  it('removes hop-by-hop fields and those that Connection names, but never our own', async () => {
    await get(
      'Connection: close, X-Secret, x-real-ip, Host, X-Forwarded-For\r\nX-Secret: s\r\nKeep-Alive: 300\r\nTE: trailers\r\nProxy-Authorization: p\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nX-Kept: k\r\n',
    )
    const names = last().fields.map(([name]) => name.toLowerCase())
    for (const gone of ['x-secret', 'keep-alive', 'te', 'proxy-authorization', 'upgrade', 'http2-settings']) {
      expect(names).not.toContain(gone)
    }
    expect(fieldOf(last(), 'X-Kept')).toBe('k')
    expect(fieldOf(last(), 'X-Real-IP')).toBe('127.0.0.1')
    expect(fieldOf(last(), 'X-Forwarded-For')).toBe('127.0.0.1')
    expect(fieldOf(last(), 'Host')).toBe('app.example.com')
  })

  it('removes hop-by-hop fields and those that Connection names from the response', async () => {
    respond = () =>
      ok('x', 'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\n')
    const response = await get()
    const names = response.fields.map(([name]) => name.toLowerCase())
    expect(names).not.toContain('x-hop')
    expect(names).not.toContain('proxy-authenticate')
  })

  it('uses one upstream connection for requests that follow one another', async () => {
    respond = () => ok('')
    await get()
    const { connection } = last()
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'GET']) {
      const client = await lane.open(headgate)
      client.send(`${method} / HTTP/1.1\r\nHost: app.example.com\r\n\r\n`)
      await client.until((received) => received.includes('\r\n\r\n'))
      client.close()
      expect(last().connection).toBe(connection)
    }
  })

  it('answers a HEAD that it refuses at once, though its body is still to come', async () => {
    const client = await lane.open(headgate)
    client.send('HEAD / HTTP/1.1\r\nHost: a..b\r\nContent-Length: 2\r\n\r\n')
    expect((await client.response(true)).status).toBe(400)
    expect(client.ended).toBe(false)
    client.close()
  })

  it('answers HEAD, 204 and 304 without a body and keeps the connection in step', async () => {
    respond = ({ line }) => {
      if (line.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'
      if (line.includes('/204')) return 'HTTP/1.1 204 No Content\r\n\r\n'
      if (line.includes('/304')) return 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 7\r\n\r\n'
      return ok('after')
    }
    const client = await lane.open(headgate)
    client.send('HEAD / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
    const head = await client.until((received) => received.includes('\r\n\r\n'))
    expect(head).toContain('Content-Length: 1000')
    client.send('GET /after HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
    const both = await client.until((received) => received.endsWith('after'))
    expect(both.slice(head.length)).toMatch(/^HTTP\/1\.1 200/)
    client.close()

    const other = await lane.open(headgate)
    for (const path of ['/204', '/304', '/after']) {
      other.send(`GET ${path} HTTP/1.1\r\nHost: app.example.com\r\n\r\n`)
      const response = await other.response()
      expect(response.status).toBe(path === '/after' ? 200 : Number(path.slice(1)))
    }
    other.close()
  })

  it('streams a chunked upload and what stands behind it, and gives a response without a length to its client in chunks', async () => {
    respond = ({ body }) =>
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const response = await lane.exchange(
      headgate,
      'POST / HTTP/1.1\r\nHost: app.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Checksum: 7\r\nAuthorization: late\r\n\r\n',
    )
    expect(response.body).toBe('hello world')
    expect(fieldOf(last(), 'Transfer-Encoding')).toBe('chunked')
    expect(last().raw).toMatch(/\r\n0\r\nX-Checksum: 7\r\n\r\n$/)
  })

  it('states the length of an upload again', async () => {
    respond = ({ body }) => ok(body)
    const response = await lane.exchange(
      headgate,
      'POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 005\r\n\r\nhello',
    )
    expect(response.body).toBe('hello')
    expect(fieldOf(last(), 'Content-Length')).toBe('5')
  })

  it('passes trailers to a client that takes them', async () => {
    respond = () =>
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n'
    const taking = await get('TE: trailers\r\nConnection: TE\r\n')
    expect(taking.trailers).toContain('X-Sum: 42')
    const notTaking = await get()
    expect(notTaking.trailers).toBe('')
    expect(notTaking.fields.map(([name]) => name)).not.toContain('Trailer')
  })

  it('passes 103 Early Hints before the final answer, and keeps 100 and 102 to itself', async () => {
    respond = () =>
      `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('done')}`
    const client = await lane.open(headgate)
    client.send('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
    const hints = await client.response()
    expect(hints.status).toBe(103)
    expect(hints.fields).toContainEqual(['Link', '</a.css>; rel=preload'])
    expect((await client.response()).body).toBe('done')
    client.close()
  })

  it('says 100 Continue itself, when the endpoint is about to be sent the body', async () => {
    respond = ({ body }) => ok(body)
    const client = await lane.open(headgate)
    client.send('POST / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
    expect((await client.response()).status).toBe(100)
    client.send('body')
    expect((await client.response()).body).toBe('body')
    expect(fieldOf(last(), 'Expect')).toBeUndefined()
    client.close()
  })

  it('refuses an expected body without asking for it, and closes', async () => {
    const client = await lane.open(headgate)
    client.send('POST / HTTP/1.1\r\nHost: nobody.example.com\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
    const received = await client.untilEnd()
    expect(received).toMatch(/^HTTP\/1\.1 404 /)
    expect(received).not.toContain('100 Continue')
  })

  it('serves an HTTP/1.0 client: no chunks, closed at the end, kept open when it asks', async () => {
    respond = () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
    const old = await lane.open(headgate)
    old.send('GET / HTTP/1.0\r\nHost: app.example.com\r\n\r\n')
    const received = await old.untilEnd()
    expect(received).toMatch(/\r\n\r\nhello$/)
    respond = () => ok('kept')
    const keeping = await lane.open(headgate)
    for (let i = 0; i < 2; i++) {
      keeping.send('GET / HTTP/1.0\r\nHost: app.example.com\r\nConnection: keep-alive\r\n\r\n')
      expect((await keeping.response()).body).toBe('kept')
    }
    keeping.close()
  })

  it('takes the authority of an absolute-form target for the host, and forwards in origin form', async () => {
    respond = () => ok('')
    await lane.exchange(headgate, 'GET http://app.example.com/x?y=1 HTTP/1.1\r\nHost: other.example.com\r\n\r\n')
    expect(last().line).toBe('GET /x?y=1 HTTP/1.1')
    expect(fieldOf(last(), 'Host')).toBe('app.example.com')
  })

  it('answers pipelined requests in order', async () => {
    respond = ({ line }) => ok(line.split(' ')[1] ?? '')
    const client = await lane.open(headgate)
    client.send(['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: app.example.com\r\n\r\n`).join(''))
    for (const path of ['/1', '/2', '/3']) expect((await client.response()).body).toBe(path)
    client.close()
  })

  it('keeps every byte of a field value and of the body', async () => {
    const body = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
    respond = () =>
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 256\r\nX-Latin: \xe4\xf6\xfc\r\n\r\n${body}`, 'latin1')
    const response = await lane.exchange(
      headgate,
      `POST / HTTP/1.1\r\nHost: app.example.com\r\nX-Latin: \xe9\r\nContent-Length: 256\r\n\r\n${body}`,
    )
    expect(last().body).toBe(body)
    expect(last().raw).toContain('X-Latin: \xe9')
    expect(response.fields).toContainEqual(['X-Latin', '\xe4\xf6\xfc'])
    expect(response.body).toBe(body)
  })

  it('passes the head of a response on before its body has begun', async () => {
    let finish: () => void = () => {}
    respond = (_request, socket) => {
      finish = () => socket.write('data: 1')
      return 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 7\r\n\r\n'
    }
    const client = await lane.open(headgate)
    client.send('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
    await client.until((received) => received.includes('\r\n\r\n'))
    finish()
    expect((await client.response()).body).toBe('data: 1')
    client.close()
  })
})
