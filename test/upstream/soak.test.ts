import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { upstreamClients } from './bed.ts'
import { follow } from './follow.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

/** What one request sends, what it is answered, and what goes wrong. */
type Script = {
  readonly upload: 'none' | 'length' | 'chunked'
  readonly uploadSize: number
  readonly framing: 'length' | 'chunked' | 'close'
  readonly size: number
  readonly writes: number
  readonly isEarly: boolean
  readonly hints: number
  readonly fault: 'none' | 'before' | 'within' | 'idle'
  readonly pausesAt: number
  readonly abortsAt: string
}

const script: fc.Arbitrary<Script> = fc.record({
  upload: fc.constantFrom('none', 'none', 'length', 'chunked'),
  uploadSize: fc.constantFrom(0, 1, 1_000, 100_000),
  framing: fc.constantFrom('length', 'length', 'chunked', 'close'),
  size: fc.constantFrom(0, 1, 100, 4_096, 70_000, 300_000),
  writes: fc.integer({ min: 1, max: 8 }),
  isEarly: fc.constantFrom(false, false, false, true),
  hints: fc.constantFrom(0, 0, 0, 2),
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'before', 'within', 'idle'),
  pausesAt: fc.constantFrom(0, 0, 1, 2),
  abortsAt: fc.constantFrom('never', 'never', 'never', 'never', 'interim', 'head', 'data', 'at once'),
})

/** Nobody else's bytes look like it. */
const bodyOf = (id: string, size: number): string => `${id}.`.repeat(Math.ceil(size / (id.length + 1))).slice(0, size)

/** A server of somebody else, so that both sides of the wire are not of one mind. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { script: s, id }: { script: Script; id: string },
) {
  const { socket } = request
  response.sendDate = false
  const received = async (): Promise<string> => {
    let text = ''
    for await (const chunk of request) text += chunk
    return text
  }
  // Not cleanly: that would be the end of a body, perhaps of that of the next request.
  if (s.fault === 'before') return socket.resetAndDestroy()
  if (s.isEarly) request.resume()
  else if ((await received()) !== (s.upload === 'none' ? '' : bodyOf(`up${id}`, s.uploadSize))) {
    return response.writeHead(500).end('another body')
  }
  for (let i = 0; i < s.hints; i++) response.writeEarlyHints({ link: '</a.css>; rel=preload' })
  const body = bodyOf(id, s.size)
  if (s.framing === 'close') response.useChunkedEncodingByDefault = false
  response.writeHead(200, {
    'X-Id': id,
    ...(s.framing === 'length' && { 'Content-Length': s.size }),
    ...(s.framing === 'close' && { Connection: 'close' }),
    ...(s.framing === 'chunked' && { Trailer: 'X-End' }),
  })
  for (let i = 0; i < s.writes; i++) {
    response.write(body.slice(Math.floor((i * s.size) / s.writes), Math.floor(((i + 1) * s.size) / s.writes)))
    if (s.fault === 'within' && i === s.writes >> 1) return socket.resetAndDestroy()
    if (i % 2 === 0) await turn()
  }
  if (s.framing === 'chunked') response.addTrailers({ 'X-End': id })
  if (s.fault === 'idle') response.on('finish', () => socket.resetAndDestroy())
  response.end()
}

describe.each(upstreamClients)('many requests of every kind by the %s client', (client) => {
  let bed: PoolBed
  let server: Server
  const scripts = new Map<string, Script>()

  beforeEach(async () => {
    server = createServer((request, response) => {
      const id = request.url?.slice(1) ?? ''
      const found = scripts.get(id)
      if (found === undefined) return void response.writeHead(404).end()
      request.on('error', () => {})
      serve(request, response, { script: found, id }).catch(() => response.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    bed = startPool(client)
  })
  afterEach(async () => {
    bed.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  let count = 0
  const run = async (s: Script, seed: number): Promise<void> => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const id = `${count++}`
    scripts.set(id, s)
    const upload = bodyOf(`up${id}`, s.uploadSize)
    const pieces = [upload.slice(0, 10), upload.slice(10)]
      .filter((piece) => piece !== '')
      .map((piece) => Buffer.from(piece))
    const body = s.upload === 'none' ? {} : { body: Readable.from(pieces), method: 'PUT' }
    body.body?.on('error', () => {})
    const bodyLength = s.upload === 'length' ? { bodyLength: s.uploadSize } : {}
    const asked = bed.ask(address.port, { path: `/${id}`, ...body, ...bodyLength })
    const { isKept } = asked.connection
    follow(asked, s)
    await asked.finished
    const expected = bodyOf(id, s.size)
    const text = `seed ${seed}, ${JSON.stringify(s)}: ${asked.events} ${asked.error}`
    // Of the right answer, and never of another one.
    expect(expected.startsWith(asked.body), text).toBe(true)
    if (asked.head !== undefined) expect(asked.head.fields.list, text).toContain(id)
    if (asked.outcome === 'end') {
      // undici takes a reset for the end of a body that ends with the connection.
      const mayBeCut = client === 'undici' && s.framing === 'close'
      expect(asked.body === expected || mayBeCut, text).toBe(true)
      expect(asked.trailers, text).toEqual(s.framing === 'chunked' ? ['X-End', id] : undefined)
    } else {
      // An endpoint may close what is idle, or answer early and close: nothing else breaks by itself.
      expect(isKept || s.isEarly || s.abortsAt !== 'never' || s.fault !== 'none', text).toBe(true)
    }
    scripts.delete(id)
  }

  it('are answered each with its own answer, or not at all; and nothing is left of them', async () => {
    const seed = Date.now() % 1_000_000_000
    const left = fc.sample(script, { seed, numRuns: 1_500 })[Symbol.iterator]()
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const next of left) await run(next, seed)
      }),
    )
    expect([...bed.pool.busy]).toEqual([])
    const open = (): Promise<number> =>
      new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))))
    await waitFor(async () => (await open()) === bed.pool.size)
  })
})
