import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { badAnswers, badBodies, goodAnswers } from './answers.ts'
import { upstreamClients } from './bed.ts'
import { type AnsweringOrigin, cutsOf, sendPieces, startAnsweringOrigin } from './pieces.ts'
import { type Asked, type Exchange, type PoolBed, startPool } from './pool-bed.ts'

describe.each(upstreamClients)('a connection of the %s client', (client) => {
  let bed: PoolBed
  let origin: AnsweringOrigin

  beforeAll(async () => {
    origin = await startAnsweringOrigin()
    bed = startPool(client)
  })
  afterAll(async () => {
    bed.close()
    await origin.close()
  })

  /** What is heard of an answer that comes in these pieces. */
  const hear = async (pieces: readonly string[], asked: Asked = {}, closes = false): Promise<Exchange> => {
    let exchange: Exchange | undefined
    origin.answer = async (socket) => {
      const { connection } = exchange ?? {}
      if (connection === undefined) throw new Error('nobody has asked')
      await sendPieces(socket, pieces, () => connection)
      if (closes) socket.end()
    }
    exchange = bed.ask(origin.port, asked)
    await exchange.finished
    return exchange
  }

  const known = goodAnswers.filter(({ notInUndici }) => client === 'lean' || notInUndici === undefined)

  it.each(known)('hears the same, however it comes in pieces: $name', async ({ method, bytes, closes, ...answer }) => {
    const asked = method === undefined ? {} : { method }
    const expected = await hear([bytes], asked, closes)
    const { events, interim, head } = expected
    for (const pieces of cutsOf(bytes)) {
      const heard = await hear(pieces, asked, closes)
      expect(heard.outcome).toBe('end')
      expect(heard.body).toBe(answer.body)
      expect(heard.trailers).toEqual(answer.trailers)
      expect(heard.events).toEqual(events)
      expect(heard.interim).toEqual(interim)
      expect(heard.head?.status).toBe(answer.status)
      expect(heard.head?.fields.list).toEqual(head?.fields.list)
      for (const [name, value] of answer.fields ?? []) {
        expect(heard.head?.fields.lines).toMatch(new RegExp(`^${literally(name)}:\\s*${literally(value)}\\s*$`, 'm'))
      }
      // undici closes the connection later, by itself.
      if (client === 'lean') expect(heard.connection.isReusable).toBe(answer.isKept)
    }
    expect(interim.map(({ status }) => status)).toEqual(answer.interim ?? [])
  })

  const refused = badAnswers.filter(({ inUndici }) => client === 'lean' || inUndici === undefined)

  it.each(refused)('believes no head that is malformed, however it comes in pieces: $name', async ({ bytes }) => {
    const some = [...cutsOf(bytes)].filter((_, i) => client === 'lean' || i % 10 === 0)
    for (const pieces of some) {
      const heard = await hear(pieces)
      expect(heard.outcome).toBe('bad-response')
      expect(heard.head).toBeUndefined()
      expect(heard.connection.isReusable).toBe(false)
    }
    expect(bed.pool.size).toBe(0)
  })

  it('tells of a lull behind a head whose body is not there yet', async () => {
    const asked = bed.ask(origin.port)
    origin.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
    await waitFor(() => asked.head !== undefined && asked.lulls > 0)
    for (const socket of origin.openSockets) socket.write('ok')
    await asked.finished
    expect(asked.body).toBe('ok')
  })

  it.each(badBodies)('passes nothing on from where chunks go wrong: %s', async (_name, bytes) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    for (const pieces of cutsOf(`4\r\ngood\r\n${bytes}`)) {
      const heard = await hear([head, ...pieces])
      expect(heard.outcome).toBe('bad-response')
      expect(heard.head?.status).toBe(200)
      expect(heard.body).toMatch(/^goodx?$/)
      expect(heard.connection.isReusable).toBe(false)
    }
    expect(bed.pool.size).toBe(0)
  })
})

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
