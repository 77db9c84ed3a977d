import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ok } from '../support/origin.ts'
import { type Bed, request, startBed, upstreamClients } from './bed.ts'

describe.each(upstreamClients)('an idle connection of the %s client', (client) => {
  let bed: Bed

  beforeAll(async () => {
    bed = await startBed(client)
  })
  afterAll(() => bed.close())

  const send = async (method: string, body = '') => {
    const downstream = await bed.open()
    downstream.send(request(method, body && `Content-Length: ${body.length}\r\n`, body))
    const answer = await downstream.response()
    downstream.close()
    return answer
  }
  const closed = async (): Promise<void> => {
    await Promise.all([...bed.origin.openSockets].map((socket) => once(socket, 'close')))
  }

  beforeEach(async () => {
    for (const socket of bed.origin.openSockets) socket.end()
    await closed()
  })

  it('is closed by us a good while before the endpoint says that it would', async () => {
    bed.respond = () => ok('', 'Keep-Alive: timeout=3\r\n')
    await send('GET')
    await closed()
    bed.respond = () => ok('')
    const { connections } = bed.origin
    expect((await send('POST')).status).toBe(200)
    expect(bed.origin.connections - connections).toBe(1)
  })

  it('is not kept at all where the endpoint says that it does not', async () => {
    bed.respond = () => ok('', 'Connection: keep-alive\r\nkeep-alive: max=100, timeout=0\r\n')
    const { connections } = bed.origin
    for (let i = 0; i < 3; i++) expect((await send('POST')).status).toBe(200)
    expect(bed.origin.connections - connections).toBe(3)
    await closed()
  })

  it('is used again where the endpoint keeps it long', async () => {
    bed.respond = () => ok('', 'Keep-Alive: timeout=60\r\n')
    await send('GET')
    const { connections } = bed.origin
    for (let i = 0; i < 3; i++) expect((await send('POST')).status).toBe(200)
    expect(bed.origin.connections - connections).toBe(0)
  })

  it('is closed by us after some seconds where the endpoint says nothing', async () => {
    bed.respond = () => ok('')
    await send('GET')
    await closed()
  })

  /** Answers the first request of each connection, and closes it, one way or another, on the second. */
  const closesOnSecond = (close: (socket: Socket) => void): void => {
    const used = new Set<Socket>()
    bed.respond = ({ body }, socket) => {
      if (used.has(socket)) return void close(socket)
      used.add(socket)
      return ok(body)
    }
  }

  describe.each([
    ['with a reset', (socket: Socket) => socket.resetAndDestroy()],
    ['cleanly', (socket: Socket) => socket.end()],
  ])('that the endpoint closes %s just when it is used', (_name, close) => {
    it.each([
      ['GET', ''],
      ['PUT', 'a body'],
      ['DELETE', ''],
    ])('costs %s nothing', async (method, body) => {
      closesOnSecond(close)
      expect((await send(method, body)).status).toBe(200)
      const seen = bed.origin.seen.length
      expect(await send(method, body)).toMatchObject({ status: 200, body })
      expect(bed.origin.seen.length - seen).toBe(2)
    })

    it('is told to who must not do it twice', async () => {
      closesOnSecond(close)
      expect((await send('GET')).status).toBe(200)
      const count = await bed.count('reset-before-head')
      const seen = bed.origin.seen.length
      expect((await send('POST', 'x')).status).toBe(502)
      expect(bed.origin.seen.length - seen).toBe(1)
      expect(await bed.count('reset-before-head')).toBe(count + 1)
    })
  })
})
