import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  data,
  errorCode,
  frame,
  frameType,
  headers,
  ping,
  preface,
  priorityUpdate,
  resetStream,
  setting,
  settingsAck,
  settingsFrame,
  windowUpdate,
} from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, requestFields } from './driver.ts'
import type { SeenRequest } from './seen-request.ts'

const block = encodeBlock([...requestFields, ['x-app', 'a'.repeat(40)]])
const trailers = encodeBlock([['x-sum', '1']])

/** Everything but what is reset: that may be gone before anybody hears of it, where it came in one read with its end. */
function heard(requests: readonly SeenRequest[]): readonly string[] {
  return requests
    .filter(({ isReset }) => !isReset)
    .map(({ id, head, hasBody, body, hasEnd, trailers: last }) => {
      const fields = head.fields.map(({ name, value }) => `${name}: ${value}`).join('; ')
      return [id, head.method, head.path, fields, hasBody, body, hasEnd, last?.map(({ name }) => name)].join(' ')
    })
}

/** Answers when all has been read: what was read together then makes no difference to what is sent when. */
function run(pieces: readonly Buffer[]): { readonly events: readonly string[]; readonly output: string } {
  const driver = new Driver({ settings: 'none' })
  for (const piece of pieces) driver.connection.receive(piece)
  for (const request of driver.requests.filter(({ isReset }) => !isReset)) {
    request.take(request.body.length)
    request.respond(200, 'x-app: yes\r\n')
    request.write(30_000)
    request.end('x-sum: 2\r\n')
  }
  return { events: [...heard(driver.requests), `ends: ${driver.ends}`], output: driver.takeBytes().toString('latin1') }
}

function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((to, i) => bytes.subarray(places[i], to))
}

const session = Buffer.concat([
  preface,
  settingsFrame([[setting.initialWindow, 40_000]]),
  windowUpdate(0, 100_000),
  headers(1, block, { end: true }),
  headers(3, block, { parts: 3, padding: 4, isPrioritized: true }),
  settingsAck,
  data(3, Buffer.from('hello '), { padding: 7 }),
  ping(1),
  headers(5, block, { parts: 2 }),
  data(3, Buffer.alloc(0)),
  data(5, Buffer.from('to be given up')),
  data(3, Buffer.from('world'), { end: true, padding: 0 }),
  resetStream(5, errorCode.cancel),
  headers(7, block),
  priorityUpdate(7, 'u=1, i'),
  data(7, Buffer.from('with trailers')),
  headers(7, trailers, { end: true, parts: 2 }),
  frame(0x99, 0xff, 0, Buffer.from('unknown')),
  headers(9, encodeBlock([...requestFields, ['content-length', '3']])),
  data(9, Buffer.from('abcd')),
  headers(11, encodeBlock([...requestFields, ['Bad', '1']]), { end: true }),
  settingsFrame([[setting.initialWindow, 50_000]]),
])

describe('the bytes of a connection may come in any pieces (RFC 9113 section 4.1):', () => {
  it('cut in two at every byte they give the same requests, and the same answers byte for byte', () => {
    const whole = run([session])
    expect(whole.events).toHaveLength(4)
    for (let cut = 1; cut < session.length; cut++) {
      expect(run([session.subarray(0, cut), session.subarray(cut)]), `cut at ${cut}`).toEqual(whole)
    }
  })

  it('one at a time as well', () => {
    expect(run(Array.from(session, (_, at) => session.subarray(at, at + 1)))).toEqual(run([session]))
  })

  /** Of a stream that is so far behind the last one. */
  const back = fc.constantFrom(0, 0, 0, 2, 2, 4, 8)
  const payload = fc.nat({ max: 300 }).map((length) => Buffer.alloc(length, 'p'))
  const padding = fc.option(fc.nat({ max: 40 }), { nil: undefined })
  type Make = (lastId: number) => Buffer
  const request = fc
    .record({ end: fc.boolean(), parts: fc.integer({ min: 1, max: 4 }), padding, isPrioritized: fc.boolean() })
    .map(
      (options): Make =>
        (lastId) =>
          headers(lastId + 2, block, options),
    )
  const body = fc.record({ back, payload, end: fc.boolean(), padding }).map(
    ({ back: by, payload: bytes, ...options }): Make =>
      (lastId) =>
        data(Math.max(0, lastId - by), bytes, options),
  )
  const last = back.map(
    (by): Make =>
      (lastId) =>
        headers(Math.max(0, lastId - by), trailers, { end: true }),
  )
  const reset = back.map(
    (by): Make =>
      (lastId) =>
        resetStream(Math.max(0, lastId - by), errorCode.cancel),
  )
  const small = fc
    .constantFrom(ping(3), settingsFrame([[setting.initialWindow, 9]]), windowUpdate(0, 9), settingsAck)
    .map(
      (bytes): Make =>
        () =>
          bytes,
    )
  const any = fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 255 }), back, payload).map(
    ([type, flags, by, bytes]): Make =>
      (lastId) =>
        frame(type, flags, Math.max(0, lastId - by), bytes),
  )
  const anyFrame = fc.oneof(
    { weight: 6, arbitrary: request },
    { weight: 8, arbitrary: body },
    { weight: 2, arbitrary: fc.oneof(last, reset) },
    { weight: 3, arbitrary: small },
    { weight: 1, arbitrary: any },
  )

  /** Streams one behind the other, as clients open them. */
  const sessionOf = (makes: readonly Make[]): Buffer => {
    let lastId = 1
    const frames = makes.map((make) => {
      const bytes = make(lastId)
      if (bytes.readUInt8(3) === frameType.headers) lastId = Math.max(lastId, bytes.readUInt32BE(5) & 0x7fff_ffff)
      return bytes
    })
    return Buffer.concat([preface, settingsFrame(), headers(1, block), ...frames])
  }

  it('any frames, right or wrong, in any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 25 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (makes, cuts) => {
          const bytes = sessionOf(makes)
          expect(run(cutAt(bytes, cuts))).toEqual(run([bytes]))
        },
      ),
      { numRuns: 1_500 },
    )
  })
})

describe('a request that its client gives up', () => {
  it('within the same read never reaches anybody', () => {
    const driver = new Driver()
    expect(driver.ask(headers(1, block, { end: true }), resetStream(1, errorCode.cancel))).toEqual([])
    expect([driver.requests, driver.connection.openStreams]).toEqual([[], 0])
  })

  it('in a later read takes its user with it', () => {
    const driver = new Driver()
    const request = driver.open(1)
    driver.send(resetStream(1, errorCode.cancel))
    expect(request.isReset).toBe(true)
    request.answer('too late')
    expect(driver.take()).toEqual([])
  })

  it('does not hold up those of the same read', () => {
    const driver = new Driver()
    driver.send(headers(1, block, { end: true }), headers(3, block), resetStream(1, errorCode.cancel))
    expect(driver.requests.map(({ id }) => id)).toEqual([3])
  })
})
