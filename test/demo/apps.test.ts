import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type DemoApps, startDemoApps } from '../../src/demo/apps.ts'

let apps: DemoApps

beforeAll(async () => {
  apps = await startDemoApps()
})
afterAll(async () => {
  await apps.stop()
})

function portOf(service: string): number {
  const pod = apps.pods.find((candidate) => candidate.service === service)
  if (pod === undefined) throw new Error(`no pod of ${service}`)
  return pod.port
}

async function get(service: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${portOf(service)}${path}`, { headers })
  return response.text()
}

describe('a demo app', () => {
  it('has two pods if it is the shop, one otherwise', () => {
    expect(apps.pods.map(({ service }) => service)).toEqual(['shop', 'shop', 'blog', 'echo'])
    expect(new Set(apps.pods.map(({ port }) => port)).size).toBe(4)
  })

  it('tells curl in one line who answered what', async () => {
    expect(await get('blog', '/a?b=c')).toBe(`blog-1 answers GET /a?b=c for 127.0.0.1:${portOf('blog')}\n`)
  })

  it('shows a browser a page that no request can put markup into', async () => {
    const page = await get('shop', "/<img src='x'>", { accept: 'text/html', 'x-note': '<b>"&' })
    expect(page).toContain('<h1>shop-1</h1>')
    expect(page).toContain('&#60;b&#62;&#34;&#38;')
    expect(page).not.toContain('<img')
  })

  it('echoes the request as JSON', async () => {
    const response = await fetch(`http://127.0.0.1:${portOf('echo')}/cart?id=1`, { method: 'PUT', body: 'two apples' })
    expect(await response.json()).toMatchObject({ app: 'echo', method: 'PUT', path: '/cart?id=1', body: 'two apples' })
  })

  it.each([0, 5, 125, 126, 60_000])('echoes a WebSocket message of %i bytes', async (size) => {
    const socket = new WebSocket(`ws://127.0.0.1:${portOf('shop')}/`)
    await once(socket, 'open')
    const sent = randomBytes(size)
    socket.send(sent)
    const [received] = await once(socket, 'message')
    expect(sent.equals(received)).toBe(true)
    socket.close(1000, 'done')
    expect((await once(socket, 'close'))[0]).toBe(1000)
  })

  it('answers a WebSocket ping', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${portOf('echo')}/`)
    await once(socket, 'open')
    socket.ping('are you there')
    expect(String((await once(socket, 'pong'))[0])).toBe('are you there')
    socket.terminate()
  })

  it('ends a WebSocket that sends more than it echoes', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${portOf('echo')}/`)
    socket.on('error', () => {})
    await once(socket, 'open')
    socket.send(randomBytes(70_000))
    expect((await once(socket, 'close'))[0]).toBe(1006)
  })

  it('refuses an upgrade to anything else', async () => {
    const socket = connect(portOf('echo'), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('stops with open connections and WebSockets', async () => {
    const own = await startDemoApps()
    const port = own.pods[0]?.port
    const idle = connect(port ?? 0, '127.0.0.1')
    idle.on('error', () => {})
    await once(idle, 'connect')
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
    socket.on('error', () => {})
    await once(socket, 'open')
    const closed = [once(idle, 'close'), once(socket, 'close')]
    idle.resume()
    await own.stop()
    await Promise.all(closed)
  })
})
