import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'

describe('an endpoint that breaks a connection', () => {
  let headgate: Headgate
  let origin: Origin
  let respond: (request: SeenRequest, socket: Socket) => string | undefined

  beforeAll(async () => {
    origin = await startOrigin((request, socket) => respond(request, socket))
    const yaml = toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port]))
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
  })

  afterAll(async () => {
    await headgate.stop()
    await origin.close()
  })

  const send = (method: string, body = '') =>
    exchange(
      headgate.http,
      `${method} / HTTP/1.1\r\nHost: app.example.com\r\n${body && `Content-Length: ${body.length}\r\n`}\r\n${body}`,
    )

  /** Answers the first request of each connection, and breaks it on the second. */
  const answerOnce = (): void => {
    const used = new Set<Socket>()
    respond = ({ body }, socket) => {
      if (used.has(socket)) return void socket.destroy()
      used.add(socket)
      return ok(body)
    }
  }

  it.each([
    ['GET', ''],
    ['PUT', 'a body that is said twice'],
  ])('that was kept is asked again on a new one, also where it is the only endpoint: %s', async (method, body) => {
    answerOnce()
    expect((await send(method, body)).status).toBe(200)
    const seen = origin.seen.length
    const { connections } = origin
    expect(await send(method, body)).toMatchObject({ status: 200, body })
    expect([origin.seen.length - seen, origin.connections - connections]).toEqual([2, 1])
  })

  it('that was kept is not asked again for a request that must not be done twice', async () => {
    answerOnce()
    for (const socket of origin.openSockets) socket.destroy()
    expect((await send('GET')).status).toBe(200)
    const seen = origin.seen.length
    expect((await send('POST', 'x')).status).toBe(502)
    expect(origin.seen.length - seen).toBe(1)
  })

  it('that was new is not asked again', async () => {
    respond = (_request, socket) => void socket.destroy()
    const seen = origin.seen.length
    expect((await send('GET')).status).toBe(502)
    expect(origin.seen.length - seen).toBe(1)
  })

  it('in the middle of a body without length is never taken for its end', async () => {
    respond = () => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`
    for (const version of ['1.0', '1.1']) {
      const client = await RawClient.open(headgate.http)
      const errors: Error[] = []
      client.socket.on('error', (error) => errors.push(error))
      client.send(`GET / HTTP/${version}\r\nHost: app.example.com\r\n\r\n`)
      await client.until((received) => received.includes('half'))
      for (const socket of origin.openSockets) socket.destroy()
      expect(await client.untilEnd()).not.toMatch(/0\r\n\r\n$/)
      if (version === '1.0') expect(errors).toMatchObject([{ code: 'ECONNRESET' }])
    }
  })
})
