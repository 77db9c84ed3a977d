import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import type { Headgate } from '../support/headgate.ts'
import { fastLaneOverTls, LaneBed, tlsLanes } from '../support/lanes.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'

const hosts = ['shop.example.com', '*.wild.example.com']
const tls = [
  { hosts: ['shop.example.com'], secretName: 'shop' },
  { hosts: ['*.wild.example.com'], secretName: 'wild' },
]

let origin: Origin
let respond: (request: SeenRequest) => string | undefined
const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(
      ...hosts.map((host, i) => ingress({ name: `web-${i}`, host, tls })),
      ingress({ name: 'plain', host: 'plain.example.com' }),
      service('app', [origin.port]),
    ),
    'shop.yaml': toYaml(tlsSecret('shop', makeCertificate(['shop.example.com']))),
    'wild.yaml': toYaml(tlsSecret('wild', makeCertificate(['*.wild.example.com'], { keyType: 'rsa' }))),
  },
}))

beforeAll(async () => {
  origin = await startOrigin((request) => respond(request))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(tlsLanes)('HTTPS by the $name', (lane) => {
  it('routes by Host, tells the endpoint the scheme, and keeps the connection open', async () => {
    const headgate = await bed.headgate(lane)
    respond = () => ok('hello')
    const client = await lane.open(headgate)
    for (let i = 0; i < 2; i++) {
      client.send('GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n')
      expect((await client.response()).body).toBe('hello')
    }
    const request = origin.seen.at(-1) as SeenRequest
    expect(fieldOf(request, 'X-Forwarded-Proto')).toBe('https')
    expect(fieldOf(request, 'X-Forwarded-Port')).toBe('443')
    client.close()
  })

  it('answers plain HTTP on its port with nothing but an end', async () => {
    const client = await RawClient.open((await bed.headgate(lane)).https)
    client.send('GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n')
    expect(await client.untilEnd()).not.toContain('200')
  })
})

describe('HTTPS', () => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(fastLaneOverTls)
  })

  async function handshake(servername: string | undefined, protocols = ['http/1.1']): Promise<TLSSocket> {
    const socket = connect({
      port: headgate.https,
      host: '127.0.0.1',
      ...(servername !== undefined && { servername }),
      ALPNProtocols: protocols,
      rejectUnauthorized: false,
    })
    await once(socket, 'secureConnect')
    return socket
  }

  it.each([
    ['shop.example.com', 'DNS:shop.example.com'],
    ['SHOP.example.com', 'DNS:shop.example.com'],
    ['a.wild.example.com', 'DNS:*.wild.example.com'],
    ['a.b.wild.example.com', 'DNS:headgate.local'],
    ['plain.example.com', 'DNS:headgate.local'],
    [undefined, 'DNS:headgate.local'],
  ])('for the name %s shows the certificate of %s', async (servername, names) => {
    const socket = await handshake(servername)
    expect(socket.getPeerCertificate().subjectaltname).toBe(names)
    socket.destroy()
  })

  describe('with HTTP/2', () => {
    let session: ClientHttp2Session

    beforeAll(async () => {
      const options: SecureClientSessionOptions & { readonly strictSingleValueFields: boolean } = {
        servername: 'shop.example.com',
        rejectUnauthorized: false,
        // Or Node's client would not send what a hostile one does.
        strictSingleValueFields: false,
      }
      session = connectHttp2(`https://127.0.0.1:${headgate.https}`, options)
      await once(session, 'connect')
    })

    afterAll(() => session.destroy())

    async function call(headers: Record<string, string | string[]>, body?: string) {
      const stream = session.request(
        { ':authority': 'shop.example.com', ...headers },
        { endStream: body === undefined },
      )
      let received = ''
      let trailers: IncomingHttpHeaders = {}
      let head: IncomingHttpHeaders = {}
      stream.on('response', (fields) => {
        head = fields
      })
      stream.on('trailers', (fields) => {
        trailers = fields
      })
      stream.on('data', (chunk) => {
        received += chunk
      })
      if (body !== undefined) stream.end(body)
      await once(stream, 'close')
      return { status: head[':status'], head, body: received, trailers }
    }

    it('serves many requests at a time', async () => {
      respond = ({ line }) => ok(line.split(' ')[1] ?? '')
      const paths = Array.from({ length: 50 }, (_, i) => `/${i}`)
      const answers = await Promise.all(paths.map((path) => call({ ':path': path })))
      expect(answers.map(({ body }) => body)).toEqual(paths)
    })

    it('passes an upload, joins cookies, and sends the endpoint HTTP/1.1', async () => {
      respond = ({ body }) => ok(body)
      const answer = await call({ ':method': 'POST', ':path': '/', cookie: ['a=1', 'b=2'] }, 'upload')
      expect(answer.body).toBe('upload')
      const request = origin.seen.at(-1) as SeenRequest
      expect(request.line).toBe('POST / HTTP/1.1')
      expect(fieldOf(request, 'cookie')).toBe('a=1; b=2')
      expect(fieldOf(request, 'Host')).toBe('shop.example.com')
      expect(request.raw).not.toContain(':authority')
    })

    it('passes trailers and removes what HTTP/2 does not know', async () => {
      respond = () =>
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\n\r\n'
      const answer = await call({ ':path': '/' })
      expect(answer.trailers['grpc-status']).toBe('0')
      expect(answer.head['keep-alive']).toBeUndefined()
      expect(answer.head['transfer-encoding']).toBeUndefined()
    })

    it('answers HEAD and 204 without a body', async () => {
      respond = ({ line }) =>
        line.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' : 'HTTP/1.1 204 No Content\r\n\r\n'
      expect((await call({ ':method': 'HEAD', ':path': '/' })).head['content-length']).toBe('9')
      expect((await call({ ':path': '/' })).status).toBe(204)
    })

    it('refuses a host that is not the authority, a path that climbs, and unknown methods', async () => {
      const seen = origin.seen.length
      expect((await call({ ':path': '/', host: 'other.example.com' })).status).toBe(400)
      expect((await call({ ':path': '/../x' })).status).toBe(400)
      expect((await call({ ':path': '/', ':method': 'TRACE' })).status).toBe(405)
      expect((await call({ ':path': '/', authorization: ['a', 'b'] })).status).toBe(400)
      expect((await call({ ':path': '/', 'x-big': 'x'.repeat(40_000) }).catch(() => ({ status: 431 }))).status).toBe(
        431,
      )
      expect(origin.seen.length).toBe(seen)
    })

    it('resets a stream whose answer breaks off', async () => {
      respond = () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'
      const stream = session.request({ ':authority': 'shop.example.com', ':path': '/' })
      await once(stream, 'data')
      const failed = once(stream, 'error')
      for (const socket of origin.openSockets) socket.destroy()
      await failed
      respond = () => ok('fine')
      expect((await call({ ':path': '/' })).body).toBe('fine')
    })
  })

  it('rotates a certificate without one failed handshake', async () => {
    const serials = new Set<string>()
    const rotated = makeCertificate(['shop.example.com'])
    const newSerial = new Set<string>()
    let isLive = false
    const handshakes = (async () => {
      while (!isLive || newSerial.size === 0) {
        const socket = await handshake('shop.example.com')
        const { serialNumber, subjectaltname } = socket.getPeerCertificate()
        expect(subjectaltname).toBe('DNS:shop.example.com')
        serials.add(serialNumber)
        if (serials.size > 1) newSerial.add(serialNumber)
        socket.destroy()
      }
    })()
    await headgate.write('shop.yaml', toYaml(tlsSecret('shop', rotated)))
    isLive = true
    await handshakes
    expect(serials.size).toBe(2)
  })

  it('keeps the last good certificate when the Secret turns bad, and says so', async () => {
    const before = await handshake('shop.example.com')
    const { serialNumber } = before.getPeerCertificate()
    before.destroy()
    await headgate.write(
      'shop.yaml',
      toYaml(tlsSecret('shop', { ...makeCertificate(['shop.example.com']), keyPem: 'nonsense' })),
    )
    await headgate.routesUntil((routes) => routes.includes('TlsSecretInvalid'))
    const after = await handshake('shop.example.com')
    expect(after.getPeerCertificate().serialNumber).toBe(serialNumber)
    after.destroy()
  })
})
