import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tickMs } from '../../src/proxy/endpoint-health.ts'
import { type MortalHost, startMortalHost } from '../support/mortal-host.ts'
import { ok } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { upstreamClients } from './bed.ts'
import { type AnsweringOrigin, startAnsweringOrigin } from './pieces.ts'
import { type Exchange, type PoolBed, startPool } from './pool-bed.ts'

const mb = 1024 * 1024

/** Writes as fast as it is taken; tells how many megabytes were. */
function pour(socket: Socket, count: number, wrap: (piece: string) => string = (piece) => piece) {
  const progress = { written: 0 }
  const piece = wrap('x'.repeat(mb))
  const write = (): void => {
    while (progress.written < count && socket.writable) {
      progress.written++
      if (!socket.write(piece, 'latin1')) return void socket.once('drain', write)
    }
  }
  write()
  return progress
}

describe.each(upstreamClients)('a request by the %s client that is given up', (client) => {
  const reason = new Error('the client is gone')
  let bed: PoolBed
  let origin: AnsweringOrigin

  beforeEach(async () => {
    origin = await startAnsweringOrigin()
    bed = startPool(client, { connectTimeoutMs: 1_000 })
  })
  afterEach(async () => {
    bed.close()
    await origin.close()
  })

  /** It hears of it once, later, and nothing is left: no connection here, none at the endpoint. */
  const isGone = async (asked: Exchange): Promise<void> => {
    await asked.finished
    expect(asked.events.at(-1)).toBe('error')
    expect(asked.error?.message).toBe(reason.message)
    expect(bed.pool.size).toBe(0)
    expect([...bed.pool.busy]).toEqual([])
    await waitFor(() => origin.openSockets.size === 0)
    origin.answer = (socket) => socket.write(ok('fine'))
    const next = bed.ask(origin.port)
    await next.finished
    expect([next.outcome, next.body]).toEqual(['end', 'fine'])
  }

  it('at once', async () => {
    const asked = bed.ask(origin.port)
    asked.connection.abort(reason)
    expect(asked.events).toEqual([])
    await isGone(asked)
  })

  it('while it is connecting', async () => {
    const host = await startMortalHost('dead')
    await host.die()
    const asked = bed.ask(host.port)
    await waitFor(() => asked.connection.socket !== undefined)
    asked.connection.abort(reason)
    // undici tells of it when it has given up to connect.
    await asked.finished
    expect(asked.connection.hasSent).toBe(false)
    expect(bed.pool.size).toBe(0)
    await host.close()
  })

  it('when it has been sent', async () => {
    const arrived = new Promise<void>((resolve) => {
      origin.answer = () => resolve()
    })
    const asked = bed.ask(origin.port)
    await arrived
    asked.connection.abort(reason)
    await isGone(asked)
  })

  it('while its body is being sent', async () => {
    const arrived = new Promise<void>((resolve) => {
      origin.answer = () => resolve()
    })
    const body = new PassThrough()
    body.on('error', () => {})
    body.write('some')
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 100 })
    await arrived
    asked.connection.abort(reason)
    await isGone(asked)
    expect(body.listenerCount('data') === 0 || body.destroyed).toBe(true)
  })

  it.each(['interim', 'head', 'data'])('when it hears of: %s', async (moment) => {
    origin.answer = (socket) => {
      socket.write('HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    }
    const asked = bed.ask(origin.port)
    asked.onEvent = (event) => {
      if (event === moment) asked.connection.abort(reason)
    }
    await isGone(asked)
    expect(asked.events).toContain(moment)
  })

  it('in a body by length, with more of it to come', async () => {
    origin.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * mb}\r\n\r\n`)
      pour(socket, 100)
    }
    const asked = bed.ask(origin.port)
    await waitFor(() => asked.body.length > mb)
    asked.connection.abort(reason)
    await isGone(asked)
  })

  it('while it takes nothing more', async () => {
    origin.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * mb}\r\n\r\n`)
      pour(socket, 100)
    }
    const asked = bed.ask(origin.port)
    asked.takesMore = false
    await waitFor(() => asked.body.length > 0)
    asked.connection.abort(reason)
    await isGone(asked)
  })

  it('too late, is no error', async () => {
    origin.answer = (socket) => socket.write(ok('done'))
    const asked = bed.ask(origin.port)
    await asked.finished
    asked.connection.abort(reason)
    for (let i = 0; i < 5; i++) await turn()
    expect(asked.events).toEqual(['head', 'data', 'end'])
  })

  it('by the end of its pool, is heard of no more', async () => {
    const arrived = new Promise<void>((resolve) => {
      origin.answer = () => resolve()
    })
    const asked = bed.ask(origin.port)
    await arrived
    const [socket] = origin.openSockets
    bed.pool.close()
    if (socket !== undefined) await once(socket, 'close')
    expect(bed.pool.size).toBe(0)
    if (client === 'lean') expect(asked.events).toEqual([])
  })
})

