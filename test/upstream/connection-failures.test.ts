import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deadPort } from '../support/dead-port.ts'
import { startMortalHost } from '../support/mortal-host.ts'
import { ok } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { upstreamClients } from './bed.ts'
import { type AnsweringOrigin, startAnsweringOrigin } from './pieces.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n'

/** A moment later, so that what was written before has left. */
const soon = (does: () => unknown): void => void setTimeout(does, 5)

describe.each(upstreamClients)('an endpoint that fails, by the %s client,', (client) => {
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

  const nextIsFine = async (): Promise<void> => {
    await waitFor(() => bed.pool.size === 0)
    origin.answer = (socket) => socket.write(ok('fine'))
    const next = bed.ask(origin.port)
    await next.finished
    expect([next.outcome, next.body]).toEqual(['end', 'fine'])
  }

  const ways: readonly (readonly [string, (socket: Socket) => unknown])[] = [
    ['closes', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ]
  describe.each(ways)('and %s', (_name, breaks) => {
    it('before any byte of its answer, is not believed to have answered', async () => {
      origin.answer = (socket) => breaks(socket)
      const asked = bed.ask(origin.port)
      await asked.finished
      expect([asked.outcome, asked.connection.hasSent, asked.events]).toEqual(['reset-before-head', true, ['error']])
      await nextIsFine()
    })

    it.each([
      ['its head', whole, whole.indexOf('\r\n\r\n') + 3, 'reset-before-head'],
      ['its body by length', whole, whole.length - 1, 'reset-in-body'],
      ['its chunks', chunks, chunks.indexOf('\r\n0\r\n') + 1, 'reset-in-body'],
      ['its trailers', chunks, chunks.length - 1, 'reset-in-body'],
    ])('in %s, never seems to have said it all', async (_part, bytes, last, reason) => {
      for (let length = Math.max(1, last - 12); length <= last; length++) {
        const isHead = length < bytes.indexOf('\r\n\r\n') + 4
        origin.answer = (socket) => {
          socket.write(bytes.slice(0, length))
          soon(() => breaks(socket))
        }
        const asked = bed.ask(origin.port)
        await asked.finished
        expect(asked.events).not.toContain('end')
        // undici has its own names for an answer that breaks off.
        const reasons = isHead ? ['reset-before-head'] : [reason, ...(client === 'undici' ? ['bad-response'] : [])]
        expect(reasons).toContain(asked.outcome)
      }
      await nextIsFine()
    })
  })

  it('with a reset, has not ended a body that would have ended with the connection', async () => {
    origin.answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello')
      soon(() => socket.resetAndDestroy())
    }
    const asked = bed.ask(origin.port)
    await asked.finished
    // undici takes a reset for an end here.
    expect([asked.outcome, asked.body]).toEqual([client === 'lean' ? 'reset-in-body' : 'end', 'hello'])
    await nextIsFine()
  })

  it('by refusing connections, has not seen the request', async () => {
    const asked = bed.ask(await deadPort(), { method: 'POST', body: Readable.from([Buffer.from('x')]), bodyLength: 1 })
    await asked.finished
    expect([asked.outcome, asked.connection.hasSent]).toEqual(['connect-refused', false])
    expect(bed.pool.size).toBe(0)
    expect(bed.health.ejected.size).toBe(1)
  })

  it('by not answering a connect, has not seen the request', async () => {
    const host = await startMortalHost('dead')
    await host.die()
    const asked = bed.ask(host.port)
    await asked.finished
    expect([asked.outcome, asked.connection.hasSent]).toEqual(['connect-timeout', false])
    expect(bed.pool.size).toBe(0)
    await host.close()
  })

  it('by saying nothing, is waited for no longer than it may take', async () => {
    const asked = bed.ask(origin.port, { readTimeoutMs: 1_000 })
    await asked.finished
    expect([asked.outcome, asked.connection.hasSent]).toEqual(['head-timeout', true])
    await waitFor(() => origin.openSockets.size === 0)
    await nextIsFine()
  })

  it('by saying half a head, is waited for no longer than it may take', async () => {
    origin.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nX: ')
    const asked = bed.ask(origin.port, { readTimeoutMs: 1_000 })
    await asked.finished
    expect(asked.outcome).toBe('head-timeout')
    await waitFor(() => origin.openSockets.size === 0)
  })

  it('by stopping in its body, is waited for no longer than it may take', async () => {
    origin.answer = (socket) => socket.write(whole.slice(0, -1))
    const asked = bed.ask(origin.port, { readTimeoutMs: 1_000 })
    await asked.finished
    expect([asked.outcome, asked.body]).toEqual(['body-timeout', 'hell'])
    await waitFor(() => origin.openSockets.size === 0)
    await nextIsFine()
  })

  it('by being slow in its body, and never too slow, has not failed', async () => {
    origin.answer = (socket) => {
      let at = whole.indexOf('hello')
      socket.write(whole.slice(0, at))
      const next = (): void => {
        if (at < whole.length) socket.write(whole.charAt(at++), () => setTimeout(next, 600))
      }
      next()
    }
    const asked = bed.ask(origin.port, { readTimeoutMs: 1_500 })
    await asked.finished
    expect([asked.outcome, asked.body]).toEqual(['end', 'hello'])
  })

  it('by saying 102 for ever, is not waited for for ever', async () => {
    origin.answer = (socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(2_000))
    const asked = bed.ask(origin.port, { readTimeoutMs: 1_000 })
    await asked.finished
    expect(['bad-response', 'head-timeout']).toContain(asked.outcome)
    await waitFor(() => origin.openSockets.size === 0)
  })
})
