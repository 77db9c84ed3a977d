import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/log.ts'
import { Counters } from '../../src/proxy/counters.ts'
import { EndpointHealth } from '../../src/proxy/endpoint-health.ts'
import { Fields } from '../../src/proxy/fields.ts'
import { UpstreamPool } from '../../src/proxy/upstream-pool.ts'
import type { Endpoint } from '../../src/router/table.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'

const origins: Origin[] = []
const pools: UpstreamPool[] = []

let lean = true

async function setUp(respond: Parameters<typeof startOrigin>[0] = () => ok('')) {
  const origin = await startOrigin(respond)
  const health = new EndpointHealth({
    log: createLogger({ level: 'error', format: 'json' }),
    counters: new Counters(),
    onEjected: () => {},
  })
  const pool = new UpstreamPool({ connectTimeoutMs: 1_000, health, lean })
  origins.push(origin)
  pools.push(pool)
  const endpoint: Endpoint = {
    id: `127.0.0.1:${origin.port}`,
    address: '127.0.0.1',
    port: origin.port,
    zone: undefined,
  }
  return { origin, pool, endpoint, health }
}

async function call(pool: UpstreamPool, endpoint: Endpoint, headers: string[] = []): Promise<number> {
  const connection = pool.acquire(endpoint)
  return new Promise((resolve, reject) => {
    let status = 0
    connection.send(
      {
        method: 'GET',
        path: '/',
        fields: Fields.ofList(['Host', 'x', ...headers]),
        body: undefined,
        bodyLength: undefined,
        readTimeoutMs: 5_000,
        trailers: undefined,
      },
      {
        onInterim: () => {},
        onHead: (head) => {
          status = head.status
        },
        onData: () => true,
        onLull: () => {},
        onEnd: () => {
          pool.release(connection)
          resolve(status)
        },
        onError: (error) => {
          pool.discard(connection)
          reject(error)
        },
      },
    )
  })
}

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close()
  for (const origin of origins.splice(0)) await origin.close()
})

describe.each([
  ['lean', true],
  ['undici', false],
])('the pool of %s connections', (_, isLean) => {
  beforeEach(() => {
    lean = isLean
  })

  it('uses a connection again', async () => {
    const { origin, pool, endpoint } = await setUp()
    for (let i = 0; i < 5; i++) await call(pool, endpoint)
    expect(origin.connections).toBe(1)
    expect(pool.size).toBe(1)
  })

  it('opens as many connections as there are requests at a time', async () => {
    const { origin, pool, endpoint } = await setUp()
    await Promise.all([call(pool, endpoint), call(pool, endpoint), call(pool, endpoint)])
    expect(origin.connections).toBe(3)
  })

  it('forgets an idle connection that the endpoint closes', async () => {
    const { origin, pool, endpoint } = await setUp()
    await call(pool, endpoint)
    const [socket] = origin.openSockets
    if (socket === undefined) throw new Error('no connection')
    socket.end()
    await once(socket, 'close')
    expect(await call(pool, endpoint)).toBe(200)
    expect(origin.connections).toBe(2)
    expect(pool.size).toBe(1)
  })

  it('uses no kept connection to an endpoint that has been silent since', async () => {
    const { origin, pool, endpoint, health } = await setUp()
    await call(pool, endpoint)
    health.onConnectFailed(health.stateOf(endpoint), 'EHOSTUNREACH')
    for (let i = 0; i < 3; i++) await call(pool, endpoint)
    expect(origin.connections).toBe(2)
    expect(health.ejected.size).toBe(0)
  })

  it('closes idle connections of endpoints that are gone, and busy ones when their exchange ends', async () => {
    let finish: () => void = () => {}
    const { origin, pool, endpoint } = await setUp((_request, socket) => {
      if (origin.seen.length === 1) return ok('')
      finish = () => socket.write(ok(''))
      return undefined
    })
    await call(pool, endpoint)
    const arrived = new Promise<void>((resolve) => {
      const look = (): void => void (origin.seen.length === 2 ? resolve() : setImmediate(look))
      look()
    })
    const busy = call(pool, endpoint)
    await arrived
    pool.retain(() => false)
    expect(pool.size).toBe(1)
    finish()
    expect(await busy).toBe(200)
    expect(pool.size).toBe(0)
  })
})

describe('the pool of undici connections', () => {
  it('is not brought to a standstill by requests that undici refuses', async () => {
    lean = false
    const { pool, endpoint } = await setUp()
    for (let i = 0; i < 20; i++) await expect(call(pool, endpoint, ['Expect', '100-continue'])).rejects.toThrow()
    expect(await call(pool, endpoint)).toBe(200)
  })
})
