import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestBody } from '../../src/proxy/request-body.ts'

function bodyOf(chunks: readonly Uint8Array[], maxBytes = 0) {
  const source = new PassThrough()
  const events: string[] = []
  const body = new RequestBody({
    source,
    length: undefined,
    maxBytes,
    onFirstRead: () => events.push('first read'),
    onTooLarge: () => events.push('too large'),
  })
  for (const chunk of chunks) source.write(chunk)
  source.end()
  return { body, source, events }
}

const chunk = fc.uint8Array({ minLength: 1, maxLength: 20_000 })

describe('the body of a request', () => {
  it('arrives whole at the first attempt', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), async (chunks) => {
        const { body } = bodyOf(chunks)
        expect(await buffer(body.open())).toEqual(Buffer.concat(chunks))
      }),
      { numRuns: 50 },
    )
  })

  it('arrives whole at a second attempt, wherever the first one stopped, as long as it is replayable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), fc.nat(8), async (chunks, reads) => {
        const { body } = bodyOf(chunks)
        const first = body.open()
        let count = 0
        for await (const _ of first) if (++count > reads) break
        first.destroy()
        if (!body.replayable) return
        expect(await buffer(body.open())).toEqual(Buffer.concat(chunks))
      }),
      { numRuns: 100 },
    )
  })

  it('is not replayable beyond 64 KiB, and not kept either', async () => {
    const { body } = bodyOf([new Uint8Array(40_000), new Uint8Array(40_000)])
    expect((await buffer(body.open())).length).toBe(80_000)
    expect(body.replayable).toBe(false)
  })

  it('says when it is first wanted, and not before', async () => {
    const { body, events } = bodyOf([new Uint8Array(1)])
    expect(events).toEqual([])
    await buffer(body.open())
    expect(events).toEqual(['first read'])
  })

  it('stops at the limit and says so', async () => {
    const { body, source, events } = bodyOf([new Uint8Array(10), new Uint8Array(10)], 15)
    const reader = body.open()
    const received: Buffer[] = []
    reader.on('data', (data: Buffer) => received.push(data))
    await new Promise((resolve) => source.once('pause', resolve))
    expect(events).toEqual(['first read', 'too large'])
    expect(Buffer.concat(received).length).toBeLessThanOrEqual(10)
    reader.destroy()
  })

  it('survives the death of its reader: the client’s stream is untouched', async () => {
    const { body, source } = bodyOf([new Uint8Array(10)])
    const reader = body.open()
    reader.destroy(new Error('the endpoint died'))
    expect(source.destroyed).toBe(false)
    expect((await buffer(body.open())).length).toBe(10)
  })
})
