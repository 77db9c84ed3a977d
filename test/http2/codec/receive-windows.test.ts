import { describe, expect, it } from 'vitest'
import { data, errorCode, headers, resetStream } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, requestFields } from './driver.ts'

const block = encodeBlock(requestFields)
const kilobyte = Buffer.alloc(1024, 'k')
const limits = { streamWindow: 128 * 1024, connectionWindow: 256 * 1024 }
const fill = 16_000

const upload = (driver: Driver, id: number, bytes: number): void => {
  for (let left = bytes; left > 0; left -= fill) driver.send(data(id, Buffer.alloc(Math.min(fill, left), 'u')))
}

describe('the window of what a client may send (RFC 9113 section 5.2)', () => {
  it('is widened when half of it has been taken, for the stream and for the connection', () => {
    const driver = new Driver({ limits })
    const request = driver.open(1, [], {})
    upload(driver, 1, 128 * 1024)
    expect(driver.take()).toEqual([])
    request.take(64 * 1024 - 1)
    expect(driver.take()).toEqual([])
    request.take(1)
    expect(driver.take()).toEqual(['WINDOW_UPDATE 1 65536'])
    request.take(64 * 1024)
    expect(driver.take()).toEqual(['WINDOW_UPDATE 0 131072', 'WINDOW_UPDATE 1 65536'])
  })

  it('is not widened by what nobody takes', () => {
    const driver = new Driver({ limits })
    const request = driver.open(1, [], {})
    upload(driver, 1, 128 * 1024)
    driver.pass(300_000)
    expect([driver.take(), request.isReset]).toEqual([[], false])
  })

  it('ends a stream that sends one byte more than its own, with all that came of it given back', () => {
    const driver = new Driver({ limits })
    const request = driver.open(1, [], {})
    upload(driver, 1, 128 * 1024)
    expect(driver.ask(data(1, Buffer.from('x')))).toEqual(['RST_STREAM 1 flowControl', 'WINDOW_UPDATE 0 131072'])
    expect(request.isReset).toBe(true)
    expect(request.body).toHaveLength(128 * 1024)
  })

  it('ends a connection that sends one byte more than all streams together may', () => {
    const driver = new Driver({ limits: { ...limits, streamWindow: 256 * 1024 } })
    driver.open(1, [], {})
    driver.open(3, [], {})
    upload(driver, 1, 200 * 1024)
    upload(driver, 3, 56 * 1024)
    expect(driver.take()).toEqual([])
    expect(driver.ask(data(3, Buffer.from('x'))).at(-1)).toBe('GOAWAY 3 flowControl')
  })

  it('shrinks by padding too, which is given back at once (section 6.1)', () => {
    const driver = new Driver({ limits })
    const request = driver.open(1, [], {})
    // 200 bytes of padding, and the one that says so.
    for (let i = 0; i < 327; i++) driver.send(data(1, Buffer.from('x'), { padding: 200 }))
    expect(driver.take()).toEqual([`WINDOW_UPDATE 1 ${327 * 201}`])
    expect(request.body).toHaveLength(327)
  })

  it('ends a stream whose padding goes beyond it', () => {
    const driver = new Driver({ limits })
    driver.open(1, [], {})
    upload(driver, 1, 128 * 1024 - 10)
    expect(driver.ask(data(1, Buffer.from('x'), { padding: 8 }))).toEqual([])
    expect(driver.ask(data(1, Buffer.from('x'), { padding: 9 }))[0]).toBe('RST_STREAM 1 flowControl')
  })

  it('of the connection gets back the padding of all streams', () => {
    const driver = new Driver({ limits })
    for (let i = 0; i < 655; i++) {
      const id = 1 + 2 * i
      driver.open(id, [], {})
      driver.send(data(id, Buffer.alloc(0), { end: true, padding: 200 }))
      driver.request(id).answer()
    }
    // 655 times 201 bytes of padding, of which 653 are more than half a window.
    expect(driver.take().filter((line) => line.startsWith('WINDOW_UPDATE'))).toEqual([`WINDOW_UPDATE 0 ${653 * 201}`])
  })

  it('does not grow for a stream whose client has sent all', () => {
    const driver = new Driver({ limits })
    const request = driver.open(1, [], {})
    upload(driver, 1, 100 * 1024)
    driver.send(data(1, Buffer.alloc(0), { end: true }))
    request.take(100 * 1024)
    driver.open(3, [], {})
    upload(driver, 3, 28 * 1024)
    driver.request(3).take(28 * 1024)
    expect(driver.take()).toEqual(['WINDOW_UPDATE 0 131072'])
  })

  it.each([
    ['its client', (driver: Driver) => driver.send(resetStream(1, errorCode.cancel)), []],
    ['us', (driver: Driver) => driver.request(1).reset(errorCode.internal), ['RST_STREAM 1 internal']],
  ])('gets back for the connection what nobody took of a stream that was reset by %s', (_who, reset, before) => {
    const driver = new Driver({ limits })
    driver.open(1, [], {})
    upload(driver, 1, 128 * 1024)
    reset(driver)
    expect(driver.take()).toEqual([...before, 'WINDOW_UPDATE 0 131072'])
    // Who lets go of it later gives nothing twice.
    driver.request(1).take(128 * 1024)
    expect(driver.take()).toEqual([])
  })

  it('counts DATA for a stream that we reset, which may have been on its way, and gives it back (section 5.1)', () => {
    const driver = new Driver({ limits })
    driver.open(1, [], {}).reset(errorCode.cancel)
    driver.take()
    upload(driver, 1, 127 * 1024)
    expect(driver.take()).toEqual([])
    driver.send(data(1, kilobyte, { end: true }))
    expect([driver.take(), driver.ends]).toEqual([['WINDOW_UPDATE 0 131072'], 0])
  })

  it('gives back the rest of a DATA frame whose stream ends in the middle of it', () => {
    const driver = new Driver({ limits })
    const request = driver.open(1, [], {})
    upload(driver, 1, 112_000)
    const frame = data(1, Buffer.alloc(16_384, 'x'))
    driver.send(frame.subarray(0, 5_000))
    request.reset(errorCode.cancel)
    expect(driver.take()).toEqual(['RST_STREAM 1 cancel'])
    driver.send(frame.subarray(5_000))
    expect(driver.take()).toEqual([])
    driver.open(3, [], {})
    upload(driver, 3, 131_072 - 112_000 - 16_384)
    driver.request(3).take(131_072 - 112_000 - 16_384)
    expect(driver.take()).toEqual(['WINDOW_UPDATE 0 131072'])
  })
})

