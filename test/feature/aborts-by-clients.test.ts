import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { untilNothingIsOpen } from '../support/gauges.ts'
import type { Headgate } from '../support/headgate.ts'
import { fastLane, fastLaneOverTls, http1Lanes, LaneBed, standardLane, standardLaneOverTls } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import type { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const head = (more = '', line = 'GET /') => `${line} HTTP/1.1\r\nHost: app.example.com\r\n${more}\r\n`
const half = `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(500)}`

let origin: Origin
let respond: (request: SeenRequest, socket: Socket) => string | undefined
const bed = new LaneBed(() => ({
  manifests: { 'app.yaml': toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port])) },
}))

beforeAll(async () => {
  origin = await startOrigin((request, socket) => respond(request, socket))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(http1Lanes)('a client of the $name that leaves', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  afterEach(() => untilNothingIsOpen(headgate))

  describe.each(['closes', 'resets'])('and %s its connection', (how) => {
    const leave = (client: RawClient): void => (how === 'closes' ? client.close() : client.reset())

    it.each([
      ['in the middle of its request’s head', 'GET / HTTP/1.1\r\nHo', undefined],
      ['while it waits for the answer', head(), undefined],
      ['half way through its upload', head('Content-Length: 1000\r\n', 'PUT /') + 'x'.repeat(500), undefined],
      ['in the middle of a chunked upload', `${head('Transfer-Encoding: chunked\r\n', 'PUT /')}5\r\nhel`, undefined],
      ['half way through its answer', head(), half],
      ['with requests waiting behind the one that is answered', head().repeat(5), undefined],
    ])('%s leaves nothing open, on either side', async (_when, bytes, answer) => {
      respond = () => answer
      const { connections } = origin
      const client = await lane.open(headgate)
      client.send(bytes)
      if (bytes.includes('\r\n\r\n'))
        await waitFor(() => origin.connections > connections || origin.openSockets.size > 0)
      if (answer !== undefined) await client.until((received) => received.endsWith('x'))
      leave(client)
      await waitFor(() => origin.openSockets.size === 0)
      expect(headgate.process.exitCode).toBe(null)
    })
  })

  it('opens one upstream connection, however many requests it pipelines', async () => {
    const release: (() => void)[] = []
    respond = ({ line }, socket) => void release.push(() => socket.write(ok(line)))
    const { connections } = origin
    const client = await lane.open(headgate)
    const paths = Array.from({ length: 20 }, (_, i) => `GET /${i}`)
    client.send(paths.map((line) => head('', line)).join(''))
    for (const line of paths) {
      ;(await waitFor(() => release.shift()))()
      expect((await client.response()).body).toBe(`${line} HTTP/1.1`)
    }
    expect(origin.connections - connections).toBe(1)
    client.close()
  })
})

describe.each([standardLane, standardLaneOverTls])('a client of the $name that pipelines without end', (lane) => {
  it('is cut', async () => {
    respond = () => undefined
    const client = await lane.open(await bed.headgate(lane))
    client.send(head().repeat(200))
    await client.untilEnd()
    expect(client.received).toBe('')
  })
})

describe.each([fastLane, fastLaneOverTls])('a client of the $name that pipelines without end', (lane) => {
  it('is not read any further while it waits, and then answered', async () => {
    const release: (() => void)[] = []
    respond = (_request, socket) => void release.push(() => socket.write(ok('')))
    const headgate = await bed.headgate(lane)
    const client = await lane.open(headgate)
    const mb = head().repeat(20_000)
    const more = (): void => {
      while (client.socket.writable && client.socket.write(mb, 'latin1')) {}
      client.socket.once('drain', more)
    }
    more()
    let last = -1
    let still = 0
    await waitFor(() => {
      const sent = client.socket.bytesWritten - client.socket.writableLength
      still = sent === last ? still + 1 : 0
      last = sent
      return still === 20
    })
    expect(last).toBeLessThan(32 * 1024 * 1024)
    const first = await waitFor(() => release.shift())
    respond = () => ok('')
    first()
    await client.until((received) => received.split('HTTP/1.1 200 OK').length > 100)
    client.close()
    await untilNothingIsOpen(headgate)
  })
})
