import { describe, expect, it } from 'vitest'
import { data, errorCode, frame, frameType, headers, resetStream, windowUpdate } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, requestFields } from './driver.ts'

const block = encodeBlock(requestFields)
const once = (burst: number) => ({ burst, perSecond: 0 })

describe('streams at a time (RFC 9113 section 5.1.2)', () => {
  it('above the limit are refused, so that their client may send them again', () => {
    const driver = new Driver({ limits: { streams: 2 } })
    driver.open(1)
    driver.open(3)
    expect(driver.ask(headers(5, block))).toEqual(['RST_STREAM 5 refused'])
    expect([driver.requests.length, driver.reached, driver.ends]).toEqual([2, ['streams'], 0])
    // What was on its way for it is dropped, and it is in nobody's way.
    expect(driver.ask(data(5, Buffer.from('body'), { end: true }))).toEqual([])
    driver.request(1).answer()
    driver.take()
    driver.open(7).answer()
    expect(driver.take()).toEqual(['HEADERS 7 200 end'])
  })

  it('count until both sides are done with them', () => {
    const driver = new Driver({ limits: { streams: 1 } })
    driver.open(1, [], {}).answer()
    driver.take()
    expect(driver.ask(headers(3, block, { end: true }))).toEqual(['RST_STREAM 3 refused'])
    driver.send(data(1, Buffer.alloc(0), { end: true }))
    expect(driver.open(5).id).toBe(5)
  })

  it('have their header lists decoded, refused or not (section 4.3)', () => {
    const driver = new Driver({ limits: { streams: 1 } })
    const request = driver.open(1, [], {})
    driver.send(headers(3, Buffer.from('\x40\x03x-a\x011', 'latin1'), { end: true }))
    driver.send(headers(1, Buffer.from([0xbe]), { end: true }))
    expect(request.trailers?.map(({ name }) => name)).toEqual(['x-a'])
  })
})

describe('a header list', () => {
  it('of more bytes than allowed, 32 for each field included, is cut short and marked (section 6.5.2)', () => {
    const size = requestFields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
    const driver = new Driver({ limits: { headerListBytes: size + 100 } })
    const fits = driver.open(1, [['x-a', 'a'.repeat(100 - 32 - 3)]])
    const large = driver.open(3, [
      ['x-a', 'a'.repeat(100 - 32 - 2)],
      ['x-b', ''],
    ])
    expect([fits, large].map(({ head }) => [head.isTooLarge, head.fields.length])).toEqual([
      [false, 1],
      [true, 0],
    ])
    expect(driver.take()).toEqual([])
  })

  it('of more fields than allowed is cut short and marked', () => {
    const driver = new Driver()
    const request = driver.open(
      1,
      Array.from({ length: 500 }, () => ['x-a', 'b'] as const),
    )
    expect(request.head.isTooLarge).toBe(true)
    expect(request.head.fields.length).toBeLessThanOrEqual(driver.limits.headerFields)
  })

  it('that is both too large and malformed is malformed', () => {
    const driver = new Driver()
    const fields = [
      ...requestFields,
      ...Array.from({ length: 200 }, () => ['x-a', 'b'] as const),
      ['Bad', '1'] as const,
    ]
    expect(driver.ask(headers(1, encodeBlock(fields), { end: true }))).toEqual(['RST_STREAM 1 protocol'])
  })

  it('behind a body is cut short in the same way', () => {
    const driver = new Driver({ limits: { headerListBytes: 300 } })
    const request = driver.open(1, [], {})
    const trailers = encodeBlock([
      ['x-a', 'a'.repeat(200)],
      ['x-b', 'b'.repeat(200)],
    ])
    driver.send(headers(1, trailers, { end: true }))
    expect([request.hasEnd, request.trailers?.map(({ name }) => name)]).toEqual([true, ['x-a']])
  })

  it('in more bytes than allowed ends the connection before it is whole', () => {
    const driver = new Driver({ limits: { headerBlockBytes: 1_000 } })
    const piece = frame(frameType.continuation, 0, 1, Buffer.alloc(400))
    driver.send(frame(frameType.headers, 0, 1, block.subarray(0, 10)), piece, piece)
    expect(driver.take()).toEqual([])
    expect(driver.ask(piece)).toEqual(['GOAWAY 0 enhanceYourCalm header-block'])
    expect([driver.reached, driver.ends]).toEqual([['header-block'], 1])
  })

  it('in more CONTINUATION frames than allowed ends the connection, empty or not (CVE-2024-27316 and others)', () => {
    for (const payload of [Buffer.alloc(0), Buffer.from('a')]) {
      const driver = new Driver()
      const piece = frame(frameType.continuation, 0, 1, payload)
      driver.send(frame(frameType.headers, 0, 1), ...Array.from({ length: driver.limits.continuations }, () => piece))
      expect(driver.take()).toEqual([])
      expect(driver.ask(piece)).toEqual(['GOAWAY 0 enhanceYourCalm header-block'])
    }
  })

  it('in as many CONTINUATION frames as allowed is a request', () => {
    const driver = new Driver({ limits: { continuations: 3 } })
    driver.send(headers(1, block, { end: true, parts: 4 }))
    expect(driver.requests).toHaveLength(1)
  })
})