describe.each(upstreamClients)('an answer by the %s client that is taken slowly', (client) => {
  let bed: PoolBed
  let origin: AnsweringOrigin
  let host: MortalHost | undefined

  beforeEach(async () => {
    origin = await startAnsweringOrigin()
    bed = startPool(client)
  })
  afterEach(async () => {
    bed.close()
    await origin.close()
    await host?.close()
    host = undefined
  })

  it.each([
    ['by length', `Content-Length: ${32 * mb}`, (piece: string) => piece, ''],
    ['in chunks', 'Transfer-Encoding: chunked', (piece: string) => `100000\r\n${piece}\r\n`, '0\r\n\r\n'],
    ['up to the end', 'X: y', (piece: string) => piece, ''],
  ])('holds up the endpoint, and is not late for that: %s', async (_name, field, wrap, end) => {
    let progress = { written: 0 }
    origin.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n`)
      progress = pour(socket, 32, wrap)
      void waitFor(() => progress.written === 32).then(() => {
        socket.write(end)
        if (field === 'X: y') socket.end()
      })
    }
    const asked = bed.ask(origin.port, { readTimeoutMs: 1_000 })
    asked.takesMore = false
    let last = -1
    let still = 0
    // Longer than the endpoint may take between two reads.
    await waitFor(() => {
      still = progress.written === last && progress.written > 0 ? still + 1 : 0
      last = progress.written
      return still > 300
    })
    expect(progress.written).toBeLessThan(24)
    expect(asked.body.length).toBeLessThan(mb)
    expect(asked.outcome).toBeUndefined()
    asked.takesMore = true
    asked.connection.resume()
    await asked.finished
    expect(asked.outcome).toBe('end')
    expect(asked.body).toBe('x'.repeat(32 * mb))
  })

  it('is not given up meanwhile, where the endpoint has no room for a probe', async () => {
    host = await startMortalHost('busy')
    origin.answer = (socket) => socket.write(ok(''))
    const asked = bed.ask(host.port, { path: '/large' })
    asked.takesMore = false
    await waitFor(() => asked.body.length > 0)
    await host.die()
    const since = bed.health.now
    await waitFor(async () => {
      // Others are heard, so that it is not we who are cut off.
      await bed.ask(origin.port).finished
      return bed.health.now - since > 7_000 / tickMs
    })
    expect(asked.outcome).toBeUndefined()
    host.revive()
    asked.takesMore = true
    asked.connection.resume()
    await asked.finished
    expect([asked.outcome, asked.body.length]).toEqual(['end', 16 * mb])
  })

  it('comes whole, where every piece of it is held up', async () => {
    origin.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${4 * mb}\r\n\r\n`)
      pour(socket, 4)
    }
    const asked = bed.ask(origin.port)
    asked.takesMore = false
    asked.onEvent = (event) => {
      if (event === 'data') setImmediate(() => asked.connection.resume())
    }
    await asked.finished
    expect([asked.outcome, asked.body.length]).toEqual(['end', 4 * mb])
  })

  it('leaves a connection that works, where its last piece was held up', async () => {
    origin.answer = (socket) => socket.write(ok('first'))
    const first = bed.ask(origin.port)
    first.takesMore = false
    first.onEvent = (event) => {
      if (event === 'data') setTimeout(() => first.connection.resume(), 10)
    }
    await first.finished
    origin.answer = (socket) => socket.write(ok('second'))
    const second = bed.ask(origin.port)
    await second.finished
    expect([second.outcome, second.body]).toEqual(['end', 'second'])
    expect(second.connection).toBe(first.connection)
  })
})
