import { once } from 'node:events'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { callHttp2, openHttp2 } from '../support/http2-client.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, type SeenRequest, startOrigin } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { acceptFor, startEcho } from '../support/websocket.ts'

const echoHost = 'echo.example.com'
const rawHost = 'raw.example.com'

/** RFC 8441 section 5.1. */
function connecting(authority: string, more: Record<string, string> = {}) {
  return {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/chat?x=1',
    ':authority': authority,
    'sec-websocket-version': '13',
    ...more,
  }
}

/** A text of less than 126 bytes as a client sends it, with a mask of zeros (RFC 6455 section 5.2). */
function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

describe('a WebSocket over HTTP/2', () => {
  let headgate: Headgate
  let origin: Origin
  let echo: Awaited<ReturnType<typeof startEcho>>
  let session: ClientHttp2Session
  let respond: (request: SeenRequest, socket: Socket) => string | undefined

  beforeAll(async () => {
    origin = await startOrigin((request, socket) => respond(request, socket))
    echo = await startEcho()
    const yaml = toYaml(
      tlsSecret('tls', makeCertificate([echoHost, rawHost])),
      ...[['echo', echoHost, echo.port] as const, ['raw', rawHost, origin.port] as const].flatMap(
        ([name, host, port]) => [
          ingress({ name, host, paths: [{ service: name }], tls: [{ hosts: [host], secretName: 'tls' }] }),
          service(name, [port]),
        ],
      ),
    )
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
    session = await openHttp2(headgate.https, echoHost)
    await once(session, 'remoteSettings')
  })

  afterAll(async () => {
    session.close()
    await headgate.stop()
    await origin.close()
    echo.close()
  })

  async function open(
    authority: string,
    more?: Record<string, string>,
  ): Promise<[ClientHttp2Stream, IncomingHttpHeaders]> {
    const stream = session.request(connecting(authority, more), { endStream: false })
    stream.on('error', () => {})
    const [head] = await once(stream, 'response')
    return [stream, head]
  }

  it('is offered, and carries messages beside other requests of its connection', async () => {
    expect(session.remoteSettings.enableConnectProtocol).toBe(true)
    const [stream, head] = await open(echoHost)
    expect(head[':status']).toBe(200)
    stream.write(masked('hello'))
    expect((await once(stream, 'data'))[0]).toEqual(Buffer.from('\x81\x05hello', 'latin1'))
    respond = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
    expect((await callHttp2(session, { ':path': '/', ':authority': rawHost })).body).toBe('ok')
    stream.write(masked('again'))
    expect((await once(stream, 'data'))[0]).toEqual(Buffer.from('\x81\x05again', 'latin1'))
    stream.close()
  })

  it('is a handshake of HTTP/1.1 for its endpoint, with a key whose proof the client does not see', async () => {
    let seen: SeenRequest | undefined
    respond = (request) => {
      seen = request
      return switched(request, 'X-App: a\r\n')
    }
    const [stream, head] = await open(rawHost, { 'sec-websocket-protocol': 'chat', 'x-forwarded-for': '6.6.6.6' })
    if (seen === undefined) throw new Error('the endpoint was not asked')
    expect(seen.line).toBe('GET /chat?x=1 HTTP/1.1')
    expect(fieldOf(seen, 'Upgrade')).toBe('websocket')
    expect(fieldOf(seen, 'Sec-WebSocket-Version')).toBe('13')
    expect(fieldOf(seen, 'Sec-WebSocket-Protocol')).toBe('chat')
    expect(fieldOf(seen, 'X-Forwarded-For')).toBe('127.0.0.1')
    expect(head).toMatchObject({ ':status': 200, 'x-app': 'a' })
    for (const name of ['upgrade', 'connection', 'sec-websocket-accept']) expect(head).not.toHaveProperty(name)
    stream.close()
  })

  it('carries large pieces both ways at the pace of the slower side', async () => {
    respond = (request, socket) => {
      socket.on('data', (bytes) => socket.write(bytes))
      return switched(request)
    }
    const [stream] = await open(rawHost)
    const sent = Buffer.alloc(5_000_000, 'x')
    let received = 0
    const done = new Promise<void>((resolve) => {
      stream.on('data', (bytes: Buffer) => {
        received += bytes.length
        if (received === sent.length) resolve()
      })
    })
    stream.write(sent)
    await done
    stream.close()
  })

  it('ends at both sides when either ends, and tells nothing to the other streams', async () => {
    const before = origin.openSockets.size
    respond = (request) => switched(request)
    const [first] = await open(rawHost)
    first.close()
    await waitFor(() => origin.openSockets.size === before)
    const [second] = await open(rawHost)
    const [upstream] = [...origin.openSockets].slice(-1)
    const ended = once(second, 'end')
    second.resume()
    upstream?.end('bye')
    await ended
    expect(session.closed).toBe(false)
  })

  it.each([
    [
      'by an endpoint that does not want it',
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Why: y\r\n\r\nnope',
      403,
      'nope',
    ],
    [
      'with 502 by an endpoint that answers as if nobody had asked for a tunnel',
      'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret',
      502,
      '502 Bad Gateway',
    ],
    [
      'with 502 by an endpoint that proves nothing',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nsecret',
      502,
      '502 Bad Gateway',
    ],
  ])('is refused %s', async (_, bytes, status, text) => {
    respond = () => bytes
    const [stream, head] = await open(rawHost)
    expect(head[':status']).toBe(status)
    stream.setEncoding('utf8')
    let body = ''
    for await (const piece of stream) body += piece
    expect(body).toContain(text)
    expect(body).not.toContain('secret')
  })

  it('counts as open for as long as it is, also where it was refused', async () => {
    respond = () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno'
    const [refused] = await open(rawHost)
    refused.resume()
    respond = (request) => switched(request)
    const [first] = await open(rawHost)
    first.close()
    await waitFor(async () => /^headgate_tunnels 0$/m.test(await headgate.page('/metrics')))
  })

  it('has one key, ours, whatever the client sends', async () => {
    let seen: SeenRequest | undefined
    respond = (request) => {
      seen = request
      return switched(request)
    }
    const [stream] = await open(rawHost, { 'sec-websocket-key': 'AAAA' })
    expect(seen?.raw.match(/sec-websocket-key/gi)).toHaveLength(1)
    stream.close()
  })

  it('that is given up before its endpoint has answered counts as a reset, by whatever frame', async () => {
    respond = () => undefined
    const hasty = await openHttp2(headgate.https, echoHost)
    const ended = once(hasty, 'goaway')
    for (let i = 0; i < 400 && !hasty.closed; i++) {
      const stream = hasty.request(connecting(rawHost), { endStream: false })
      stream.on('error', () => {})
      stream.end()
      await Promise.race([once(stream, 'close'), ended])
    }
    expect((await ended)[0]).toBe(11)
    hasty.destroy()
  })

  it.each([
    ['of another protocol', connecting(rawHost, { ':protocol': 'connect-udp' }), 501],
    ['of another version', connecting(rawHost, { 'sec-websocket-version': '8' }), 426],
    ['to an unknown host', connecting('unknown.example.com'), 404],
    ['that is an ordinary CONNECT', { ':method': 'CONNECT', ':authority': `${rawHost}:443` }, 405],
  ])('is refused before any endpoint hears of one %s', async (_, headers, status) => {
    const seen = origin.seen.length
    const stream = session.request(headers, { endStream: false })
    stream.on('error', () => {})
    expect((await once(stream, 'response'))[0][':status']).toBe(status)
    expect(origin.seen.length).toBe(seen)
    stream.close()
  })
})

function switched(request: SeenRequest, more = ''): string {
  const accept = acceptFor(fieldOf(request, 'Sec-WebSocket-Key') ?? '')
  const head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
  return `${head}${more}Sec-WebSocket-Accept: ${accept}\r\n\r\n`
}
