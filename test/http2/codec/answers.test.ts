import { describe, expect, it } from 'vitest'
import { data, errorCode, headers, resetStream, setting, windowUpdate } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, requestFields } from './driver.ts'

const block = encodeBlock(requestFields)

describe('the end of an answer (RFC 9113 section 8.1)', () => {
  it('rides on its head where there is no body', () => {
    const driver = new Driver()
    driver.open(1).answer()
    expect(driver.take()).toEqual(['HEADERS 1 200 end'])
  })

  it('rides on the last of its DATA', () => {
    const driver = new Driver()
    driver.open(1).answer(20_000)
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 16384', 'DATA 1 3616 end'])
  })

  it('rides on it also where other streams have spoken since', () => {
    const driver = new Driver()
    const [one, three] = [driver.open(1), driver.open(3)]
    one.respond()
    one.write('one')
    three.answer('three')
    one.end()
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 3 end', 'HEADERS 3 200', 'DATA 3 5 end'])
  })

  it('is an empty DATA frame where the last one has left', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.respond()
    request.write('x')
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 1'])
    request.end()
    expect(driver.take()).toEqual(['DATA 1 0 end'])
  })

  it('is an empty DATA frame where the last one stands in a buffer that is full', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 1_000_000]] })
    driver.send(windowUpdate(0, 1_000_000))
    const [one, three] = [driver.open(1), driver.open(3)]
    one.respond()
    one.write('x')
    three.answer(100_000)
    one.end()
    const lines = driver.take()
    expect(lines.slice(0, 2)).toEqual(['HEADERS 1 200', 'DATA 1 1'])
    expect(lines.at(-1)).toBe('DATA 1 0 end')
  })

  it('is written once, however often it is said, and nothing follows it', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.answer('x')
    request.write('more')
    request.end('x-sum: 1\r\n')
    request.respond(500)
    request.reset(errorCode.cancel)
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 1 end'])
  })

  it('is its trailers where it has some', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.respond()
    request.write('x')
    request.end('x-sum: 1\r\nx-more: 2\r\n')
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 1', 'HEADERS 1 trailers end'])
    expect(driver.texts.fields.at(-1)).toEqual([
      ['x-sum', '1'],
      ['x-more', '2'],
    ])
  })

  it('waits with its trailers for the body before them', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 0]] })
    const request = driver.open(1)
    request.respond()
    request.write('x')
    request.end('x-sum: 1\r\n')
    expect(driver.take()).toEqual(['HEADERS 1 200'])
    expect(driver.ask(windowUpdate(1, 1))).toEqual(['DATA 1 1', 'HEADERS 1 trailers end'])
  })
})

describe('a head', () => {
  it('is the first of its connection to say that we keep no table of fields (RFC 7541 section 6.3)', () => {
    const driver = new Driver()
    driver.open(1).answer()
    driver.open(3).answer()
    const updates = driver.takeFrames().map(({ payload }) => payload.readUInt8(0) === 0x20)
    expect(updates).toEqual([true, false])
  })

  it('has its status first, and its fields in lower case (section 8.2)', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.respond(404, 'Content-Type: text/plain\r\nX-App: A\r\nX-App: b\r\n')
    expect(driver.take()).toEqual(['HEADERS 1 404'])
    expect(driver.texts.fields).toEqual([
      [
        [':status', '404'],
        ['content-type', 'text/plain'],
        ['x-app', 'A'],
        ['x-app', 'b'],
      ],
    ])
  })

  it('that is larger than a frame goes on in CONTINUATION, with nothing between (section 4.3)', () => {
    const driver = new Driver()
    const [one, three] = [driver.open(1), driver.open(3)]
    const value = '~'.repeat(15_000)
    one.respond(200, `x-a: ${value}\r\nx-b: ${value}\r\nx-c: ${value}\r\n`)
    three.respond()
    one.end()
    three.end()
    expect(driver.take()).toEqual([
      'HEADERS 1 part end',
      'CONTINUATION 1 part',
      'CONTINUATION 1 200',
      'HEADERS 3 200 end',
    ])
    expect(driver.texts.fields[0]?.map(([name, { length }]) => [name, length])).toEqual([
      [':status', 3],
      ['x-a', 15_000],
      ['x-b', 15_000],
      ['x-c', 15_000],
    ])
  })

  it('that is larger than a buffer ends with an empty DATA frame', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.respond(200, Array.from({ length: 9 }, (_, i) => `x-${i}: ${'~'.repeat(15_000)}\r\n`).join(''))
    request.end()
    expect(driver.take().at(-1)).toBe('DATA 1 0 end')
    expect(driver.texts.fields[0]).toHaveLength(10)
  })

  it('may come behind others that only inform (section 8.1)', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.inform(100)
    request.inform(103, 'link: </a>\r\n')
    request.answer()
    expect(driver.take()).toEqual(['HEADERS 1 100', 'HEADERS 1 103', 'HEADERS 1 200 end'])
  })

  it('is not followed by one that only informs', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.respond()
    request.inform(103, 'link: </a>\r\n')
    expect(driver.take()).toEqual(['HEADERS 1 200'])
  })
})

