import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type H2cOrigin, startH2cOrigin } from '../support/h2c-origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { follow } from './follow.ts'
import { type PoolBed, startPool } from './pool-bed.ts'

/**
 * What one request sends, what it is answered, and what goes wrong. No stream is destroyed by the endpoint: together with trailers that
 * ends the process of a server of Node 26.10 (a segmentation fault in Http2Stream::Destroy). h2c-failures.test.ts has such resets.
 */
type Script = {
  readonly uploadSize: number
  readonly hasLength: boolean
  readonly size: number
  readonly writes: number
  readonly isEarly: boolean
  readonly hasTrailers: boolean
  readonly fault: 'none' | 'refuse' | 'reset' | 'goaway' | 'cut'
  readonly isFaultLate: boolean
  readonly pausesAt: number
  readonly abortsAt: string
}

const script: fc.Arbitrary<Script> = fc.record({
  uploadSize: fc.constantFrom(-1, -1, 0, 1, 1_000, 100_000),
  hasLength: fc.boolean(),
  size: fc.constantFrom(0, 1, 100, 20_000, 70_000, 300_000),
  writes: fc.integer({ min: 1, max: 8 }),
  isEarly: fc.constantFrom(false, false, false, true),
  hasTrailers: fc.boolean(),
  fault: fc.oneof(
    { weight: 80, arbitrary: fc.constant('none') },
    { weight: 8, arbitrary: fc.constantFrom('refuse', 'reset') },
    { weight: 1, arbitrary: fc.constantFrom('goaway', 'cut') },
  ),
  isFaultLate: fc.boolean(),
  pausesAt: fc.constantFrom(0, 0, 1, 2),
  abortsAt: fc.constantFrom(...Array(16).fill('never'), 'head', 'data', 'at once', 'soon'),
})

/** Nobody else's bytes look like it. */
const bodyOf = (id: string, size: number): string =>
  size <= 0 ? '' : `${id}.`.repeat(Math.ceil(size / (id.length + 1))).slice(0, size)

/** True: nothing more is to be said. */
function failWith(stream: ServerHttp2Stream, fault: Script['fault']): boolean {
  if (fault === 'goaway') stream.session?.close()
  if (fault === 'refuse') stream.close(constants.NGHTTP2_REFUSED_STREAM)
  if (fault === 'reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  if (fault === 'cut') stream.session?.socket.destroy()
  return fault !== 'none' && fault !== 'goaway'
}

/** Not by an iterator: that destroys its stream in the end, and with it what is still to be said. */
function readAll(stream: ServerHttp2Stream): Promise<string> {
  let text = ''
  stream.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  return new Promise((resolve) => stream.on('close', () => resolve('')).on('end', () => resolve(text)))
}

async function serve(stream: ServerHttp2Stream, id: string, s: Script): Promise<void> {
  if (!s.isFaultLate && failWith(stream, s.fault)) return
  if (s.isEarly) stream.resume()
  else {
    if ((await readAll(stream)) !== bodyOf(`up${id}`, s.uploadSize))
      return stream.respond({ ':status': 500 }, { endStream: true })
  }
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'x-id': id }, { waitForTrailers: s.hasTrailers })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': id }))
  const body = bodyOf(id, s.size)
  for (let i = 0; i < s.writes && !stream.destroyed; i++) {
    stream.write(body.slice(Math.floor((i * s.size) / s.writes), Math.floor(((i + 1) * s.size) / s.writes)))
    if (s.isFaultLate && i === s.writes >> 1 && failWith(stream, s.fault)) return
    if (i % 2 === 0) await turn()
  }
  stream.end()
}

describe('many requests of every kind on shared connections', () => {
  let bed: PoolBed
  let origin: H2cOrigin
  let count = 0
  const scripts = new Map<string, Script>()
  const outcomes = new Map<string, number>()

  beforeEach(async () => {
    outcomes.clear()
    const onStream = (stream: ServerHttp2Stream, head: IncomingHttpHeaders): void => {
      const id = head[':path']?.slice(1) ?? ''
      const found = scripts.get(id)
      if (found === undefined) return stream.respond({ ':status': 404 }, { endStream: true })
      serve(stream, id, found).catch(() => {})
    }
    origin = await startH2cOrigin(onStream, { streamResetBurst: 100_000, streamResetRate: 100_000 })
    bed = startPool('lean', { protocol: 'h2c' })
  })

  afterEach(async () => {
    bed.close()
    await origin.close()
  })

  async function run(s: Script, seed: number): Promise<void> {
    const id = `${count++}`
    scripts.set(id, s)
    const upload = bodyOf(`up${id}`, s.uploadSize)
    const pieces = [upload.slice(0, 10), upload.slice(10)]
      .filter((piece) => piece !== '')
      .map((piece) => Buffer.from(piece))
    const body = s.uploadSize < 0 ? {} : { body: Readable.from(pieces), method: 'PUT' }
    body.body?.on('error', () => {})
    const bodyLength = s.uploadSize >= 0 && s.hasLength ? { bodyLength: s.uploadSize } : {}
    const asked = bed.ask(origin.port, { path: `/${id}`, ...body, ...bodyLength })
    follow(asked, s)
    await asked.finished
    const expected = bodyOf(id, s.size)
    const text = `seed ${seed}, ${JSON.stringify(s)}: ${asked.events} ${asked.error}`
    // Of the right answer, and never of another one.
    expect(expected.startsWith(asked.body), text).toBe(true)
    if (asked.head !== undefined) expect(asked.head.fields.list, text).toContain(id)
    if (asked.outcome === 'end') {
      expect(asked.body === expected, text).toBe(true)
      expect(asked.trailers, text).toEqual(s.hasTrailers ? ['x-end', id] : undefined)
    }
    scripts.delete(id)
    outcomes.set(asked.outcome ?? '', (outcomes.get(asked.outcome ?? '') ?? 0) + 1)
  }

  async function runAll(scripts: fc.Arbitrary<Script>): Promise<void> {
    const seed = Date.now() % 1_000_000_000
    const left = fc.sample(scripts, { seed, numRuns: 1_500 })[Symbol.iterator]()
    await Promise.all(
      Array.from({ length: 30 }, async () => {
        for (const next of left) await run(next, seed)
      }),
    )
    expect(bed.pool.size).toBe(0)
  }

  it('are answered each with its own answer, or not at all; and nothing is left of them', async () => {
    await runAll(script)
    expect(outcomes.get('end')).toBeGreaterThan(100)
    // A goodbye may still be on its way to what is left.
    await waitFor(async () => {
      const last = bed.ask(origin.port, { path: '/none' })
      await last.finished
      return last.head?.status === 404
    })
    bed.pool.close()
    await waitFor(() => origin.sessions.size === 0)
  })

  it('are lost by nobody where the endpoint only refuses, and says goodbye', async () => {
    const isGentle = ({ fault, isFaultLate, abortsAt }: Script): boolean =>
      abortsAt === 'never' && (fault === 'none' || fault === 'goaway' || (fault === 'refuse' && !isFaultLate))
    await runAll(script.filter(isGentle))
    expect([...outcomes.keys()].sort()).toEqual(['end', 'stream-refused'])
  })
})
