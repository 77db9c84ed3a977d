import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { makeCertificate } from '../support/certificates.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { acceptFor, startEcho } from '../support/websocket.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = acceptFor(key)
const handshake = (more = '', path = '/') =>
  `GET ${path} HTTP/1.1\r\nHost: raw.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`
const switching = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`

describe('WebSocket', () => {
  let headgate: Headgate
  let origin: Origin
  let echo: Awaited<ReturnType<typeof startEcho>>
  let respond: (request: SeenRequest, socket: Socket) => string | undefined

  beforeAll(async () => {
    origin = await startOrigin((request, socket) => respond(request, socket))
    echo = await startEcho()
    const yaml = toYaml(
      tlsSecret('echo-tls', makeCertificate(['echo.example.com'])),
      ingress({
        name: 'echo',
        host: 'echo.example.com',
        paths: [{ service: 'echo' }],
        tls: [{ hosts: ['echo.example.com'], secretName: 'echo-tls' }],
      }),
      service('echo', [echo.port]),
      ingress({ name: 'raw', host: 'raw.example.com', paths: [{ service: 'raw' }] }),
      service('raw', [origin.port]),
    )
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
  })

  afterAll(async () => {
    await headgate.stop()
    await origin.close()
    echo.close()
  })

  it.each(['ws', 'wss'])('echoes messages of all sizes over %s', async (protocol) => {
    const port = protocol === 'ws' ? headgate.http : headgate.https
    const socket = new WebSocket(`${protocol}://127.0.0.1:${port}/`, [], {
      headers: { host: 'echo.example.com' },
      rejectUnauthorized: false,
    })
    await once(socket, 'open')
    for (const size of [0, 1, 125, 126, 65_536, 4_000_000]) {
      const sent = Buffer.alloc(size, 'x')
      socket.send(sent)
      const [received] = (await once(socket, 'message')) as [Buffer]
      expect(received.equals(sent)).toBe(true)
    }
    socket.close(1000, 'bye')
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
    expect([code, reason.toString()]).toEqual([1000, 'bye'])
  })

  it('sends the endpoint a handshake with the same headers as any request, and nothing that came early', async () => {
    let answer: () => void = () => {}
    const arrived = new Promise<SeenRequest>((resolve) => {
      respond = (request, socket) => {
        answer = () => socket.write(switching)
        resolve(request)
        return undefined
      }
    })
    const client = await RawClient.open(headgate.http)
    client.send(`${handshake('X-Forwarded-For: 6.6.6.6\r\nKeep-Alive: 5\r\n', '/a/../chat?x=1')}early bytes`)
    const request = await arrived
    expect(request.line).toBe('GET /chat?x=1 HTTP/1.1')
    expect(fieldOf(request, 'X-Forwarded-For')).toBe('127.0.0.1')
    expect(fieldOf(request, 'Keep-Alive')).toBeUndefined()
    expect(fieldOf(request, 'Sec-WebSocket-Key')).toBe(key)
    expect(request.raw).not.toContain('early')
    expect(client.received).toBe('')
    const [upstream] = [...origin.openSockets].slice(-1)
    const bytes = once(upstream as Socket, 'data')
    answer()
    expect(String((await bytes)[0])).toBe('early bytes')
    expect(await client.until((received) => received.includes('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 101 /)
    client.close()
  })

  it.each([
    ['a wrong proof', switching.replace(accept, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
    ['no proof', switching.replace(/Sec-WebSocket-Accept.*\r\n/, '')],
    ['another protocol', switching.replace('Upgrade: websocket', 'Upgrade: h2c')],
  ])('is refused with 502 when the endpoint switches with %s', async (_name, bytes) => {
    respond = () => `${bytes}secret`
    const client = await RawClient.open(headgate.http)
    client.send(handshake())
    const received = await client.untilEnd()
    expect(received).toMatch(/^HTTP\/1\.1 502 /)
    expect(received).not.toContain('secret')
  })

  it('passes on the endpoint’s refusal and ends the connection: what follows is no tunnel', async () => {
    respond = () => 'HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Why: y\r\nKeep-Alive: timeout=5\r\n\r\nnope'
    const seen = origin.seen.length
    const client = await RawClient.open(headgate.http)
    client.send(`${handshake()}GET /smuggled HTTP/1.1\r\nHost: raw.example.com\r\n\r\n`)
    const received = await client.untilEnd()
    expect(received).toMatch(/^HTTP\/1\.1 403 [\s\S]*X-Why: y[\s\S]*Connection: close[\s\S]*nope$/)
    expect(origin.seen.length - seen).toBe(1)
  })

  it.each([
    ['another version', handshake().replace('Version: 13', 'Version: 8'), 426],
    ['a short key', handshake().replace(key, 'c2hvcnQ='), 400],
    ['a body', handshake('Content-Length: 3\r\n').concat('abc'), 400],
    ['a second protocol', handshake().replace('Upgrade: websocket', 'Upgrade: websocket, h2c'), 400],
    ['an unknown host', handshake().replace('raw.example.com', 'unknown.example.com'), 404],
  ])('is refused before any endpoint hears of it with %s', async (_name, bytes, status) => {
    const seen = origin.seen.length
    const client = await RawClient.open(headgate.http)
    client.send(bytes)
    expect(await client.untilEnd()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(origin.seen.length).toBe(seen)
  })

  it.each([
    ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'],
    ['an Upgrade that Connection does not name', 'Connection: keep-alive\r\nUpgrade: websocket\r\n'],
  ])('treats %s as an ordinary request', async (_name, fields) => {
    respond = () => ok('plain')
    const client = await RawClient.open(headgate.http)
    client.send(`GET / HTTP/1.1\r\nHost: raw.example.com\r\n${fields}\r\n`)
    expect((await client.response()).body).toBe('plain')
    expect(origin.seen.at(-1)?.fields.map(([name]) => name.toLowerCase())).not.toContain('upgrade')
    client.close()
  })

  it('ends the endpoint’s side when the client dies, and the client’s when the endpoint dies', async () => {
    respond = () => switching
    const dying = await RawClient.open(headgate.http)
    dying.send(handshake())
    await dying.until((received) => received.includes('101'))
    const upstream = [...origin.openSockets].at(-1) as Socket
    const upstreamClosed = once(upstream, 'close')
    dying.socket.resetAndDestroy()
    await upstreamClosed

    const surviving = await RawClient.open(headgate.http)
    surviving.send(handshake())
    await surviving.until((received) => received.includes('101'))
    const other = [...origin.openSockets].at(-1) as Socket
    other.resetAndDestroy()
    await surviving.untilEnd()
  })

  it('ends the handshake upstream when the client leaves before the answer', async () => {
    let closed: Promise<unknown> | undefined
    const arrived = new Promise<void>((resolve) => {
      respond = (_request, socket) => {
        closed = once(socket, 'close')
        resolve()
        return undefined
      }
    })
    const client = await RawClient.open(headgate.http)
    client.send(handshake())
    await arrived
    client.close()
    await closed
  })
})
