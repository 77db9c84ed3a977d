import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { afterEach, describe, expect, it } from 'vitest'
import { tickMs } from '../../src/proxy/endpoint-health.ts'
import { type H2cOrigin, startH2cOrigin } from '../support/h2c-origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Exchange, type PoolBed, startPool } from './pool-bed.ts'

const ended: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

async function start(
  serve: (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => void,
  options: Parameters<typeof startH2cOrigin>[1] & { isTicking?: boolean } = {},
): Promise<{ origin: H2cOrigin; bed: PoolBed }> {
  const { isTicking = true, ...more } = options
  const origin = await startH2cOrigin(serve, more)
  const bed = startPool('lean', { protocol: 'h2c', isTicking })
  ended.push(
    () => bed.close(),
    () => origin.close(),
  )
  return { origin, bed }
}

const answerAtOnce = (stream: ServerHttp2Stream): void => stream.respond({ ':status': 200 }, { endStream: true })

const allOf = (exchanges: readonly Exchange[]): Promise<unknown> => Promise.all(exchanges.map((each) => each.finished))

describe('connections to an HTTP/2 endpoint', () => {
  it('carry requests one after another, and at once', async () => {
    const { origin, bed } = await start(answerAtOnce)
    await bed.ask(origin.port).finished
    const exchanges = Array.from({ length: 30 }, () => bed.ask(origin.port))
    await allOf(exchanges)
    expect(exchanges.map(({ outcome }) => outcome)).toEqual(exchanges.map(() => 'end'))
    expect(origin.connections).toBe(1)
  })

  it('are as many as the endpoint wants for what is under way, also before it has said so', async () => {
    const streams: ServerHttp2Stream[] = []
    const { origin, bed } = await start((stream) => streams.push(stream), { settings: { maxConcurrentStreams: 2 } })
    const exchanges = Array.from({ length: 5 }, () => bed.ask(origin.port))
    await waitFor(() => streams.length === 5)
    expect(origin.connections).toBe(3)
    for (const stream of streams) answerAtOnce(stream)
    await allOf(exchanges)
    expect(exchanges.map(({ outcome }) => outcome)).toEqual(exchanges.map(() => 'end'))
    const more = Array.from({ length: 6 }, () => bed.ask(origin.port))
    await waitFor(() => streams.length === 11)
    expect(origin.connections).toBe(3)
    for (const stream of streams.slice(5)) answerAtOnce(stream)
    await allOf(more)
  })

  it('carry no more than 100 requests each, whatever the endpoint allows', async () => {
    const streams: ServerHttp2Stream[] = []
    const { origin, bed } = await start((stream) => streams.push(stream))
    const exchanges = Array.from({ length: 101 }, () => bed.ask(origin.port))
    await waitFor(() => streams.length === 101)
    expect(origin.connections).toBe(2)
    for (const stream of streams) answerAtOnce(stream)
    await allOf(exchanges)
  })

  it('end after a minute without a request', async () => {
    const { origin, bed } = await start(answerAtOnce, { isTicking: false })
    await bed.ask(origin.port).finished
    for (let ms = 0; ms <= 60_000; ms += tickMs) bed.tick()
    expect(origin.sessions.size).toBe(1)
    bed.tick()
    await waitFor(() => origin.sessions.size === 0)
    const next = bed.ask(origin.port)
    await next.finished
    expect(next.outcome).toBe('end')
    expect(origin.connections).toBe(2)
  })

  it('are not used again when the endpoint has said goodbye, or is gone', async () => {
    const { origin, bed } = await start(answerAtOnce)
    for (const part of ['close', 'destroy'] as const) {
      await bed.ask(origin.port).finished
      const before = origin.connections
      for (const session of origin.sessions) session[part]()
      await waitFor(() => origin.sessions.size === 0)
      const exchange = bed.ask(origin.port)
      await exchange.finished
      // The goodbye may still be on its way.
      expect(['end', 'stream-refused', 'reset-before-head']).toContain(exchange.outcome)
      await waitFor(async () => {
        const again = bed.ask(origin.port)
        await again.finished
        return again.outcome === 'end'
      })
      expect(origin.connections).toBe(before + 1)
    }
  })

  it('end with their last request when the endpoint leaves the table', async () => {
    const streams: ServerHttp2Stream[] = []
    const { origin, bed } = await start((stream) => streams.push(stream))
    const exchange = bed.ask(origin.port)
    await waitFor(() => streams.length === 1)
    bed.pool.retain(() => false)
    const [stream] = streams
    if (stream !== undefined) answerAtOnce(stream)
    await exchange.finished
    expect(exchange.outcome).toBe('end')
    await waitFor(() => origin.sessions.size === 0)
  })

  it('end at once when the pool is closed', async () => {
    const { origin, bed } = await start(answerAtOnce)
    await bed.ask(origin.port).finished
    bed.pool.close()
    await waitFor(() => origin.sessions.size === 0)
  })

  it('that are new are taken after the endpoint was silent for a while', async () => {
    const { origin, bed } = await start(answerAtOnce)
    const exchange = bed.ask(origin.port)
    await exchange.finished
    exchange.connection.state.silences++
    await bed.ask(origin.port).finished
    expect(origin.connections).toBe(2)
    await waitFor(() => origin.sessions.size === 1)
  })
})
