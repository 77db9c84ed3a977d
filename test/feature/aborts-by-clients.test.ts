import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { untilNothingIsOpen } from '../support/gauges.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const head = (more = '', line = 'GET /') => `${line} HTTP/1.1\r\nHost: app.example.com\r\n${more}\r\n`
const half = `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(500)}`

describe('a client of HTTP/1.1 that leaves', () => {
  let headgate: Headgate
  let origin: Origin
  let respond: (request: SeenRequest, socket: Socket) => string | undefined

  beforeAll(async () => {
    origin = await startOrigin((request, socket) => respond(request, socket))
    const yaml = toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port]))
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
  })

  afterEach(() => untilNothingIsOpen(headgate))

  afterAll(async () => {
    await headgate.stop()
    await origin.close()
  })

  describe.each(['closes', 'resets'])('and %s its connection', (how) => {
    const leave = ({ socket }: RawClient): void => void (how === 'closes' ? socket.destroy() : socket.resetAndDestroy())

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
      const client = await RawClient.open(headgate.http)
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
    const client = await RawClient.open(headgate.http)
    const paths = Array.from({ length: 20 }, (_, i) => `GET /${i}`)
    client.send(paths.map((line) => head('', line)).join(''))
    for (const line of paths) {
      ;(await waitFor(() => release.shift()))()
      expect((await client.response()).body).toBe(`${line} HTTP/1.1`)
    }
    expect(origin.connections - connections).toBe(1)
    client.close()
  })

  it('is cut when it pipelines without end', async () => {
    respond = () => undefined
    const client = await RawClient.open(headgate.http)
    client.send(head().repeat(200))
    await client.untilEnd()
    expect(client.received).toBe('')
  })
})
