import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { upstreamClients } from './bed.ts'
import { type AnsweringOrigin, startAnsweringOrigin } from './pieces.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

const mb = 1024 * 1024

/** As the proxy hands bodies over: errors of the copy are nobody's. */
function bodyOf(...chunks: readonly (string | Buffer)[]): Readable {
  return Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
}

describe.each(upstreamClients)('a request by the %s client', (client) => {
  let bed: PoolBed
  let origin: Origin
  let respond: (seen: SeenRequest, socket: Socket) => string | undefined

  beforeEach(async () => {
    respond = ({ body }) => ok(body)
    origin = await startOrigin((seen, socket) => respond(seen, socket))
    bed = startPool(client)
  })
  afterEach(async () => {
    bed.close()
    await origin.close()
  })

  it('without a body is a line, its fields in their order, and nothing more', async () => {
    await bed.ask(origin.port, { method: 'GET' }).finished
    await bed.ask(origin.port, { method: 'DELETE' }).finished
    await bed.ask(origin.port, { method: 'POST', bodyLength: 0 }).finished
    const fields = `Host: 127.0.0.1:${origin.port}\r\nX-Asked: yes\r\n`
    // undici writes some names in its own way, and says that it keeps the connection.
    const sent = origin.seen.map(({ raw }) =>
      client === 'lean' ? raw : raw.toLowerCase().replace('connection: keep-alive\r\n', ''),
    )
    const expected = [
      `GET / HTTP/1.1\r\n${fields}\r\n`,
      `DELETE / HTTP/1.1\r\n${fields}\r\n`,
      `POST / HTTP/1.1\r\n${fields}Content-Length: 0\r\n\r\n`,
    ]
    expect(sent).toEqual(client === 'lean' ? expected : expected.map((raw) => raw.toLowerCase()))
    expect(origin.connections).toBe(1)
  })

  it('sends a body of known length as it is, whatever its bytes', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const asked = bed.ask(origin.port, { method: 'PUT', body: bodyOf(bytes, bytes, 'end'), bodyLength: 515 })
    await asked.finished
    const [seen] = origin.seen
    expect(seen?.body).toBe(`${bytes.toString('latin1').repeat(2)}end`)
    expect(seen?.fields.map(([name]) => name.toLowerCase())).not.toContain('transfer-encoding')
    await bed.ask(origin.port).finished
    expect(origin.connections).toBe(1)
  })

  it('sends a body of unknown length in chunks, none of them empty, and ends it', async () => {
    const chunks = ['a', '', 'b'.repeat(15), 'c'.repeat(16), '', 'd'.repeat(70_000), '']
    const asked = bed.ask(origin.port, { method: 'PUT', body: bodyOf(...chunks) })
    await asked.finished
    expect(asked.outcome).toBe('end')
    const [seen] = origin.seen
    expect(seen?.body).toBe(chunks.join(''))
    expect(seen?.raw).toMatch(/transfer-encoding: chunked\r\n/i)
    expect(seen?.raw).not.toMatch(/content-length/i)
    await bed.ask(origin.port).finished
    expect(origin.connections).toBe(1)
  })

  it('may have a body of unknown length that turns out to be empty', async () => {
    const asked = bed.ask(origin.port, { method: 'PUT', body: bodyOf() })
    await asked.finished
    expect(asked.outcome).toBe('end')
    expect(origin.seen[0]?.body).toBe('')
    await bed.ask(origin.port).finished
    expect(origin.seen).toHaveLength(2)
  })

  it('never says more of a body than was announced', async () => {
    const asked = bed.ask(origin.port, {
      method: 'PUT',
      body: bodyOf('hello', 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'),
      bodyLength: 5,
    })
    await asked.finished
    // Whether the answer to the part that was announced still comes is a race; that nobody sees another request is not.
    await bed.ask(origin.port).finished
    expect(origin.seen.map(({ line }) => line)).not.toContain('GET /smuggled HTTP/1.1')
    expect(asked.connection.isReusable).toBe(false)
  })

  it('ends with an error, and its connection with it, where the body is shorter than was announced', async () => {
    const asked = bed.ask(origin.port, { method: 'PUT', body: bodyOf('hel'), bodyLength: 5 })
    await asked.finished
    expect(asked.error).toBeDefined()
    expect(bed.pool.size).toBe(0)
    await waitFor(() => origin.openSockets.size === 0)
    expect(origin.seen).toHaveLength(0)
  })
})

