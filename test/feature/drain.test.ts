import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { afterEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { fastLane, fastLaneOverTls, standardLane, standardLaneOverTls } from '../support/lanes.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'

const request = 'GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n'

const ways = [
  { workers: 0, lane: fastLane, overTls: fastLaneOverTls },
  { workers: 0, lane: standardLane, overTls: standardLaneOverTls },
  { workers: 2, lane: fastLane, overTls: fastLaneOverTls },
]

describe.each(ways)('SIGTERM with $workers workers, $lane.name,', ({ workers, lane, overTls }) => {
  let headgate: Headgate
  let origin: Origin
  let release: () => void = () => {}

  afterEach(async () => {
    await headgate.stop()
    await origin.close()
  })

  async function start(flags: readonly string[]): Promise<void> {
    release = () => {}
    origin = await startOrigin(({ line }, socket) => {
      if (!line.includes('/slow')) return ok('fast')
      const before = release
      release = () => {
        before()
        socket.write(ok('slow'))
      }
      return undefined
    })
    const yaml = toYaml(
      ingress({ host: 'app.example.com', tls: [{ hosts: ['app.example.com'], secretName: 'app' }] }),
      service('app', [origin.port]),
    )
    const secret = toYaml(tlsSecret('app', makeCertificate(['app.example.com'])))
    headgate = await startHeadgate({
      manifests: { 'app.yaml': yaml, 'secret.yaml': secret },
      flags: [`--workers=${workers}`, ...lane.flags, ...flags],
    })
  }

  const untilNotReady = async (): Promise<void> => {
    while ((await headgate.page('/readyz')).startsWith('ready')) await new Promise((resolve) => setImmediate(resolve))
  }
  const untilSeen = async (count: number): Promise<void> => {
    while (origin.seen.length < count) await new Promise((resolve) => setImmediate(resolve))
  }

  it('answers what is under way, tells clients to go, and exits 0', async () => {
    await start(['--lame-duck-seconds=1', '--drain-seconds=20'])
    const open = () => Promise.all([lane.open(headgate), overTls.open(headgate)])
    const idle = await open()
    for (const client of idle) {
      client.send(request)
      await client.response()
    }
    const slow = await open()
    for (const client of slow) client.send(request.replace('GET /', 'GET /slow'))
    await untilSeen(4)

    const exited = once(headgate.process, 'exit')
    headgate.process.kill('SIGTERM')
    await untilNotReady()
    // The endpoint list that fronts us is a moment behind: new connections are still served, and asked not to stay.
    for (const late of await open()) {
      late.send(request)
      const answer = await late.response()
      expect(answer.status).toBe(200)
      expect(answer.fields).toContainEqual(['Connection', 'close'])
      await late.untilEnd()
    }
    for (const client of idle) await client.untilEnd()

    release()
    for (const client of slow) {
      const response = await client.response()
      expect(response.body).toBe('slow')
      expect(response.fields).toContainEqual(['Connection', 'close'])
    }
    expect(await exited).toEqual([0, null])
  })

  it('sends GOAWAY and lets open HTTP/2 streams end', async () => {
    await start(['--drain-seconds=20'])
    const session = connectHttp2(`https://127.0.0.1:${headgate.https}`, {
      servername: 'app.example.com',
      rejectUnauthorized: false,
    })
    const stream = session.request({ ':authority': 'app.example.com', ':path': '/slow' })
    await untilSeen(1)
    const goaway = once(session, 'goaway')
    const exited = once(headgate.process, 'exit')
    headgate.process.kill('SIGTERM')
    expect((await goaway)[0]).toBe(0)
    release()
    let body = ''
    stream.on('data', (chunk) => {
      body += chunk
    })
    await once(stream, 'end')
    expect(body).toBe('slow')
    expect(await exited).toEqual([0, null])
  })

  it('cuts what is left at the deadline and still exits 0', async () => {
    await start(['--drain-seconds=1'])
    const stuck = await lane.open(headgate)
    stuck.send(request.replace('GET /', 'GET /slow'))
    await untilSeen(1)
    const exited = once(headgate.process, 'exit')
    headgate.process.kill('SIGTERM')
    await stuck.untilEnd()
    expect(await exited).toEqual([0, null])
  })
})
