import type { ClientHttp2Session } from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import type { Headgate } from '../support/headgate.ts'
import { callHttp2, type Http2Answer, openHttp2 } from '../support/http2-client.ts'
import { http2Lanes, LaneBed } from '../support/lanes.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { exchange } from '../support/raw-client.ts'

const chunked = (trailers: string, head = '') =>
  `HTTP/1.1 200 OK\r\n${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailers}\r\n`

let origin: Origin
let answer = ''
const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(
      ingress({ host: 'app.example.com', tls: [{ hosts: ['app.example.com'], secretName: 'app' }] }),
      service('app', [origin.port]),
      tlsSecret('app', makeCertificate(['app.example.com'])),
    ),
  },
}))

beforeAll(async () => {
  origin = await startOrigin(() => Buffer.from(answer, 'latin1'))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(http2Lanes)('what an endpoint answers and $name forbids', (lane) => {
  let headgate: Headgate
  let session: ClientHttp2Session

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
    session = await openHttp2(headgate.https, 'app.example.com')
  })

  afterAll(() => session.destroy())

  const get = (bytes: string): Promise<Http2Answer> => {
    answer = bytes
    return callHttp2(session, { ':authority': 'app.example.com', ':path': '/' })
  }

  it.each([
    ['Connection', 'Connection: close\r\n'],
    ['Transfer-Encoding', 'Transfer-Encoding: chunked\r\n'],
    ['Keep-Alive', 'Keep-Alive: timeout=5\r\n'],
    ['Host', 'Host: other.example.com\r\n'],
  ])('is left out of the trailers: %s', async (_name, field) => {
    const { status, body, trailers } = await get(chunked(`${field}X-Sum: 1\r\n`))
    expect([status, body, Object.entries(trailers)]).toEqual([200, 'ok', [['x-sum', '1']]])
    // The endpoint's connection is of no use after this.
    for (const socket of origin.openSockets) socket.destroy()
  })

  it.each(['Content-Type', 'Location', 'X-Content-Type-Options', 'ETag'])(
    'passes a second %s, in the head and in the trailers',
    async (name) => {
      const twice = `${name}: a\r\n${name}: a\r\n`
      expect((await get(ok('ok', twice))).body).toBe('ok')
      expect((await get(chunked(twice))).body).toBe('ok')
    },
  )

  it.each([204, 205])('loses the Content-Length of a %i, which has no body', async (status) => {
    answer = `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\nhello`
    expect(await get(answer)).toMatchObject({ status, body: '' })
    const { fields } = await exchange(headgate.http, 'GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
    expect(fields.map(([name]) => name)).not.toContain('Content-Length')
  })

  it('leaves framing and connection fields out of 103 Early Hints', async () => {
    const hints = 'HTTP/1.1 103 E\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 3\r\nLink: </a>\r\n\r\n'
    const { status, interim } = await get(hints + ok('done'))
    expect(status).toBe(200)
    expect(interim).toMatchObject([{ ':status': 103, link: '</a>' }])
    expect(Object.keys(interim[0] ?? {}).toSorted()).toEqual([':status', 'link'])
  })

  it('trims the white space that HTTP/1.1 allows behind a value', async () => {
    expect((await get(ok('ok', 'X-App: a \t\r\n'))).head['x-app']).toBe('a')
  })

  it('passes where clients know what to make of it: a status above 599 (RFC 9110 section 15)', async () => {
    expect((await get('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n')).status).toBe(999)
  })

  it('never names trailers where none can follow', async () => {
    const { head } = await get(chunked('X-Sum: 1\r\n', 'Trailer: X-Sum\r\n'))
    expect(head['trailer']).toBe('X-Sum')
    answer = 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n'
    const takes = 'TE: trailers\r\nConnection: TE\r\n'
    const response = await exchange(headgate.http, `HEAD / HTTP/1.1\r\nHost: app.example.com\r\n${takes}\r\n`)
    expect(response.status).toBe(200)
    expect(response.fields.map(([name]) => name)).not.toContain('Trailer')
  })
})
