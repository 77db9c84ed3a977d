import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ok } from '../support/origin.ts'
import { goodAnswers } from './answers.ts'
import { type Bed, request, startBed, upstreamClients } from './bed.ts'

describe.each(upstreamClients)('an endpoint reached by the %s client', (client) => {
  let bed: Bed

  beforeAll(async () => {
    bed = await startBed(client)
  })
  afterAll(() => bed.close())

  const known = goodAnswers.filter(({ notInUndici }) => client === 'lean' || notInUndici === undefined)

  it.each(known)('may answer with $name', async ({ method, bytes, closes, ...answer }) => {
    const isKept = client === 'undici' && answer.isKeptByUndici === false ? false : answer.isKept
    bed.respond = (_seen, socket) => {
      socket.write(bytes, 'latin1')
      if (closes) socket.end()
      return undefined
    }
    const downstream = await bed.open()
    downstream.send(request(method, 'TE: trailers\r\nConnection: TE\r\n'))
    const hinted = answer.interim?.includes(103) ? [await downstream.response()] : []
    expect(hinted.map(({ status }) => status)).toEqual(hinted.map(() => 103))
    const received = await downstream.response(method === 'HEAD')
    expect(received).toMatchObject({ status: answer.status, body: answer.body })
    for (const field of answer.fields ?? []) expect(received.fields).toContainEqual(field)
    for (const trailer of answer.trailers?.filter((_, i) => i % 2 === 1) ?? []) {
      expect(received.trailers).toContain(trailer)
    }

    const { connections } = bed.origin
    const used = bed.origin.seen.at(-1)?.connection
    bed.respond = () => ok('next')
    downstream.send(request('POST'))
    expect((await downstream.response()).body).toBe('next')
    downstream.close()
    expect(bed.origin.connections - connections).toBe(isKept ? 0 : 1)
    expect(bed.origin.seen.at(-1)?.connection === used).toBe(isKept)
  })

  it('may take its time between any two bytes of its answer', async () => {
    const { bytes, body } = goodAnswers.find(({ name }) => name === 'chunks and trailers') ?? { bytes: '', body: '' }
    bed.respond = (_seen, socket) => {
      socket.setNoDelay(true)
      let at = 0
      const next = (): void => {
        if (at < bytes.length) socket.write(bytes.charAt(at++), 'latin1', () => setImmediate(next))
      }
      next()
      return undefined
    }
    const downstream = await bed.open()
    downstream.send(request())
    expect(await downstream.response()).toMatchObject({ status: 200, body })
    downstream.close()
  })

  it('that has closed an idle connection is reached on a new one, with nothing lost', async () => {
    for (let i = 0; i < 5; i++) {
      bed.respond = () => ok('')
      const downstream = await bed.open()
      downstream.send(request())
      await downstream.response()
      for (const socket of bed.origin.openSockets) socket.end()
      await Promise.all([...bed.origin.openSockets].map((socket) => once(socket, 'close')))
      const seen = bed.origin.seen.length
      downstream.send(request('POST'))
      expect((await downstream.response()).status).toBe(200)
      expect(bed.origin.seen.length - seen).toBe(1)
      downstream.close()
    }
  })
})
