import { describe, expect, it } from 'vitest'
import {
  data,
  frame,
  frameType,
  goaway,
  headers,
  ping,
  preface,
  setting,
  settingsAck,
  settingsFrame,
  windowUpdate,
} from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, requestFields } from './driver.ts'

const block = encodeBlock(requestFields)

describe('the beginning of a connection (RFC 9113 section 3.4)', () => {
  it('is our SETTINGS and the larger window, before the client has said a word', () => {
    const driver = new Driver({ settings: 'none' })
    expect(driver.take()).toEqual(['SETTINGS', `WINDOW_UPDATE 0 ${driver.limits.connectionWindow - 65_535}`])
  })

  it('says our limits', () => {
    const driver = new Driver({ settings: 'none' })
    const [settings] = driver.takeFrames()
    const entries = Array.from({ length: (settings?.payload.length ?? 0) / 6 }, (_, i) => [
      settings?.payload.readUInt16BE(i * 6),
      settings?.payload.readUInt32BE(i * 6 + 2),
    ])
    expect(entries).toEqual([
      [0x1, driver.limits.headerTableBytes],
      [0x3, driver.limits.streams],
      [0x4, driver.limits.streamWindow],
      [0x6, driver.limits.headerListBytes],
      // RFC 8441 section 3, RFC 9218 section 2.1.
      [0x8, 1],
      [0x9, 1],
    ])
  })

  it('takes requests in the same read as the preface', () => {
    const driver = new Driver({ settings: 'none' })
    driver.send(preface, settingsFrame(), headers(1, block, { end: true }))
    expect(driver.requests).toHaveLength(1)
  })

  it('acknowledges SETTINGS once for each, before anything else of the same read', () => {
    const driver = new Driver({ settings: 'none' })
    driver.take()
    expect(driver.ask(preface, settingsFrame(), ping(1), settingsFrame([[setting.maxFrame, 20_000]]))).toEqual([
      'SETTINGS ack',
      'PING ack 1',
      'SETTINGS ack',
    ])
  })

  it.each([
    ['another preface', [Buffer.from('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')]],
    ['a preface with another last byte', [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r', 'latin1'), settingsFrame()]],
    ['a request before SETTINGS', [preface, headers(1, block, { end: true })]],
    ['a PING before SETTINGS', [preface, ping()]],
    ['DATA before SETTINGS', [preface, data(1, Buffer.from('x'))]],
    ['an acknowledgement before SETTINGS', [preface, settingsAck]],
    ['an unknown frame before SETTINGS', [preface, frame(0x99, 0, 0)]],
  ])('ends with %s', (_what, frames) => {
    const driver = new Driver({ settings: 'none' })
    driver.take()
    expect(driver.ask(...frames)).toEqual(['GOAWAY 0 protocol'])
    expect([driver.ends, driver.connection.isEnded, driver.requests]).toEqual([1, true, []])
  })

  it('ends with a wrong byte as soon as that is there', () => {
    const driver = new Driver({ settings: 'none' })
    driver.take()
    expect(driver.ask(Buffer.from('PRI * HTTP/1'))).toEqual(['GOAWAY 0 protocol'])
  })
})

describe('SETTINGS (RFC 9113 section 6.5)', () => {
  it.each([
    ['a window above 2^31 - 1', [setting.initialWindow, 2 ** 31], 'flowControl'],
    ['frames of less than 16,384 bytes', [setting.maxFrame, 16_383], 'protocol'],
    ['frames of more than 2^24 - 1 bytes', [setting.maxFrame, 2 ** 24], 'protocol'],
    ['a push that is neither on nor off', [setting.enablePush, 2], 'protocol'],
    ['an extended CONNECT that is neither on nor off', [0x8, 2], 'protocol'],
    ['priorities that are neither on nor off', [0x9, 2], 'protocol'],
  ] as const)('end the connection that ask for %s', (_what, entry, code) => {
    expect(new Driver().ask(settingsFrame([entry]))).toEqual(['SETTINGS ack', `GOAWAY 0 ${code}`])
  })

  it('may say what nobody knows, and each value at its bounds', () => {
    const entries = [
      [0xfa, 7],
      [setting.maxFrame, 16_384],
      [setting.maxFrame, 2 ** 24 - 1],
      [setting.initialWindow, 2 ** 31 - 1],
      [setting.initialWindow, 0],
      [setting.enablePush, 0],
      [setting.maxStreams, 0],
      [setting.tableSize, 0],
      [setting.maxHeaderList, 0],
    ] as const
    expect(new Driver().ask(settingsFrame(entries))).toEqual(['SETTINGS ack'])
  })
})

describe('a frame that breaks a rule of RFC 9113 section 6 ends the connection:', () => {
  it.each([
    ['longer than 16,384 bytes', frame(0x99, 0, 0, Buffer.alloc(16_385)), 'frameSize'],
    ['DATA on stream 0', data(0, Buffer.from('x')), 'protocol'],
    ['DATA on a stream that never was', data(1, Buffer.from('x')), 'protocol'],
    ['HEADERS on stream 0', headers(0, block), 'protocol'],
    ['HEADERS on an even stream', headers(2, block), 'protocol'],
    ['HEADERS with padding beyond their end', frame(0x1, 0x4 | 0x8, 1, Buffer.from([5, 1, 2])), 'protocol'],
    ['HEADERS without room for their priority', frame(0x1, 0x4 | 0x20, 1, Buffer.from([0, 0, 0, 0])), 'frameSize'],
    ['HEADERS that depend on themselves', frame(0x1, 0x4 | 0x20, 1, Buffer.from([0, 0, 0, 1, 15])), 'protocol'],
    ['HEADERS that nobody can decode', headers(1, Buffer.from([0x80])), 'compression'],
    ['PRIORITY on stream 0', frame(0x2, 0, 0, Buffer.alloc(5)), 'protocol'],
    ['PRIORITY of four bytes', frame(0x2, 0, 1, Buffer.alloc(4)), 'frameSize'],
    ['PRIORITY that depends on itself', frame(0x2, 0, 1, Buffer.from([0, 0, 0, 1, 15])), 'protocol'],
    ['RST_STREAM on stream 0', frame(0x3, 0, 0, Buffer.alloc(4)), 'protocol'],
    ['RST_STREAM on a stream that never was', frame(0x3, 0, 1, Buffer.alloc(4)), 'protocol'],
    ['RST_STREAM of three bytes', frame(0x3, 0, 1, Buffer.alloc(3)), 'frameSize'],
    ['SETTINGS on a stream', frame(0x4, 0, 1), 'protocol'],
    ['SETTINGS of five bytes', frame(0x4, 0, 0, Buffer.alloc(5)), 'frameSize'],
    ['an acknowledgement with something in it', frame(0x4, 1, 0, Buffer.alloc(6)), 'frameSize'],
    ['PUSH_PROMISE of a client', frame(0x5, 0x4, 1, Buffer.alloc(4)), 'protocol'],
    ['PING on a stream', frame(0x6, 0, 1, Buffer.alloc(8)), 'protocol'],
    ['PING of seven bytes', frame(0x6, 0, 0, Buffer.alloc(7)), 'frameSize'],
    ['GOAWAY on a stream', frame(0x7, 0, 1, Buffer.alloc(8)), 'protocol'],
    ['GOAWAY of seven bytes', frame(0x7, 0, 0, Buffer.alloc(7)), 'frameSize'],
    ['WINDOW_UPDATE of five bytes', frame(0x8, 0, 0, Buffer.alloc(5)), 'frameSize'],
    ['WINDOW_UPDATE by nothing', windowUpdate(0, 0), 'protocol'],
    ['WINDOW_UPDATE on a stream that never was', windowUpdate(1, 1), 'protocol'],
    ['CONTINUATION of nothing', frame(0x9, 0x4, 1, block), 'protocol'],
    ['PRIORITY_UPDATE on a stream (RFC 9218)', frame(0x10, 0, 1, Buffer.alloc(4)), 'protocol'],
    ['PRIORITY_UPDATE of stream 0 (RFC 9218)', frame(0x10, 0, 0, Buffer.alloc(4)), 'protocol'],
    ['PRIORITY_UPDATE of three bytes (RFC 9218)', frame(0x10, 0, 0, Buffer.alloc(3)), 'frameSize'],
  ])('%s', (_what, bytes, code) => {
    const driver = new Driver()
    const [last = '', ...before] = driver.ask(bytes).toReversed()
    expect(last).toMatch(new RegExp(`^GOAWAY [01] ${code}$`))
    expect([before, driver.ends]).toEqual([[], 1])
  })

  it.each([
    ['DATA with padding up to its beginning', Buffer.from([5, 1, 2, 3, 4]), 'protocol'],
    ['DATA with more padding than that', Buffer.from([255, 1, 2, 3, 4]), 'protocol'],
    ['DATA without room for the length of its padding', Buffer.alloc(0), 'frameSize'],
  ])('%s, on a stream that takes DATA', (_what, payload, code) => {
    const driver = new Driver()
    driver.open(1, [], {})
    expect(driver.ask(frame(frameType.data, 0x8, 1, payload))).toEqual([`GOAWAY 1 ${code}`])
  })

  it('not DATA that is all padding', () => {
    const driver = new Driver()
    driver.open(1, [], {})
    expect(driver.ask(frame(frameType.data, 0x9, 1, Buffer.from([4, 1, 2, 3, 4])))).toEqual([])
    expect(driver.request(1).hasEnd).toBe(true)
  })

  it('what stands between the frames of a header list, of any kind and stream (section 6.10)', () => {
    const begun = frame(frameType.headers, 0, 1, block.subarray(0, 5))
    const rest = frame(frameType.continuation, 0x4, 3, block.subarray(5))
    for (const between of [ping(), data(1, Buffer.from('x')), frame(0x99, 0, 1), headers(3, block), rest]) {
      expect(new Driver().ask(begun, between)).toEqual(['GOAWAY 0 protocol'])
    }
  })

  it('nothing is read after it', () => {
    const driver = new Driver()
    expect(driver.ask(windowUpdate(0, 0), headers(1, block, { end: true }), ping(7))).toEqual(['GOAWAY 0 protocol'])
    expect(driver.ask(ping(8))).toEqual([])
    expect([driver.requests, driver.ends]).toEqual([[], 1])
  })
})

describe('what says nothing that matters', () => {
  it('is read over: unknown frames and flags, GOAWAY, an answer to a PING that nobody sent, the reserved bit', () => {
    const driver = new Driver()
    const reserved = headers(1, block, { end: true })
    reserved.writeUInt32BE(0x8000_0001, 5)
    driver.send(frame(0x99, 0xff, 7, Buffer.from('what?')), frame(frameType.ping, 0xff, 0, Buffer.alloc(8)))
    driver.send(goaway(0, 2), reserved)
    expect(driver.take()).toEqual([])
    expect(driver.request(1).hasBody).toBe(false)
  })

  it('is read over: padding and priority of HEADERS', () => {
    const driver = new Driver()
    const request = driver.open(1, [], { end: true, padding: 200, isPrioritized: true })
    expect(request.head.path).toBe('/')
  })
})
