import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Running, startHeadgate } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
// Held by us if it is free, by somebody else if not: the demo has to make do without it.
const blocker = createServer().on('error', () => {})

let demo: Running
let http: string
let https: string
let admin: string
let authority: string

beforeAll(async () => {
  blocker.listen(8080, '127.0.0.1')
  await Promise.race([once(blocker, 'listening'), once(blocker, 'error').catch(() => {})])
  demo = startHeadgate(['start'], { TMPDIR: folder })
  const tour = (await demo.printed(/^[\s\S]*Ctrl-C stops/)).input
  expect(tour).toContain('Port 8080 is taken by another program: a free one takes its place.')
  http = /http:\/\/shop\.localhost:(\d+)\//.exec(tour)?.[1] ?? ''
  https = /https:\/\/secure\.localhost:(\d+)\//.exec(tour)?.[1] ?? ''
  admin = /http:\/\/127\.0\.0\.1:(\d+)\/metrics/.exec(tour)?.[1] ?? ''
  authority = readFileSync(/--cacert (\S+)/.exec(tour)?.[1] ?? '', 'utf8')
})
afterAll(() => {
  blocker.close()
  rmSync(folder, { recursive: true })
})

async function visit(host: string, path: string): Promise<{ status: number | undefined; body: string }> {
  const outgoing = httpRequest({ host: '127.0.0.1', port: http, path, headers: { host } })
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  return { status: response.statusCode, body: await text(response) }
}

describe('npm start', () => {
  it('shows two pods of the shop in turn', async () => {
    const bodies = [await visit('shop.localhost', '/'), await visit('shop.localhost', '/')].map(({ body }) => body)
    expect(bodies.toSorted()).toEqual([
      'shop-1 answers GET / for shop.localhost\n',
      'shop-2 answers GET / for shop.localhost\n',
    ])
  })

  it.each([
    ['shop.localhost', '/api/cart', 200, '"app": "echo"'],
    ['shop.localhost', '/apix', 200, 'shop-'],
    ['blog.localhost', '/', 200, 'blog-1'],
    ['blog.localhost', '/feed.xml', 200, '"app": "echo"'],
    ['any.apps.localhost', '/', 200, '"app": "echo"'],
    ['blue.apps.localhost', '/', 200, 'blog-1'],
    ['nobody.localhost', '/', 404, ''],
  ])('answers %s%s with %i', async (host, path, status, body) => {
    const answer = await visit(host, path)
    expect(answer.status).toBe(status)
    expect(answer.body).toContain(body)
  })

  it('carries a WebSocket', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${http}/socket`, { headers: { host: 'shop.localhost' } })
    await once(socket, 'open')
    socket.send('hello')
    expect(String((await once(socket, 'message'))[0])).toBe('hello')
    socket.terminate()
  })

  it('serves HTTPS with a certificate that its own authority vouches for', async () => {
    const outgoing = request({
      host: '127.0.0.1',
      port: https,
      servername: 'secure.localhost',
      ca: authority,
      headers: { host: 'secure.localhost' },
      agent: false,
    })
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    expect(await text(response)).toMatch(/^shop-[12] answers GET \/ for secure\.localhost\n$/)
  })

  it.each(['/routes', '/metrics', '/healthz'])('serves %s', async (path) => {
    expect((await fetch(`http://127.0.0.1:${admin}${path}`)).status).toBe(200)
  })

  it('stops at Ctrl-C without a word and leaves nothing behind', async () => {
    demo.signal('SIGINT')
    const { code, stderr } = await demo.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(readdirSync(folder)).toEqual([])
  })
})