describe('DATA', () => {
  it('for a stream that has ended both ways is refused, without harm to the others (section 5.1)', () => {
    const driver = new Driver()
    driver.open(1).answer()
    driver.take()
    expect(driver.ask(data(1, kilobyte))).toEqual(['RST_STREAM 1 streamClosed'])
    expect(driver.ask(data(1, kilobyte))).toEqual([])
    expect(driver.open(3).isReset).toBe(false)
  })

  it('behind the end of its stream resets it (section 5.1)', () => {
    const driver = new Driver()
    const request = driver.open(1)
    expect(driver.ask(data(1, kilobyte))).toEqual(['RST_STREAM 1 streamClosed'])
    expect([request.isReset, request.body]).toEqual([true, ''])
  })

  it('reaches its request only', () => {
    const driver = new Driver()
    driver.open(1, [], {})
    driver.open(3, [], {})
    driver.send(
      data(1, Buffer.from('one ')),
      data(3, Buffer.from('three ')),
      data(1, Buffer.from('more'), { end: true }),
    )
    expect(driver.requests.map(({ body, hasEnd }) => [body, hasEnd])).toEqual([
      ['one more', true],
      ['three ', false],
    ])
  })
})

describe('a header list for a stream that is', () => {
  const trailers = encodeBlock([['x-sum', '1']])

  it('open, and ends it, is its trailers (section 8.1)', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    driver.send(data(1, Buffer.from('body')), headers(1, trailers, { end: true, parts: 2 }))
    expect([request.body, request.hasEnd]).toEqual(['body', true])
    expect(request.trailers?.map(({ name, value }) => [name, value])).toEqual([['x-sum', '1']])
  })

  it('open, and does not end it, is malformed (section 8.1)', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    expect(driver.ask(headers(1, trailers))).toEqual(['RST_STREAM 1 protocol'])
    expect(request.isReset).toBe(true)
  })

  it('ended by its client resets it (section 5.1)', () => {
    const driver = new Driver()
    driver.open(1)
    expect(driver.ask(headers(1, trailers, { end: true }))).toEqual(['RST_STREAM 1 streamClosed'])
  })

  it('reset by us is dropped, and decoded: those after it build on it (section 4.3)', () => {
    const driver = new Driver()
    driver.open(1, [], {}).reset(errorCode.cancel)
    driver.take()
    // Literal with incremental indexing of x-a: 1; then the request that names it as the first of the table.
    expect(driver.ask(headers(1, Buffer.from('\x40\x03x-a\x011', 'latin1'), { end: true }))).toEqual([])
    driver.send(headers(3, Buffer.concat([block, Buffer.from([0xbe])]), { end: true }))
    expect(driver.request(3).head.fields.map(({ name, value }) => [name, value])).toEqual([['x-a', '1']])
  })

  it('over ends the connection: its client has lost count (section 5.1)', () => {
    const driver = new Driver()
    driver.open(5).answer()
    driver.take()
    expect(driver.ask(headers(5, block, { end: true }))).toEqual(['GOAWAY 5 streamClosed'])
  })

  it('lower than one before it ends the connection (section 5.1.1)', () => {
    const driver = new Driver()
    driver.open(5)
    expect(driver.ask(headers(3, block, { end: true }))).toEqual(['GOAWAY 5 streamClosed'])
  })
})
