import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type H2cOrigin, serviceThatSpeaks, startH2cOrigin } from '../support/h2c-origin.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { openHttp2 } from '../support/http2-client.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'

let origin: Origin
let h2cOrigin: H2cOrigin
let lean: Headgate
let undici: Headgate
let h2cTrailers: IncomingHttpHeaders | undefined

beforeAll(async () => {
  origin = await startOrigin(({ body }) => ok(body))
  h2cOrigin = await startH2cOrigin((stream) => {
    stream.respond({ ':status': 200 })
    stream.on('trailers', (trailers) => {
      h2cTrailers = trailers
    })
    stream.pipe(stream)
  })
  const yaml = toYaml(
    ingress({ name: 'one', host: 'one.example.com', paths: [{ service: 'one' }] }),
    ingress({ name: 'two', host: 'two.example.com', paths: [{ service: 'two' }] }),
    service('one', [origin.port]),
    serviceThatSpeaks('kubernetes.io/h2c', 'two', [h2cOrigin.port]),
  )
  lean = await startHeadgate({ manifests: { 'app.yaml': yaml } })
  undici = await startHeadgate({ manifests: { 'app.yaml': yaml }, flags: ['--lean-upstream=false'] })
})

afterAll(async () => {
  await lean.stop()
  await undici.stop()
  await origin.close()
  await h2cOrigin.close()
})

const trailers = { 'x-checksum': '7', 'x-request-id': 'mine', authorization: 'Basic x' }

type Send = (headgate: Headgate, host: string) => Promise<string>

/** The body of the answer. */
const overHttp1: Send = async (headgate, host) => {
  const client = await RawClient.open(headgate.http)
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`)
  client.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`)
  client.send(`5\r\nhello\r\n0\r\n${lines.join('')}\r\n`)
  const { body } = await client.response()
  client.close()
  return body
}

const overHttp2: Send = async (headgate, host) => {
  const session = await openHttp2(headgate.https, host)
  try {
    return await upload(session, host)
  } finally {
    session.destroy()
  }
}

async function upload(session: ClientHttp2Session, host: string): Promise<string> {
  const head = { ':method': 'POST', ':path': '/', ':authority': host }
  const stream = session.request(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end('hello')
  return (await Array.fromAsync(stream.setEncoding('latin1'))).join('')
}

describe.each([
  ['HTTP/1.1 in chunks', overHttp1],
  ['HTTP/2', overHttp2],
])('what stands behind a body that came by %s', (_what, send) => {
  it('reaches an HTTP/1.1 endpoint, but for what would deceive it', async () => {
    expect(await send(lean, 'one.example.com')).toBe('hello')
    expect(origin.seen.at(-1)?.raw).toMatch(/\r\n0\r\nx-checksum: 7\r\n\r\n$/)
  })

  it('stays here where undici, which can send none, brings the body', async () => {
    expect(await send(undici, 'one.example.com')).toBe('hello')
    expect(origin.seen.at(-1)?.raw).toMatch(/\r\n0\r\n\r\n$/)
  })

  it('stays here where the endpoint speaks HTTP/2, and the body arrives', async () => {
    expect(await send(lean, 'two.example.com')).toBe('hello')
    expect(h2cTrailers).toBeUndefined()
  })
})

describe('an HTTP/1.1 client of an HTTP/2 endpoint', () => {
  it('gets trailers where it says that it takes them', async () => {
    const client = await RawClient.open(lean.http)
    client.send('GET / HTTP/1.1\r\nHost: two.example.com\r\nTE: trailers\r\nConnection: TE\r\n\r\n')
    expect((await client.response()).status).toBe(200)
    expect(h2cOrigin.seen.at(-1)).toMatchObject({ te: 'trailers' })
    client.send('GET / HTTP/1.1\r\nHost: two.example.com\r\n\r\n')
    expect((await client.response()).status).toBe(200)
    expect(h2cOrigin.seen.at(-1)).not.toHaveProperty('te')
    client.close()
  })
})
