import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { type AdminServer, type AdminServerOptions, startAdminServer } from '../../src/admin/admin-server.ts'
import type { Pages } from '../../src/admin/pages.ts'

const pages: Pages = {
  readiness: () => ({ ready: true, reason: 'serving generation 7' }),
  metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'headgate_ready 1\n' },
  routes: (format) => (format === 'json' ? '{"hosts":[]}' : 'shop.example.com /\n'),
}

const running: AdminServer[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

async function start(changed: Partial<Pages> = {}, options: Partial<AdminServerOptions> = {}): Promise<string> {
  const server = await startAdminServer({ port: 0, bind: ['127.0.0.1'], pages: { ...pages, ...changed }, ...options })
  running.push(server)
  return `http://127.0.0.1:${server.port}`
}

/** Sends bytes, gives all that comes back. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

describe('the admin pages', () => {
  it('tell that the process is alive, whether it is ready or not', async () => {
    const url = await start({ readiness: () => ({ ready: false, reason: 'no' }) })
    const response = await fetch(`${url}/healthz`)
    expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
  })

  it('tell at /readyz whether traffic may come, and why not', async () => {
    let state = { ready: false, reason: 'waiting for the first list of Service' }
    const url = await start({ readiness: () => state })
    const before = await fetch(`${url}/readyz`)
    expect([before.status, await before.text()]).toEqual([503, 'not ready: waiting for the first list of Service\n'])
    state = { ready: true, reason: 'serving generation 1' }
    const after = await fetch(`${url}/readyz`)
    expect([after.status, await after.text()]).toEqual([200, 'ready: serving generation 1\n'])
  })

  it('give metrics with the content type that Prometheus wants', async () => {
    const response = await fetch(`${await start()}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(await response.text()).toBe('headgate_ready 1\n')
  })

  it.each([
    ['/routes', 'text/html, */*', 'text/plain; charset=utf-8', 'shop.example.com /\n'],
    ['/routes', 'application/json', 'application/json', '{"hosts":[]}'],
    ['/routes?format=json', '*/*', 'application/json', '{"hosts":[]}'],
    ['/routes?format=text', 'application/json', 'text/plain; charset=utf-8', 'shop.example.com /\n'],
  ])('give %s for Accept: %s as %s', async (path, accept, contentType, body) => {
    const response = await fetch(`${await start()}${path}`, { headers: { accept } })
    expect(response.headers.get('content-type')).toBe(contentType)
    expect(await response.text()).toBe(body)
  })

  it('refuse a format that there is none of', async () => {
    expect((await fetch(`${await start()}/routes?format=xml`)).status).toBe(400)
  })

  it('list each other at /', async () => {
    const url = await start()
    const index = await (await fetch(url)).text()
    const paths = index.match(/^\/\S+/gm) ?? []
    expect(paths).toEqual(['/healthz', '/readyz', '/metrics', '/routes'])
    for (const path of paths) expect((await fetch(url + path)).status).toBe(200)
  })

  it.each(['/nothing', '/healthz/', '/Healthz', '/%ff', '/healthz%00', '/..%2fmetrics'])(
    'are not at %s',
    async (target) => {
      const answer = await exchange(await start(), `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 404 /)
    },
  )
})

describe('the admin listener', () => {
  it('answers HEAD like GET, without the body', async () => {
    const response = await fetch(`${await start()}/healthz`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '3', ''])
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('answers %s with 405', async (method) => {
    const response = await fetch(`${await start()}/metrics`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('answers 500 where a page fails, tells why to the log alone, and goes on', async () => {
    const errors: string[] = []
    const fails = async (): Promise<string> => {
      throw new Error('secret detail')
    }
    const url = await start(
      {
        metrics: { contentType: 'text/plain', text: fails },
        readiness: () => {
          throw new Error('other detail')
        },
      },
      { onError: (error, path) => errors.push(`${path} ${error}`) },
    )
    for (const path of ['/metrics', '/readyz']) {
      const response = await fetch(url + path)
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('detail')
    }
    expect(errors).toEqual(['/metrics Error: secret detail', '/readyz Error: other detail'])
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('refuses heads above 8 KiB', async () => {
    const head = `GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(9_000)}\r\n\r\n`
    expect(await exchange(await start(), head)).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('answers without reading a body, and ends the connection so that nothing in it is taken for a request', async () => {
    const request = 'GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'
    const answer = await exchange(await start(), `${request}GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Connection: close\r\n/)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  })

  it('listens on each address, on the same port', async () => {
    const server = await startAdminServer({ port: 0, bind: ['127.0.0.1', '127.0.0.2', '127.0.0.1'], pages })
    running.push(server)
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      expect((await fetch(`http://${host}:${server.port}/healthz`)).status).toBe(200)
    }
  })

  it('does not start where the port is taken, and leaves no address open behind it', async () => {
    const first = await startAdminServer({ port: 0, bind: ['127.0.0.2'], pages })
    running.push(first)
    const both = startAdminServer({ port: first.port, bind: ['127.0.0.1', '127.0.0.2'], pages })
    await expect(both).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const third = await startAdminServer({ port: first.port, bind: ['127.0.0.1'], pages })
    running.push(third)
    expect(third.port).toBe(first.port)
  })

  it('closes also while a client keeps its connection and a page never answers', async () => {
    let wasAsked = () => {}
    const asked = new Promise<void>((resolve) => {
      wasAsked = resolve
    })
    const stuck = { contentType: 'text/plain', text: () => new Promise<string>(() => wasAsked()) }
    const server = await startAdminServer({ port: 0, bind: ['127.0.0.1'], pages: { ...pages, metrics: stuck } })
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    const asking = connect(server.port, '127.0.0.1')
    asking.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
    await asked
    const ends = [once(socket, 'close'), once(asking, 'close')]
    socket.resume()
    asking.resume()
    await server.close()
    await Promise.all(ends)
    await expect(fetch(`http://127.0.0.1:${server.port}/healthz`)).rejects.toThrow()
  })
})
