import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { endpointSilentError } from '../../src/proxy/errors.ts'
import { endStream, type RawConnection, startRawH2c } from '../support/h2c-frames.ts'
import { type H2cOrigin, startH2cOrigin } from '../support/h2c-origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

type Serve = (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => void

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } =
  constants

let serve: Serve = () => {}
let origin: H2cOrigin
let bed: PoolBed

beforeAll(async () => {
  origin = await startH2cOrigin((stream, head) => serve(stream, head))
})

beforeEach(() => {
  bed = startPool('lean', { protocol: 'h2c', connectTimeoutMs: 1_000 })
})

afterEach(() => bed.close())

afterAll(() => origin.close())

/** An endpoint that is no HTTP/2 server. */
async function startOther(onSocket: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

describe('a request that an HTTP/2 endpoint has not seen', () => {
  it('is known as such where the endpoint speaks HTTP/1.1', async () => {
    const { server, port } = await startOther((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))
    })
    const exchange = bed.ask(port, { method: 'POST', body: Readable.from([Buffer.from('x')]), bodyLength: 1 })
    await exchange.finished
    expect(exchange.outcome).toBe('bad-response')
    expect(exchange.connection.hasSent).toBe(false)
    server.close()
  })

  it('is known as such where the endpoint says nothing at all', async () => {
    const sockets: Socket[] = []
    const { server, port } = await startOther((socket) => sockets.push(socket))
    const exchange = bed.ask(port)
    await exchange.finished
    expect(exchange.outcome).toBe('connect-timeout')
    expect(exchange.connection.hasSent).toBe(false)
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  it('is known as such where nobody listens', async () => {
    const { server, port } = await startOther(() => {})
    await new Promise((resolve) => server.close(resolve))
    const exchange = bed.ask(port)
    await exchange.finished
    expect(exchange.outcome).toBe('connect-refused')
    expect(exchange.connection.hasSent).toBe(false)
    expect([...bed.health.ejected.keys()]).toEqual([`127.0.0.1:${port}`])
  })

  it('is known as such where the endpoint refuses its stream', async () => {
    serve = (stream) => stream.close(NGHTTP2_REFUSED_STREAM)
    const exchange = bed.ask(origin.port, { method: 'POST', body: Readable.from([Buffer.from('x')]), bodyLength: 1 })
    await exchange.finished
    expect(exchange.outcome).toBe('stream-refused')
    expect(exchange.connection.hasSent).toBe(false)
  })

  it.each([
    ['in peace', NGHTTP2_NO_ERROR],
    ['with an error', NGHTTP2_ENHANCE_YOUR_CALM],
  ])('is known as such where the connection ends %s before its stream', async (_what, code) => {
    const streams: ServerHttp2Stream[] = []
    serve = (stream) => streams.push(stream)
    const exchanges = [bed.ask(origin.port), bed.ask(origin.port)]
    await waitFor(() => streams.length === 2)
    const [first] = streams
    first?.session?.goaway(code, first.id)
    const [seen, unseen] = exchanges
    await unseen?.finished
    expect(unseen?.outcome).toBe('stream-refused')
    expect(unseen?.connection.hasSent).toBe(false)
    if (code === NGHTTP2_NO_ERROR) first?.respond({ ':status': 200 }, { endStream: true })
    await seen?.finished
    expect(seen?.outcome).toBe(code === NGHTTP2_NO_ERROR ? 'end' : 'reset-before-head')
    expect(seen?.connection.hasSent).toBe(true)
  })

  it('is known as such where HTTP/2 cannot carry it', async () => {
    const seen = origin.seen.length
    const exchange = bed.ask(origin.port, { fields: 'Upgrade: websocket\r\n' })
    await exchange.finished
    expect(exchange.outcome).toBe('bad-response')
    expect(exchange.connection.hasSent).toBe(false)
    expect(origin.seen.length).toBe(seen)
    expect(bed.pool.size).toBe(0)
  })

  it('is known as such, and a new connection taken, where the one there was has just broken', async () => {
    const raw = await startRawH2c((connection, stream) => connection.head(stream, endStream))
    await bed.ask(raw.port).finished
    // No frame has such a length.
    raw.connections[0]?.socket.write(Buffer.alloc(64, 0xff))
    await waitFor(async () => {
      const exchange = bed.ask(raw.port, { method: 'POST', body: Readable.from([Buffer.from('x')]), bodyLength: 1 })
      await exchange.finished
      return raw.connections.length === 2 && exchange.outcome === 'end'
    })
    await raw.close()
  })

  it('is never sent where it is given up before there is a connection', async () => {
    const seen = origin.seen.length
    const exchange = bed.ask(origin.port)
    exchange.connection.abort(new Error('gone'))
    await exchange.finished
    expect(exchange.error?.message).toBe('gone')
    expect(exchange.connection.hasSent).toBe(false)
    serve = (stream) => stream.respond({ ':status': 200 }, { endStream: true })
    await bed.ask(origin.port).finished
    expect(origin.seen.length).toBe(seen + 1)
  })
})

describe('an answer of an HTTP/2 endpoint that breaks off', () => {
  const breaks: readonly (readonly [string, (connection: RawConnection, stream: number) => void])[] = [
    ['by a reset', (connection, stream) => connection.reset(stream, NGHTTP2_INTERNAL_ERROR)],
    ['by a reset with CANCEL', (connection, stream) => connection.reset(stream, NGHTTP2_CANCEL)],
    // Node's server sends one where a handler destroys its stream, and Node's client takes it for an end.
    ['by a reset that says there was no error', (connection, stream) => connection.reset(stream, NGHTTP2_NO_ERROR)],
    ['with its connection', (connection) => connection.socket.destroy()],
    ['with the end of its connection', (connection) => connection.socket.end()],
    ['by a GOAWAY with an error', (connection, stream) => connection.goaway(stream, NGHTTP2_INTERNAL_ERROR)],
  ]

  it.each(breaks)('%s before its head, may have been worked on', async (_what, breakOff) => {
    const raw = await startRawH2c(breakOff)
    const exchange = bed.ask(raw.port)
    await exchange.finished
    expect(exchange.outcome).toBe('reset-before-head')
    expect(exchange.connection.hasSent).toBe(true)
    expect(bed.pool.size).toBe(0)
    await raw.close()
  })

  it.each(breaks)('%s in its body, is never taken for a whole one', async (_what, breakOff) => {
    const raw = await startRawH2c((connection, stream) => {
      connection.head(stream)
      connection.data(stream, 'half')
    })
    const exchange = bed.ask(raw.port)
    exchange.onEvent = (event) => {
      const [connection] = raw.connections
      if (event === 'data' && connection !== undefined) breakOff(connection, 1)
    }
    await exchange.finished
    expect(exchange.outcome).toBe('reset-in-body')
    expect(exchange.body).toBe('half')
    await raw.close()
  })

  it.each(breaks)('%s right behind its bytes, is never taken for a whole one', async (_what, breakOff) => {
    const raw = await startRawH2c((connection, stream) => {
      connection.head(stream)
      connection.data(stream, 'half')
      breakOff(connection, stream)
    })
    const exchange = bed.ask(raw.port)
    await exchange.finished
    expect(exchange.outcome).toMatch(/^reset-/)
    await raw.close()
  })

  it.each(breaks)('%s while nobody takes it, is not taken for a whole one later', async (_what, breakOff) => {
    const raw = await startRawH2c((connection, stream) => {
      connection.head(stream)
      connection.data(stream, 'half')
    })
    const exchange = bed.ask(raw.port)
    exchange.takesMore = false
    await waitFor(() => exchange.events.includes('data'))
    const [connection] = raw.connections
    if (connection !== undefined) breakOff(connection, 1)
    exchange.takesMore = true
    exchange.connection.resume()
    await exchange.finished
    expect(exchange.outcome).toBe('reset-in-body')
    await raw.close()
  })

  it.each([
    ['has fewer bytes than it says', { 'content-length': '9' }],
    ['has more bytes than it says', { 'content-length': '2' }],
  ])('is malformed where it %s', async (_what, fields) => {
    serve = (stream) => {
      stream.respond({ ':status': 200, ...fields })
      stream.end('four')
    }
    const exchange = bed.ask(origin.port)
    await exchange.finished
    expect(exchange.outcome).toBe('bad-response')
  })
})

describe('an HTTP/2 endpoint whose host has died', () => {
  it('is given up by all requests of its connection', async () => {
    const streams: ServerHttp2Stream[] = []
    serve = (stream) => streams.push(stream)
    const exchanges = [bed.ask(origin.port), bed.ask(origin.port)]
    await waitFor(() => streams.length === 2)
    // What silence-watch.ts does, once, to the socket that they share.
    exchanges[0]?.connection.socket?.destroy(endpointSilentError())
    await Promise.all(exchanges.map((exchange) => exchange.finished))
    expect(exchanges.map(({ outcome }) => outcome)).toEqual(['endpoint-silent', 'endpoint-silent'])
    expect(bed.pool.size).toBe(0)
  })
})

describe('an HTTP/2 endpoint that is slow', () => {
  it('has its time for a head, and for each part of a body', async () => {
    serve = (stream, head) => {
      if (head[':path'] === '/body') stream.respond({ ':status': 200 })
    }
    const { connections } = origin
    const head = bed.ask(origin.port, { path: '/head', readTimeoutMs: 500 })
    const body = bed.ask(origin.port, { path: '/body', readTimeoutMs: 500 })
    await Promise.all([head.finished, body.finished])
    expect([head.outcome, body.outcome]).toEqual(['head-timeout', 'body-timeout'])
    serve = (stream) => stream.respond({ ':status': 200 }, { endStream: true })
    const next = bed.ask(origin.port)
    await next.finished
    expect(next.outcome).toBe('end')
    expect(origin.connections).toBe(connections + 1)
  })

  it('is not late while it waits for the rest of the request', async () => {
    serve = (stream) => stream.respond({ ':status': 200 })
    const body = new Readable({ read() {} })
    const waiting = bed.ask(origin.port, { method: 'POST', body, readTimeoutMs: 500 })
    const late = bed.ask(origin.port, { readTimeoutMs: 1_000 })
    await late.finished
    expect(late.outcome).toBe('body-timeout')
    expect(waiting.outcome).toBeUndefined()
    body.push(null)
    await waiting.finished
    expect(waiting.outcome).toBe('body-timeout')
  })
})