describe.each(upstreamClients)('an answer to a request whose body is still on its way, by the %s client,', (client) => {
  let bed: PoolBed
  let origin: AnsweringOrigin

  beforeEach(async () => {
    origin = await startAnsweringOrigin()
    bed = startPool(client)
  })
  afterEach(async () => {
    bed.close()
    await origin.close()
  })

  const early = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nenough'

  it('is heard, and the connection is not used again', async () => {
    origin.answer = (socket) => socket.write(early)
    const body = new PassThrough()
    body.write('the beginning')
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 1_000 })
    await asked.finished
    expect([asked.outcome, asked.head?.status, asked.body]).toEqual(['end', 403, 'enough'])
    await waitFor(() => bed.pool.size === 0 && origin.openSockets.size === 0)
    // Nobody may take more of the body: another attempt may have a copy of its own.
    expect(body.destroyed || body.isPaused() || body.listenerCount('data') === 0).toBe(true)
  })

  it('is heard where the endpoint closes behind it', async () => {
    origin.answer = (socket) => socket.end(early)
    const body = new PassThrough()
    body.write('the beginning')
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 1_000 })
    await asked.finished
    expect([asked.outcome, asked.head?.status, asked.body]).toEqual(['end', 403, 'enough'])
    await waitFor(() => bed.pool.size === 0)
  })

  it('is heard where the body was announced to come in chunks', async () => {
    origin.answer = (socket) => socket.write(early)
    const body = new PassThrough()
    body.write('the beginning')
    const asked = bed.ask(origin.port, { method: 'PUT', body })
    await asked.finished
    expect([asked.outcome, asked.body]).toEqual(['end', 'enough'])
    await waitFor(() => bed.pool.size === 0 && origin.openSockets.size === 0)
  })

  it('may begin before the body is complete, and end behind it: the connection is clean then', async () => {
    const body = new PassThrough()
    origin.answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n')
      return (bytes: string) => bytes.endsWith('rest') && socket.write('0\r\n\r\n')
    }
    // undici sends the head with the first bytes of the body.
    body.write('the ')
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 8 })
    await waitFor(() => asked.body === 'early')
    body.end('rest')
    await asked.finished
    expect(asked.outcome).toBe('end')
    expect(bed.pool.size).toBe(1)
  })

  it('does not come where the endpoint resets the connection meanwhile: that is an error', async () => {
    origin.answer = (socket) => socket.resetAndDestroy()
    const body = new PassThrough()
    body.write('the beginning')
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 1_000 })
    await asked.finished
    expect(asked.outcome).toBe('reset-before-head')
    expect(asked.connection.hasSent).toBe(true)
    expect(bed.pool.size).toBe(0)
  })

  it('is not waited for where the endpoint ends its side before the head', async () => {
    origin.answer = (socket) => {
      socket.pause()
      socket.end()
    }
    // More than the kernel takes: what is written can never be flushed.
    const body = bodyOf(...Array.from({ length: 32 }, () => Buffer.alloc(mb)))
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 32 * mb })
    await asked.finished
    expect(asked.outcome).toBe('reset-before-head')
  })

  it('is waited for as long as the client takes to send, and no longer than the endpoint may take', async () => {
    const body = new PassThrough()
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 8, readTimeoutMs: 1_000 })
    for (let i = 0; i < 4; i++) {
      body.write(`${i}.`)
      await new Promise((resolve) => setTimeout(resolve, 600))
      expect(asked.outcome).toBeUndefined()
    }
    body.end()
    await asked.finished
    expect(asked.outcome).toBe('head-timeout')
    await waitFor(() => origin.openSockets.size === 0)
  })

  it('holds up the body at the pace of the endpoint', async () => {
    let paused: Socket | undefined
    let received = 0
    origin.answer = (socket) => {
      paused = socket.pause()
      return (bytes: string) => {
        received += bytes.length
        if (received === 64 * mb) socket.write(ok('all of it'))
      }
    }
    let taken = 0
    const body = Readable.from(
      (function* () {
        for (let i = 0; i < 64; i++) {
          taken++
          yield Buffer.alloc(mb, 'x')
        }
      })(),
      { objectMode: false, highWaterMark: mb },
    )
    const asked = bed.ask(origin.port, { method: 'PUT', body, bodyLength: 64 * mb })
    let last = -1
    let still = 0
    await waitFor(() => {
      still = taken === last && taken > 1 ? still + 1 : 0
      last = taken
      return still === 20
    })
    expect(taken).toBeLessThan(20)
    paused?.resume()
    await asked.finished
    expect([asked.outcome, asked.body]).toEqual(['end', 'all of it'])
  })

  it('that stops in its own body is given up while the body of the request is complete', async () => {
    origin.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    const asked = bed.ask(origin.port, { method: 'PUT', body: bodyOf('x'), bodyLength: 1, readTimeoutMs: 1_000 })
    await asked.finished
    expect([asked.outcome, asked.body]).toEqual(['body-timeout', 'half'])
    await waitFor(() => origin.openSockets.size === 0)
  })
})

it.each(upstreamClients)(
  'a connection of the %s client sends its request once it is connected, not before',
  async (client) => {
    const origin = await startOrigin(() => ok(''))
    const bed = startPool(client)
    const asked = bed.ask(origin.port)
    expect(asked.connection.hasSent).toBe(false)
    await asked.finished
    expect(asked.connection.hasSent).toBe(true)
    const socket = [...origin.openSockets][0]
    bed.close()
    if (socket !== undefined) await once(socket, 'close')
    await origin.close()
  },
)
