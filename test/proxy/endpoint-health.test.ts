import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/log.ts'
import { Counters } from '../../src/proxy/counters.ts'
import { EndpointHealth, type EndpointState } from '../../src/proxy/endpoint-health.ts'
import type { Endpoint } from '../../src/router/table.ts'
import { deadPort } from '../support/dead-port.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'

const origins: Origin[] = []
const healths: EndpointHealth[] = []

afterEach(async () => {
  for (const health of healths.splice(0)) health.stop()
  for (const origin of origins.splice(0)) await origin.close()
})

function setUp() {
  const counters = new Counters()
  const lines: string[] = []
  const log = createLogger({ level: 'info', format: 'json', write: (line) => void lines.push(line) })
  const health = new EndpointHealth({ log, counters, onEjected: () => {} })
  healths.push(health)
  return { health, counters, lines }
}

const endpointAt = (port: number): Endpoint => ({
  id: `127.0.0.1:${port}`,
  address: '127.0.0.1',
  port,
  zone: undefined,
})

async function listening(port = 0): Promise<Origin> {
  const origin = await startOrigin(() => undefined, { port })
  origins.push(origin)
  return origin
}

const ticks = (health: EndpointHealth, count: number): void => {
  for (let i = 0; i < count; i++) health.tick()
}
const isEjected = (health: EndpointHealth, { endpoint }: EndpointState): boolean => health.ejected.has(endpoint.id)

describe('the health of an endpoint', () => {
  it.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'])(
    'is lost with a connect that fails with %s',
    (code) => {
      const { health, counters, lines } = setUp()
      const state = health.stateOf(endpointAt(1))
      health.onConnectFailed(state, code)
      health.onConnectFailed(state, code)
      expect(isEjected(health, state)).toBe(true)
      expect(counters.endpointsEjected).toBe(1)
      expect(Object.values(counters.ejections).reduce((sum, count) => sum + count)).toBe(1)
      expect(lines).toHaveLength(1)
    },
  )

  // No file descriptor, no port of our own left, a client that went away: the endpoint has no part in it.
  it.each(['EMFILE', 'EADDRNOTAVAIL', 'ECONNRESET', undefined])('is not touched by %s', (code) => {
    const { health } = setUp()
    const state = health.stateOf(endpointAt(1))
    health.onConnectFailed(state, code)
    expect(isEjected(health, state)).toBe(false)
  })

  it('is not lost with connects that time out while it is heard on other connections', () => {
    const { health } = setUp()
    const state = health.stateOf(endpointAt(1))
    ticks(health, 10)
    state.heardAt = health.now
    ticks(health, 4)
    health.onConnectSlow(state)
    expect(isEjected(health, state)).toBe(false)
    ticks(health, 1)
    health.onConnectSlow(state)
    expect(isEjected(health, state)).toBe(true)
  })

  it('comes back with any connection that it accepts', () => {
    const { health, counters } = setUp()
    const state = health.stateOf(endpointAt(1))
    health.onConnectFailed(state, 'ECONNREFUSED')
    health.onConnected(state)
    expect(isEjected(health, state)).toBe(false)
    expect(counters.endpointsEjected).toBe(0)
  })

  it('is asked for each second once lost, and found again', async () => {
    const { health } = setUp()
    const port = await deadPort()
    const state = health.stateOf(endpointAt(port))
    health.onConnectFailed(state, 'ECONNREFUSED')
    ticks(health, 4)
    await waitFor(() => !state.isProbed)
    expect(isEjected(health, state)).toBe(true)
    const origin = await listening(port)
    ticks(health, 3)
    await sleep(50)
    expect(origin.connections).toBe(0)
    ticks(health, 1)
    await waitFor(() => !isEjected(health, state))
    expect(origin.connections).toBe(1)
  })

  it('is asked for by few connects at a time, each in its turn', async () => {
    const { health } = setUp()
    const states = Array.from({ length: 400 }, (_, index) => health.stateOf(endpointAt(index + 1)))
    for (const state of states) health.onConnectFailed(state, 'UND_ERR_CONNECT_TIMEOUT')
    health.tick()
    expect(states.filter(({ isProbed }) => isProbed)).toHaveLength(128)
    for (let round = 0; round < 4; round++) {
      await waitFor(() => states.every(({ isProbed }) => !isProbed))
      // Those that were asked first are due again.
      health.now += 4
      health.tick()
    }
    expect(states.filter(({ probedAt }) => probedAt < 0)).toHaveLength(0)
  })

  it('is asked for seldom while it is slow: again for another request, rarely for the same one', async () => {
    const { health } = setUp()
    const origin = await listening()
    const state = health.stateOf(endpointAt(origin.port))
    ticks(health, 100)
    const suspect = async (since: number): Promise<number> => {
      health.suspect(state, since)
      await waitFor(() => !state.isProbed)
      return origin.connections
    }
    const first = health.now - 5
    expect(await suspect(first)).toBe(1)
    ticks(health, 59)
    expect(await suspect(first)).toBe(1)
    ticks(health, 1)
    expect(await suspect(first)).toBe(2)
    ticks(health, 7)
    expect(await suspect(health.now - 5)).toBe(2)
    ticks(health, 1)
    expect(await suspect(health.now - 5)).toBe(3)
    expect(isEjected(health, state)).toBe(false)
  })

  it('is not given up for where most endpoints are lost and the others not heard, as the fault may be ours', () => {
    const { health } = setUp()
    const [one, two, three] = [1, 2, 3].map((port) => health.stateOf(endpointAt(port)))
    if (one === undefined || two === undefined || three === undefined) throw new Error('unreachable')
    one.misses = 3
    expect(health.isGone(one, false)).toBe(true)
    expect(health.isGone(one, true)).toBe(false)
    health.onConnectFailed(one, 'ETIMEDOUT')
    expect(health.isGone(one, false)).toBe(true)
    health.onConnectFailed(two, 'ETIMEDOUT')
    health.tick()
    expect(health.isGone(one, false)).toBe(false)
    three.heardAt = health.now
    health.tick()
    expect(health.isGone(one, false)).toBe(true)
    ticks(health, 8)
    expect(health.isGone(one, false)).toBe(false)
  })

  it('is forgotten with the endpoint, also while a request still waits there', () => {
    const { health, counters } = setUp()
    const state = health.stateOf(endpointAt(1))
    health.onConnectFailed(state, 'ETIMEDOUT')
    health.retain(() => false)
    expect(counters.endpointsEjected).toBe(0)
    health.onConnectFailed(state, 'ETIMEDOUT')
    expect(health.ejected.size).toBe(0)
    expect(health.stateOf(endpointAt(1))).not.toBe(state)
  })
})
