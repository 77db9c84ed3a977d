import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tickMs } from '../../../src/proxy/endpoint-health.ts'
import { waitFor } from '../../support/wait-for.ts'
import { type AnsweringOrigin, startAnsweringOrigin } from '../../upstream/pieces.ts'
import { type PoolBed, startPool } from '../../upstream/pool-bed.ts'

describe('a lean connection, whose time is told in ticks,', () => {
  let bed: PoolBed
  let origin: AnsweringOrigin
  let arrived = false

  beforeEach(async () => {
    arrived = false
    origin = await startAnsweringOrigin()
    origin.answer = () => {
      arrived = true
    }
    bed = startPool('lean', { isTicking: false })
  })
  afterEach(async () => {
    bed.close()
    await origin.close()
  })

  it('gives its endpoint all of the time that it has, though it began between two ticks', async () => {
    const asked = bed.ask(origin.port, { readTimeoutMs: 4 * tickMs })
    await waitFor(() => arrived)
    // The first of them may have come at once.
    for (let i = 0; i < 4; i++) bed.tick()
    expect(asked.connection.socket?.destroyed).toBe(false)
    bed.tick()
    await asked.finished
    expect(asked.outcome).toBe('head-timeout')
  })

  it('begins to count again with each byte', async () => {
    const asked = bed.ask(origin.port, { readTimeoutMs: 4 * tickMs })
    await waitFor(() => arrived)
    const [socket] = origin.openSockets
    for (const byte of 'HTTP/1.1 204 x\r\n\r\n') {
      for (let i = 0; i < 4; i++) bed.tick()
      const before = asked.connection.socket?.bytesRead ?? 0
      socket?.write(byte)
      await waitFor(() => (asked.connection.socket?.bytesRead ?? 0) > before)
    }
    await asked.finished
    expect(asked.outcome).toBe('end')
  })

  it('is kept for as long as its endpoint keeps it, and a second less', async () => {
    const idleTicks = async (field: string): Promise<number> => {
      origin.answer = (socket) => socket.write(`HTTP/1.1 200 OK\r\n${field}Content-Length: 0\r\n\r\n`)
      await bed.ask(origin.port).finished
      let ticks = 0
      for (; bed.pool.size > 0 && ticks < 1_000; ticks++) bed.tick()
      await waitFor(() => origin.openSockets.size === 0)
      return ticks
    }
    expect(await idleTicks('Keep-Alive: timeout=10\r\n')).toBeLessThanOrEqual((10_000 - 1_000) / tickMs + 1)
    expect(await idleTicks('Keep-Alive: timeout=10\r\n')).toBeGreaterThan((10_000 - 2_500) / tickMs)
    expect(await idleTicks('')).toBeLessThan(5_000 / tickMs)
    expect(await idleTicks('Keep-Alive: timeout=999999\r\n')).toBeLessThan(61_000 / tickMs)
    expect(await idleTicks('Keep-Alive: timeout=0\r\n')).toBe(0)
  })
})
