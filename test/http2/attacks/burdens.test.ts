import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CarefulClient } from '../support/careful-client.ts'
import * as frames from '../support/frames.ts'
import { errorCode } from '../support/frames.ts'
import { attack, fateOf, get, head, openAttack, post } from './attack.ts'
import { type AttackBed, startAttackBed } from './bed.ts'
import { bombBlock, hoard } from './burdens.ts'

let bed: AttackBed

beforeAll(async () => {
  bed = await startAttackBed()
})

afterAll(() => bed.close())

describe('a client that asks for more than it may have', () => {
  it('by header lists that are small until they are read (HPACK bomb), is answered 431, and no endpoint hears of it', async () => {
    const before = bed.seen('/slow')
    const client = await CarefulClient.open(bed.where)
    onTestFinished(() => client.wire.close())
    for (let i = 0; i < 50; i++) {
      const stream = client.request([], { end: true, block: bombBlock(i === 0) })
      await client.until(() => stream.isDone)
      expect(stream.status).toBe(431)
    }
    expect(await bed.askAsOther()).toBe(200)
    expect(bed.seen('/slow')).toBe(before)
  })

  it('by 10,000 streams, has 100 of them, and the others are refused', async () => {
    const before = bed.seen('/slow')
    const flood = {
      name: 'streams',
      step: (id: number) => head(id, get, { end: true }),
      most: undefined,
      code: 0,
      requests: 100,
    }
    const wire = await openAttack(bed.where, flood)
    onTestFinished(() => wire.close())
    const steps = await attack(wire, flood, 10_000)
    expect(await bed.askAsOther()).toBe(200)
    expect(bed.seen('/slow') - before).toBeLessThanOrEqual(100)
    const refused = (): number => wire.frames.filter(({ type }) => type === frames.frameType.reset).length
    if (!wire.ended) await wire.until(() => refused() === steps - 100 || wire.ended)
    const codes = new Set(wire.frames.filter(({ type }) => type === 3).map(({ payload }) => payload.readUInt32BE(0)))
    expect([...codes]).toEqual([errorCode.refused])
  })

  it('by stream ids that jump to the last one, is served; after that there is none', async () => {
    const wire = await openAttack(bed.where, {
      name: 'jumps',
      step: () => Buffer.alloc(0),
      most: 0,
      code: 0,
      requests: 0,
    })
    onTestFinished(() => wire.close())
    const plain = [...get.slice(0, 3), [':path', '/']] as const
    for (const id of [1_001, 1_000_001, 0x7fff_ffff]) {
      wire.send(head(id, plain, { end: true }))
      await wire.until(() => wire.frames.some(({ streamId, flags }) => streamId === id && (flags & 1) === 1))
    }
    wire.send(head(1_003, plain, { end: true }))
    await wire.untilEnd()
    expect((await fateOf(wire, 0)).goaway).toBe(errorCode.streamClosed)
  })

  it('by 100 answers of 1 MB that it gives no window for, holds little of them, and leaves nothing behind', async () => {
    const memory = async (): Promise<number> =>
      Number(/^headgate_process_resident_memory_bytes\{.*\} (\S+)$/m.exec(await bed.headgate.page('/metrics'))?.[1])
    const before = await memory()
    const client = await hoard(bed.where)
    onTestFinished(() => client.wire.close())
    expect(await bed.askAsOther()).toBe(200)
    // Of 100 MB. A bound this wide is no measurement: the whole of them would be far above.
    expect((await memory()) - before).toBeLessThan(60_000_000)
    expect(bed.origin.openSockets.size).toBeLessThan(110)
  })

  it('by a body in DATA of one byte, has it sent to the endpoint in few pieces', async () => {
    const client = await CarefulClient.open(bed.where)
    onTestFinished(() => client.wire.close())
    const stream = client.request([...post.slice(0, 3), [':path', '/']])
    const piece = frames.data(stream.id, Buffer.from('x'))
    client.wire.send(Buffer.concat(Array.from({ length: 2_000 }, () => piece)))
    client.data(stream, Buffer.alloc(0), { end: true })
    await client.until(() => stream.isDone)
    const request = bed.origin.seen.findLast(({ line }) => line.startsWith('POST / '))
    expect(request?.body).toBe('x'.repeat(2_000))
    // One for each frame would cost a hundred times what the client pays for it, in writes and in memory.
    expect(request?.raw.split('\r\n').length).toBeLessThan(200)
  })

  it('by PING that it never reads the answer of, is sent away', async () => {
    const flood = { name: 'unread', step: (_: number, n: number) => frames.ping(n), most: 2_000, code: 11, requests: 0 }
    const wire = await openAttack(bed.where, flood)
    onTestFinished(() => wire.close())
    wire.socket.pause()
    await attack(wire, flood, flood.most)
    expect(await bed.askAsOther()).toBe(200)
    wire.socket.resume()
    await wire.untilEnd()
    expect((await fateOf(wire, 0)).goaway).toBe(errorCode.enhanceYourCalm)
  })
})

describe('after all of them', () => {
  it('nothing is left open', () => bed.untilQuiet())
})
