import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Headgate } from '../support/headgate.ts'
import { http1LanesToEndpoints, LaneBed, lanesToEndpoints } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'

const host = 'app.example.com'
let origin: Origin
let respond: (request: SeenRequest, socket: Socket) => string | undefined
const bed = new LaneBed(() => ({ manifests: { 'app.yaml': toYaml(ingress({ host }), service('app', [origin.port])) } }))

beforeAll(async () => {
  origin = await startOrigin((request, socket) => respond(request, socket))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(lanesToEndpoints)('an endpoint that breaks a connection ($name)', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  const send = (method: string, body?: string) =>
    lane.call(headgate, { host, method, ...(body !== undefined && { body }) })

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
    ['GET', undefined],
    ['PUT', 'a body that is said twice'],
  ])('that was kept is asked again on a new one, also where it is the only endpoint: %s', async (method, body) => {
    answerOnce()
    expect((await send(method, body)).status).toBe(200)
    const seen = origin.seen.length
    const { connections } = origin
    expect(await send(method, body)).toMatchObject({ status: 200, body: body ?? '' })
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
})

describe.each(http1LanesToEndpoints)('an endpoint that breaks a connection in the middle ($name)', (lane) => {
  it('of a body without length is never taken for its end', async () => {
    const headgate = await bed.headgate(lane)
    respond = () => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`
    for (const version of ['1.0', '1.1']) {
      const client = await lane.open(headgate)
      const errors: Error[] = []
      client.socket.on('error', (error) => errors.push(error))
      client.send(`GET / HTTP/${version}\r\nHost: app.example.com\r\n\r\n`)
      await client.until((received) => received.includes('half'))
      for (const socket of origin.openSockets) socket.destroy()
      expect(await client.untilEnd()).not.toMatch(/0\r\n\r\n$/)
      if (version === '1.0' && !lane.isTls) expect(errors).toMatchObject([{ code: 'ECONNRESET' }])
    }
  })
})
