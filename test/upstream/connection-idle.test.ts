import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { UpstreamConnection } from '../../src/proxy/upstream-connection.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { upstreamClients } from './bed.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

describe.each(upstreamClients)('an idle connection of the %s client', (client) => {
  let bed: PoolBed
  let origin: Origin

  beforeEach(async () => {
    origin = await startOrigin(({ body }) => ok(body))
    bed = startPool(client)
  })
  afterEach(async () => {
    bed.close()
    await origin.close()
  })

  const idle = async (): Promise<{ connection: UpstreamConnection; other: Socket }> => {
    const asked = bed.ask(origin.port)
    await asked.finished
    const [other] = origin.openSockets
    if (other === undefined) throw new Error('no connection')
    return { connection: asked.connection, other }
  }

  it.each([
    ['the endpoint has closed it', (socket: Socket) => socket.end()],
    ['the endpoint has reset it', (socket: Socket) => socket.resetAndDestroy()],
    ['something has come that nobody asked for', (socket: Socket) => socket.write(ok('nobody asked'))],
  ])('carries nothing from the moment at which we know that %s', async (_name, does) => {
    const { connection, other } = await idle()
    const { socket } = connection
    if (socket === undefined) throw new Error('no socket')
    does(other)
    // Before the event `close`: to close takes as long as other sockets are being read.
    while (!socket.readableEnded && !socket.destroyed && socket.bytesRead < ok('').length + 1) await turn()
    const asked = bed.ask(origin.port, { method: 'POST' })
    await asked.finished
    expect([asked.outcome, asked.body]).toEqual(['end', ''])
    expect(origin.connections).toBe(2)
    expect(bed.pool.size).toBe(1)
  })

  it('goes when the endpoint has closed it, and another one is made', async () => {
    const { other } = await idle()
    other.end()
    await waitFor(() => bed.pool.size === 0)
    await idle()
    expect(origin.connections).toBe(2)
  })

  it('goes by itself after some seconds', async () => {
    await idle()
    expect(bed.pool.size).toBe(1)
    await waitFor(() => bed.pool.size === 0)
    await waitFor(() => origin.openSockets.size === 0)
  })

  it('is the one that was used last', async () => {
    const all = [bed.ask(origin.port), bed.ask(origin.port), bed.ask(origin.port)]
    await Promise.all(all.map(({ finished }) => finished))
    expect(bed.pool.size).toBe(3)
    const last = bed.ask(origin.port)
    await last.finished
    const next = bed.ask(origin.port)
    expect(next.connection).toBe(last.connection)
    await next.finished
  })

  it('goes with its endpoint, and a busy one when its exchange ends', async () => {
    await idle()
    const asked = bed.ask(origin.port)
    bed.pool.retain(() => false)
    await asked.finished
    expect(asked.outcome).toBe('end')
    expect(bed.pool.size).toBe(0)
    await waitFor(() => origin.openSockets.size === 0)
  })
})
