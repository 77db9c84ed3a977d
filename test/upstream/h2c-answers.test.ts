import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { endStream, type RawConnection, startRawH2c } from '../support/h2c-frames.ts'
import { type H2cOrigin, startH2cOrigin } from '../support/h2c-origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

type Serve = (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => void

const nothing: Serve = () => {}
let serve: Serve = nothing
let origin: H2cOrigin
let bed: PoolBed

beforeAll(async () => {
  origin = await startH2cOrigin((stream, head) => serve(stream, head))
})

beforeEach(() => {
  bed = startPool('lean', { protocol: 'h2c' })
})

afterEach(() => {
  bed.close()
  serve = nothing
})

afterAll(() => origin.close())

describe('an answer of an HTTP/2 endpoint', () => {
  it('is told as it came: head, body, trailers', async () => {
    serve = (stream) => {
      stream.respond({ ':status': 201, 'x-one': ['a', 'b'], 'set-cookie': ['c=1', 'd=2'] }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-last': 'yes' }))
      stream.end('hello')
    }
    const exchange = bed.ask(origin.port)
    await exchange.finished
    expect(exchange.events).toEqual(['head', 'data', 'end'])
    expect(exchange.head?.status).toBe(201)
    const { list = [] } = exchange.head?.fields ?? {}
    expect(list.slice(0, 8)).toEqual(['x-one', 'a', 'x-one', 'b', 'set-cookie', 'c=1', 'set-cookie', 'd=2'])
    expect(exchange.body).toBe('hello')
    expect(exchange.trailers).toEqual(['x-last', 'yes'])
    expect(bed.pool.size).toBe(0)
  })

  it.each([
    ['to HEAD', 'HEAD', 200, { 'content-length': '5' }],
    ['without content', 'GET', 204, {}],
    ['that says nothing has changed', 'GET', 304, { etag: '"x"' }],
    ['that has no bytes', 'GET', 200, {}],
  ])('%s ends with its head', async (_what, method, status, fields) => {
    serve = (stream) => stream.respond({ ':status': status, ...fields }, { endStream: true })
    const exchange = bed.ask(origin.port, { method })
    await exchange.finished
    expect(exchange.events).toEqual(['head', 'end'])
    expect(exchange.head?.status).toBe(status)
  })

  it('may have interim answers before it', async () => {
    serve = (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' })
      stream.respond({ ':status': 200 }, { endStream: true })
    }
    const exchange = bed.ask(origin.port)
    await exchange.finished
    expect(exchange.interim).toEqual([{ status: 103, list: ['link', '</a.css>'] }])
    expect(exchange.events).toEqual(['interim', 'head', 'end'])
  })

  it('is announced as soon as its head is here, and told of each lull', async () => {
    let stream: ServerHttp2Stream | undefined
    serve = (each) => {
      stream = each
      each.respond({ ':status': 200 })
    }
    const exchange = bed.ask(origin.port)
    await waitFor(() => exchange.lulls === 1)
    stream?.write('a')
    await waitFor(() => exchange.lulls === 2)
    expect(exchange.body).toBe('a')
    stream?.end()
    await exchange.finished
    expect(exchange.outcome).toBe('end')
  })

  it('waits while nobody takes it, and holds up no other', async () => {
    const large = 'x'.repeat(500_000)
    serve = (stream, head) => {
      stream.respond({ ':status': 200 })
      stream.end(head[':path'] === '/large' ? large : 'small')
    }
    const held = bed.ask(origin.port, { path: '/large' })
    held.takesMore = false
    await waitFor(() => held.events.includes('data'))
    const other = bed.ask(origin.port, { path: '/small' })
    await other.finished
    expect(other.body).toBe('small')
    const second = bed.ask(origin.port, { path: '/large' })
    await second.finished
    expect(second.body.length).toBe(large.length)
    expect(held.body.length).toBeLessThan(100_000)
    held.takesMore = true
    held.connection.resume()
    await held.finished
    expect(held.body).toBe(large)
    expect(origin.sessions.size).toBe(1)
  })

  it('may come in one piece', async () => {
    const raw = await startRawH2c(({ socket, head, data }, stream) => {
      socket.cork()
      head(stream)
      data(stream, 'all ')
      data(stream, 'of it', endStream)
      socket.uncork()
    })
    const exchange = bed.ask(raw.port)
    await exchange.finished
    expect(exchange.outcome).toBe('end')
    expect(exchange.body).toBe('all of it')
    await raw.close()
  })

  it.each([
    ['the connection is long gone', (connection: RawConnection) => connection.socket.end()],
    ['its stream was reset behind its end', (connection: RawConnection) => connection.reset(1, NGHTTP2_INTERNAL_ERROR)],
  ])('is whole for a client that takes it when %s', async (_what, spoil) => {
    const raw = await startRawH2c((connection, stream) => {
      connection.head(stream)
      for (let i = 0; i < 5; i++) connection.data(stream, 'y'.repeat(10_000), i === 4 ? endStream : 0)
      spoil(connection)
      connection.goaway(stream, NGHTTP2_NO_ERROR)
      connection.socket.end()
    })
    const body = new Readable({ read() {} })
    const exchange = bed.ask(raw.port, { method: 'POST', body })
    exchange.takesMore = false
    await waitFor(() => exchange.events.includes('data'))
    await waitFor(() => !exchange.connection.isConnected)
    expect(exchange.outcome).toBeUndefined()
    exchange.takesMore = true
    exchange.connection.resume()
    await exchange.finished
    expect(exchange.outcome).toBe('end')
    expect(exchange.body.length).toBe(50_000)
    await raw.close()
  })

  it('may come before the request is out: the endpoint then need not read on', async () => {
    let stream: ServerHttp2Stream | undefined
    serve = (each) => {
      stream = each
      each.respond({ ':status': 413 }, { endStream: true })
    }
    const body = new Readable({ read() {} })
    const exchange = bed.ask(origin.port, { method: 'POST', body })
    await exchange.finished
    expect(exchange.outcome).toBe('end')
    expect(exchange.head?.status).toBe(413)
    expect(body.destroyed).toBe(true)
    await waitFor(() => stream?.destroyed === true)
  })
})

describe('a request to an HTTP/2 endpoint', () => {
  it('has its fields in lower case, and the host in :authority', async () => {
    serve = (stream) => stream.respond({ ':status': 200 }, { endStream: true })
    const exchange = bed.ask(origin.port, { path: '/a?b=c', fields: 'X-Twice: 1\r\nx-twice: 2\r\nTE: trailers\r\n' })
    await exchange.finished
    expect(origin.seen.at(-1)).toMatchObject({
      ':method': 'GET',
      ':scheme': 'http',
      ':authority': `127.0.0.1:${origin.port}`,
      ':path': '/a?b=c',
      'x-asked': 'yes',
      'x-twice': '1, 2',
      te: 'trailers',
    })
    expect(origin.seen.at(-1)).not.toHaveProperty('host')
  })

  it('streams its body, at the pace of the endpoint', async () => {
    let stream: ServerHttp2Stream | undefined
    serve = (each) => {
      stream = each
    }
    let given = 0
    const body = new Readable({
      read() {
        given += 10_000
        this.push(given > 1_000_000 ? null : Buffer.alloc(10_000, 'b'))
      },
    })
    const exchange = bed.ask(origin.port, { method: 'POST', body })
    await waitFor(() => stream !== undefined && given > 60_000)
    expect(given).toBeLessThan(500_000)
    let received = 0
    stream?.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    stream?.on('end', () => stream?.respond({ ':status': 200 }, { endStream: true }))
    await exchange.finished
    expect(received).toBe(1_000_000)
    expect(exchange.outcome).toBe('end')
  })

  it.each([
    ['more', 3],
    ['less', 5],
  ])('is broken off where its body has %s bytes than it says', async (_what, bodyLength) => {
    let stream: ServerHttp2Stream | undefined
    serve = (each) => {
      stream = each
      each.resume()
    }
    const exchange = bed.ask(origin.port, { method: 'POST', body: Readable.from([Buffer.from('four')]), bodyLength })
    await exchange.finished
    expect(exchange.outcome).toBe('reset-before-head')
    await waitFor(() => stream?.destroyed === true)
    expect(stream?.readableEnded).toBe(false)
  })
})
