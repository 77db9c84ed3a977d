import { describe, expect, it } from 'vitest'
import { data, errorCode, headers, ping, resetStream, setting, windowUpdate } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, patience, requestFields } from './driver.ts'

const block = encodeBlock(requestFields)
const everyStream = 2 ** 31 - 1

describe('a connection that is to end (RFC 9113 section 6.8)', () => {
  it('warns first, and still takes every stream', () => {
    const driver = new Driver()
    driver.connection.announceEnd()
    expect(driver.take()).toEqual([`GOAWAY ${everyStream} none`])
    driver.open(1).answer()
    expect(driver.take()).toEqual(['HEADERS 1 200 end'])
    expect(driver.ends).toBe(0)
  })

  it('then names the last stream that it took, and ends with it', () => {
    const driver = new Driver()
    const [one, three] = [driver.open(1), driver.open(3)]
    driver.connection.announceEnd()
    driver.connection.drain()
    driver.connection.drain()
    driver.connection.announceEnd()
    expect(driver.take()).toEqual([`GOAWAY ${everyStream} none`, 'GOAWAY 3 none'])
    three.answer('x')
    expect([driver.take(), driver.ends]).toEqual([['HEADERS 3 200', 'DATA 3 1 end'], 0])
    one.answer()
    expect([driver.take(), driver.ends, driver.connection.isEnded]).toEqual([['HEADERS 1 200 end'], 1, true])
  })

  it('ends at once where there is no stream', () => {
    const driver = new Driver()
    driver.connection.drain()
    expect([driver.take(), driver.ends]).toEqual([['GOAWAY 0 none'], 1])
  })

  it('ends when the last stream is reset, by either side', () => {
    for (const isOurs of [true, false]) {
      const driver = new Driver()
      const request = driver.open(1)
      driver.connection.drain()
      if (isOurs) request.reset(errorCode.cancel)
      else driver.send(resetStream(1, errorCode.cancel))
      expect(driver.ends).toBe(1)
    }
  })

  it('reads nothing behind the end of its last stream, in the same read either', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    driver.connection.drain()
    request.answer()
    driver.take()
    expect(driver.ask(data(1, Buffer.from('body'), { end: true }), ping(7), headers(3, block))).toEqual([])
    expect([driver.ends, driver.requests.length]).toEqual([1, 1])
  })

  it('waits for a request that is still being sent', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    driver.connection.drain()
    driver.send(data(1, Buffer.from('body'), { end: true }))
    expect([request.body, request.hasEnd, driver.ends]).toEqual(['body', true, 0])
    request.answer()
    expect(driver.ends).toBe(1)
  })

  it('drops streams above the last one without a word, whatever is said of them', () => {
    const driver = new Driver()
    driver.open(1)
    driver.connection.drain()
    driver.take()
    const said = [
      headers(3, block),
      data(3, Buffer.from('body')),
      windowUpdate(3, 5),
      headers(3, encodeBlock([['x-sum', '1']]), { end: true }),
      headers(5, encodeBlock([['Malformed', '1']]), { end: true }),
      resetStream(3, errorCode.cancel),
      data(3, Buffer.from('more')),
    ]
    for (const one of said) expect(driver.ask(one)).toEqual([])
    expect([driver.requests.length, driver.reached, driver.ends]).toEqual([1, [], 0])
  })

  it('decodes their header lists all the same: those after them build on it (section 4.3)', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    driver.connection.drain()
    driver.send(headers(3, Buffer.from('\x40\x03x-a\x011', 'latin1'), { end: true }))
    driver.send(headers(1, Buffer.from([0xbe]), { end: true }))
    expect(request.trailers?.map(({ name, value }) => [name, value])).toEqual([['x-a', '1']])
  })

  it('counts their DATA for the window of the connection, and gives it back', () => {
    const driver = new Driver({ limits: { connectionWindow: 131_072 } })
    driver.open(1)
    driver.connection.drain()
    driver.send(headers(3, block))
    driver.take()
    for (let i = 0; i < 3; i++) expect(driver.ask(data(3, Buffer.alloc(16_384)))).toEqual([])
    expect(driver.ask(data(3, Buffer.alloc(16_384)))).toEqual(['WINDOW_UPDATE 0 65536'])
  })

  it('never raises the last stream that it named: their client has sent them elsewhere', () => {
    const driver = new Driver()
    driver.open(1)
    driver.connection.drain()
    driver.send(headers(3, block, { end: true }))
    driver.take()
    expect(driver.ask(windowUpdate(0, 0))).toEqual(['GOAWAY 1 protocol'])
  })
})

