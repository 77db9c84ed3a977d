import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants, type Settings } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/log.ts'
import { Balancer } from '../../src/proxy/balancer.ts'
import { Counters } from '../../src/proxy/counters.ts'
import { EndpointHealth } from '../../src/proxy/endpoint-health.ts'
import { defaultLimits } from '../../src/proxy/http2/limits.ts'
import { Http2Session } from '../../src/proxy/http2-lane/http2-session.ts'
import type { ProxyState } from '../../src/proxy/proxy-state.ts'
import { RetryBudget } from '../../src/proxy/retry.ts'
import { SilenceWatch } from '../../src/proxy/silence-watch.ts'
import { stallTimeoutMs } from '../../src/proxy/stall.ts'
import { identityRules } from '../../src/proxy/trusted-peers.ts'
import { UpstreamPool } from '../../src/proxy/upstream-pool.ts'
import { defaultSettings } from '../../src/router/table.ts'

const stallMs = stallTimeoutMs(defaultSettings)
const { keepAliveMs } = defaultSettings

let proxy: ProxyState
let server: Server
let client: ClientHttp2Session
let session: Http2Session
let clock = { now: 0 }

beforeEach(async () => {
  proxy = newProxy()
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  client.destroy()
  proxy.silence.stop()
  server.close()
  await once(server, 'close')
})

async function open(settings: Settings = {}): Promise<void> {
  const accepted = once(server, 'connection')
  const address = server.address()
  client = connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, { settings })
  const [socket]: Socket[] = await accepted
  if (socket === undefined) throw new Error('no connection came')
  clock = { now: 0 }
  session = new Http2Session({ socket, scheme: 'http', proxy, limits: defaultLimits, clock, onClose: () => {} })
}

function checkAt(ms: number): void {
  clock.now = ms
  session.checkTimes({ idleMs: keepAliveMs, stallMs })
}

/** An exchange on the same connection: whatever a check sent has arrived before its answer. */
async function roundTrip(): Promise<void> {
  await new Promise<void>((resolve) => client.ping(() => resolve()))
}

describe('a client in HTTP/2', () => {
  it('that takes nothing of its answer is cut after the time for it, and not before', async () => {
    await open({ initialWindowSize: 0 })
    const stream = client.request({ ':path': '/' })
    stream.on('error', () => {})
    const closed = once(stream, 'close')
    await once(stream, 'response')
    checkAt(stallMs)
    await roundTrip()
    expect(stream.closed).toBe(false)
    checkAt(stallMs + 1)
    await closed
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
  })

  it('that begins to take its answer has the whole time again', async () => {
    await open({ initialWindowSize: 0 })
    const stream = client.request({ ':path': '/' })
    const closed = once(stream, 'close')
    await once(stream, 'response')
    checkAt(stallMs - 1)
    const acknowledged = new Promise<void>((resolve) => client.settings({ initialWindowSize: 65_535 }, () => resolve()))
    stream.resume()
    await acknowledged
    await closed
    checkAt(stallMs + 1)
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
  })

  it('that asks for nothing is asked to leave when it has been idle for too long, and not before', async () => {
    await open()
    await once(client, 'remoteSettings')
    await roundTrip()
    const closed = once(client, 'close')
    checkAt(keepAliveMs)
    await roundTrip()
    expect(client.closed).toBe(false)
    // It was heard just now.
    checkAt(2 * keepAliveMs)
    await roundTrip()
    expect(client.closed).toBe(false)
    checkAt(3 * keepAliveMs + 1)
    await closed
  })

  it('that waits for its answer is not idle', async () => {
    await open({ initialWindowSize: 0 })
    const stream = client.request({ ':path': '/' })
    stream.on('error', () => {})
    await once(stream, 'response')
    checkAt(keepAliveMs + 1)
    await roundTrip()
    expect(client.closed).toBe(false)
  })
})

/** One without a route: it answers by itself. */
function newProxy(): ProxyState {
  const log = createLogger({ level: 'error', format: 'json' })
  const counters = new Counters()
  const health = new EndpointHealth({ log, counters, onEjected: () => {} })
  const pool = new UpstreamPool({ connectTimeoutMs: 1_000, health, lean: true })
  return {
    table: {
      generation: 0,
      listeners: new Map(),
      backends: new Map(),
      certificates: new Map(),
      settings: defaultSettings,
    },
    identityRules: identityRules(defaultSettings),
    draining: false,
    options: { fastLane: true, http2: true, h2c: false, leanUpstream: true, accessLog: 'off', accessLogFields: [] },
    accessLog: undefined,
    pool,
    balancer: new Balancer({ ejected: health.ejected }),
    health,
    silence: new SilenceWatch({ health, connections: () => pool.busy, onTick: () => pool.checkTimes() }),
    retryBudget: new RetryBudget(),
    counters,
    log,
  }
}
