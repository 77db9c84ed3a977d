import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import { untilNothingIsOpen } from '../support/gauges.ts'
import type { Headgate } from '../support/headgate.ts'
import { openHttp2 } from '../support/http2-client.ts'
import { http2Lanes, LaneBed } from '../support/lanes.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { waitFor } from '../support/wait-for.ts'

const streams = 20

let origin: RawOrigin
/** What the endpoint writes as soon as the first bytes of a request arrive. */
let answer: string | undefined
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
  origin = await startRawOrigin((socket) => {
    socket.once('data', () => {
      if (answer !== undefined) socket.write(answer)
    })
  })
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(http2Lanes)('a client of $name', (lane) => {
  let headgate: Headgate
  let session: ClientHttp2Session

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  afterEach(async () => {
    session.destroy()
    await waitFor(() => origin.openSockets.size === 0)
    await untilNothingIsOpen(headgate)
  })

  async function open(method: string): Promise<readonly ClientHttp2Stream[]> {
    session = await openHttp2(headgate.https, 'app.example.com')
    return Array.from({ length: streams }, () => {
      const stream = session.request({ ':authority': 'app.example.com', ':path': '/', ':method': method })
      stream.on('error', () => {})
      if (method === 'PUT') stream.write('the first half')
      return stream
    })
  }

  describe.each([
    ['resets its streams', constants.NGHTTP2_CANCEL],
    ['resets its streams without an error', constants.NGHTTP2_NO_ERROR],
    ['ends its connection', undefined],
  ])('that %s', (_how, code) => {
    it.each([
      ['while it waits for the answer', 'GET', undefined],
      ['half way through its upload', 'PUT', undefined],
      ['half way through its answer', 'GET', `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(500)}`],
    ])('%s leaves nothing open, on either side', async (_when, method, bytes) => {
      answer = bytes
      const opened = await open(method)
      await waitFor(() => origin.openSockets.size === streams)
      if (bytes !== undefined) await Promise.all(opened.map((stream) => once(stream, 'data')))
      if (code === undefined) session.destroy()
      else for (const stream of opened) stream.close(code)
      await waitFor(() => origin.openSockets.size === 0)
    })
  })

  it('that is answered in the middle of its upload gets all of the answer, and is asked to stop', async () => {
    answer = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`
    const ends = (await open('PUT')).map(async (stream) => {
      let received = ''
      stream.on('data', (chunk) => {
        received += chunk
      })
      stream.on('trailers', (fields) => {
        received += ` ${fields['x-sum']}`
      })
      await once(stream, 'close')
      return [received, stream.rstCode]
    })
    expect(await Promise.all(ends)).toEqual(ends.map(() => ['ok 1', constants.NGHTTP2_NO_ERROR]))
  })

  it('that resets streams as fast as it opens them loses its connection', async () => {
    answer = undefined
    session = await openHttp2(headgate.https, 'app.example.com')
    const closed = new Promise((resolve) => session.once('close', resolve))
    const { connections } = origin
    for (let i = 0; i < 1_000 && !session.destroyed; i++) {
      const stream = session.request({ ':authority': 'app.example.com', ':path': '/' })
      stream.on('error', () => {})
      stream.close(constants.NGHTTP2_CANCEL)
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await closed
    expect(origin.connections - connections).toBeLessThan(500)
  })
})