describe('a connection that has used the last stream that there is', () => {
  it('ends with it when it drains', () => {
    const driver = new Driver()
    const request = driver.open(everyStream)
    driver.connection.drain()
    driver.connection.drain()
    expect(driver.take()).toEqual([`GOAWAY ${everyStream} none`])
    request.answer()
    expect([driver.take(), driver.ends]).toEqual([[`HEADERS ${everyStream} 200 end`], 1])
  })
})

describe('a connection that ends by an error (RFC 9113 section 5.4.1)', () => {
  it('takes all of its requests with it, and sends nothing more of their answers', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 0]] })
    const [one, three] = [driver.open(1), driver.open(3, [], {})]
    one.answer('x')
    driver.take()
    expect(driver.ask(windowUpdate(0, 0))).toEqual(['GOAWAY 3 protocol'])
    expect([one.isReset, three.isReset, driver.connection.openStreams]).toEqual([true, true, 0])
    three.answer()
    driver.connection.drain()
    driver.connection.announceEnd()
    driver.pass(200_000)
    expect([driver.take(), driver.ends]).toEqual([[], 1])
  })

  it('hands on nothing that came in the same read', () => {
    const driver = new Driver()
    driver.send(headers(1, block, { end: true }), windowUpdate(0, 0))
    expect(driver.requests).toEqual([])
  })

  it('does not tell of requests that are over', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.answer()
    driver.send(windowUpdate(0, 0))
    expect(request.isReset).toBe(false)
  })
})

describe('a connection whose socket is gone', () => {
  it('takes its requests with it, and leaves nothing to send', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.respond()
    driver.connection.close()
    request.write('too late')
    request.end()
    expect([request.isReset, driver.connection.isEnded, driver.connection.openStreams]).toEqual([true, true, 0])
    expect(driver.connection.take()).toEqual([])
    expect(driver.ends).toBe(0)
  })
})

describe('a connection without a request', () => {
  it('ends in peace when it has been idle for as long as it may', () => {
    const driver = new Driver()
    driver.pass(patience.idleMs)
    expect(driver.take()).toEqual([])
    driver.pass(1_000)
    expect([driver.take(), driver.ends, driver.reached]).toEqual([['GOAWAY 0 none'], 1, []])
  })

  it('counts from the end of its last request', () => {
    const driver = new Driver()
    const request = driver.open(1)
    driver.pass(2 * patience.idleMs)
    request.answer()
    driver.take()
    driver.pass(patience.idleMs)
    expect(driver.take()).toEqual([])
    driver.pass(1_000)
    expect(driver.take()).toEqual(['GOAWAY 1 none'])
  })

  it('ends also where it has used the last stream that there is (section 5.1.1)', () => {
    const driver = new Driver()
    driver.open(everyStream).answer()
    driver.take()
    driver.pass(patience.idleMs + 5_000)
    expect([driver.take(), driver.ends]).toEqual([[`GOAWAY ${everyStream} none`], 1])
  })

  it('is kept by a PING', () => {
    const driver = new Driver()
    driver.pass(patience.idleMs)
    expect(driver.ask(ping(1))).toEqual(['PING ack 1'])
    driver.pass(patience.idleMs)
    expect(driver.take()).toEqual([])
  })
})