describe('streams that a client gives up', () => {
  const give = (driver: Driver, id: number): readonly string[] => {
    driver.open(id)
    return driver.ask(resetStream(id, errorCode.cancel))
  }

  it('end the connection when there are too many (CVE-2023-44487)', () => {
    const driver = new Driver({ limits: { resets: once(2) } })
    expect([give(driver, 1), give(driver, 3)]).toEqual([[], []])
    expect(give(driver, 5)).toEqual(['GOAWAY 5 enhanceYourCalm resets'])
    expect([driver.reached, driver.ends]).toEqual([['resets'], 1])
  })

  it('count also within one read, where nobody heard of them', () => {
    const driver = new Driver({ limits: { resets: once(2) } })
    driver.send(...[1, 3, 5].flatMap((id) => [headers(id, block, { end: true }), resetStream(id, errorCode.cancel)]))
    expect([driver.requests, driver.reached]).toEqual([[], ['resets']])
  })

  it('are earned back by answers that it waits for, one by ten of them', () => {
    const driver = new Driver({ limits: { resets: once(2) } })
    for (let first = 1; first < 240; first += 24) {
      expect(give(driver, first)).toEqual([])
      for (let id = first + 2; id < first + 24; id += 2) driver.open(id).answer()
      driver.take()
    }
    expect(driver.reached).toEqual([])
  })

  it('are too many where every second answer is given up', () => {
    const driver = new Driver({ limits: { resets: once(2) } })
    for (let id = 1; id < 13; id += 4) {
      driver.open(id).answer()
      give(driver, id + 2)
    }
    expect(driver.reached).toEqual(['resets'])
  })

  it('are earned back by time, up to as many as at first', () => {
    const driver = new Driver({ limits: { resets: { burst: 2, perSecond: 1 } } })
    give(driver, 1)
    give(driver, 3)
    driver.pass(1_000)
    expect(give(driver, 5)).toEqual([])
    driver.pass(60_000)
    expect([give(driver, 7), give(driver, 9)]).toEqual([[], []])
    expect(give(driver, 11)).toEqual(['GOAWAY 11 enhanceYourCalm resets'])
  })
})

describe('streams that we reset for what their client sent', () => {
  it.each([
    ['malformed requests', (id: number) => [headers(id, encodeBlock([['Bad', '']]), { end: true })]],
    ['windows that overflow (CVE-2025-8671)', (id: number) => [headers(id, block), windowUpdate(id, 2 ** 31 - 1)]],
    ['windows that do not widen (CVE-2025-8671)', (id: number) => [headers(id, block), windowUpdate(id, 0)]],
    ['DATA behind the end (CVE-2025-8671)', (id: number) => [headers(id, block, { end: true }), data(id, block)]],
    ['HEADERS behind the end', (id: number) => [headers(id, block, { end: true }), headers(id, block, { end: true })]],
    [
      'bodies that are longer than they say',
      (id: number) => [headers(id, encodeBlock([...requestFields, ['content-length', '1']])), data(id, block)],
    ],
  ])('end the connection when there are too many: %s', (_what, frames) => {
    const driver = new Driver({ limits: { streamErrors: once(2) } })
    expect([...driver.ask(...frames(1)), ...driver.ask(...frames(3))].map((line) => line.split(' ')[0])).toEqual([
      'RST_STREAM',
      'RST_STREAM',
    ])
    expect(driver.ask(...frames(5)).at(-1)).toBe('GOAWAY 5 enhanceYourCalm stream-errors')
    expect([driver.reached, driver.ends]).toEqual([['stream-errors'], 1])
  })

  it('end it also by DATA for streams that are over', () => {
    const driver = new Driver({ limits: { streamErrors: once(2) } })
    for (const id of [1, 3, 5]) driver.open(id).answer()
    driver.take()
    driver.send(data(1, block), data(3, block), data(5, block))
    expect(driver.reached).toEqual(['stream-errors'])
  })
})