describe('an answer that is complete before its request', () => {
  const body = Buffer.alloc(16_384, 'u')

  const answered = (): Driver => {
    const driver = new Driver()
    driver.open(1, [], {}).answer()
    driver.take()
    return driver
  }

  it('leaves its client 64 KB to come to an end, then asks it to stop, without an error (section 8.1)', () => {
    const driver = answered()
    for (let i = 0; i < 4; i++) expect(driver.ask(data(1, body))).toEqual([])
    expect(driver.ask(data(1, Buffer.from('x')))).toEqual(['RST_STREAM 1 none'])
    expect([driver.request(1).body, driver.connection.openStreams, driver.ends]).toEqual(['', 0, 0])
  })

  it('is over when the request ends, and whoever answered it hears no more of it', () => {
    const driver = answered()
    expect(driver.connection.openStreams).toBe(1)
    expect(driver.ask(data(1, body, { end: true }))).toEqual([])
    expect(driver.connection.openStreams).toBe(0)
    expect(driver.request(1)).toMatchObject({ hasEnd: false, isReset: false, body: '' })
  })

  it('is over when its trailers come', () => {
    const driver = answered()
    expect(driver.ask(headers(1, encodeBlock([['x-sum', '1']]), { end: true }))).toEqual([])
    expect(driver.connection.openStreams).toBe(0)
  })

  it('asks the client to stop a second later anyway', () => {
    const driver = answered()
    driver.pass(1_000)
    expect([driver.take(), driver.reached]).toEqual([['RST_STREAM 1 none'], []])
  })

  it('gives the connection back what came of the body before and after', () => {
    const driver = new Driver({ limits: { connectionWindow: 131_072 } })
    const request = driver.open(1, [], {})
    driver.send(data(1, body), data(1, body))
    request.answer()
    driver.send(data(1, body), data(1, body))
    expect(driver.take()).toEqual(['HEADERS 1 200 end', 'WINDOW_UPDATE 0 65536'])
  })

  it('leaves the stream to a reset of the client', () => {
    const driver = answered()
    expect(driver.ask(resetStream(1, errorCode.cancel))).toEqual([])
    expect([driver.connection.openStreams, driver.request(1).isReset]).toEqual([0, false])
  })
})

describe('a reset of ours', () => {
  it('takes back what was not sent, and frees the stream', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 10]] })
    const request = driver.open(1)
    request.respond()
    request.write(100)
    request.reset(errorCode.internal)
    request.reset(errorCode.internal)
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 10', 'RST_STREAM 1 internal'])
    expect(driver.ask(windowUpdate(1, 100))).toEqual([])
    expect([driver.connection.openStreams, request.isReset]).toEqual([0, false])
  })

  it('of a request that has not been handed on leaves those behind it', () => {
    const driver = new Driver({ onRequest: (request) => request.reset(errorCode.cancel) })
    driver.send(headers(1, block, { end: true }), headers(3, block, { end: true }))
    expect(driver.take()).toEqual(['RST_STREAM 1 cancel', 'RST_STREAM 3 cancel'])
  })
})
