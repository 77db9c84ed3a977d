import { describe, expect, it } from 'vitest'
import { data, flag, frame, frameType, preface, setting, settingsFrame, windowUpdate } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, patience, requestFields } from './driver.ts'

const { stallMs } = patience
const block = encodeBlock(requestFields)
const smallWindow = { settings: [[setting.initialWindow, 10]] } as const

describe('a client that', () => {
  it.each([
    ['says nothing', []],
    ['sends half a preface', [preface.subarray(0, 10)]],
    ['sends no SETTINGS behind its preface', [preface]],
    ['sends half of its SETTINGS', [preface, settingsFrame([[setting.maxFrame, 16_384]]).subarray(0, 12)]],
  ])('%s is cut off', (_what, frames) => {
    const driver = new Driver({ settings: 'none' })
    driver.take()
    driver.send(...frames)
    driver.pass(driver.limits.prefaceMs)
    expect(driver.take()).toEqual([])
    driver.pass(1_000)
    expect(driver.take()).toEqual(['GOAWAY 0 enhanceYourCalm preface-timeout'])
    expect([driver.reached, driver.ends]).toEqual([['preface-timeout'], 1])
  })

  it('begins a header list and never ends it is cut off', () => {
    const driver = new Driver()
    driver.send(frame(frameType.headers, flag.endStream, 1, block.subarray(0, 4)))
    driver.pass(driver.limits.headerBlockMs)
    // What comes in drops gives it no more time.
    driver.send(frame(frameType.continuation, 0, 1, block.subarray(4, 6)))
    expect(driver.take()).toEqual([])
    driver.pass(1_000)
    expect(driver.take()).toEqual(['GOAWAY 0 enhanceYourCalm header-timeout'])
    expect([driver.reached, driver.ends]).toEqual([['header-timeout'], 1])
  })

  it('ends its header list in time is not', () => {
    const driver = new Driver()
    driver.send(frame(frameType.headers, flag.endStream, 1, block.subarray(0, 4)))
    driver.pass(driver.limits.headerBlockMs)
    driver.send(frame(frameType.continuation, flag.endHeaders, 1, block.subarray(4)))
    driver.pass(5_000)
    expect([driver.requests.length, driver.take()]).toEqual([1, []])
  })
})

describe('a stall is', () => {
  it('a request whose body stops: its stream is reset, and nobody else is hurt', () => {
    const driver = new Driver()
    const [slow, other] = [driver.open(1, [], {}), driver.open(3)]
    driver.send(data(1, Buffer.from('half')))
    slow.take(4)
    driver.pass(stallMs)
    expect(driver.take()).toEqual([])
    driver.pass(1_000)
    expect(driver.take()).toEqual(['RST_STREAM 1 cancel'])
    expect([slow.isReset, other.isReset, driver.reached, driver.ends]).toEqual([true, false, ['body-stall'], 0])
  })

  it('a request whose body never begins', () => {
    const driver = new Driver()
    driver.open(1, [], {})
    driver.pass(stallMs + 1_000)
    expect([driver.take(), driver.reached]).toEqual([['RST_STREAM 1 cancel'], ['body-stall']])
  })

  it('empty frames in place of a body', () => {
    const driver = new Driver()
    driver.open(1, [], {})
    driver.pass(stallMs)
    driver.send(data(1, Buffer.alloc(0)), data(1, Buffer.alloc(0), { padding: 3 }))
    driver.pass(1_000)
    expect(driver.reached).toEqual(['body-stall'])
  })

  it('an answer that a client gives no window for', () => {
    const driver = new Driver(smallWindow)
    const request = driver.open(1)
    request.answer(100)
    driver.take()
    driver.pass(stallMs)
    expect(driver.take()).toEqual([])
    driver.pass(1_000)
    expect(driver.take()).toEqual(['RST_STREAM 1 cancel'])
    expect([request.isReset, driver.reached]).toEqual([true, ['write-stall']])
  })

  it('an answer that the connection has no window for', () => {
    const driver = new Driver()
    const request = driver.open(1)
    request.answer(70_000)
    driver.pass(stallMs + 1_000)
    expect([request.isReset, driver.reached]).toEqual([true, ['write-stall']])
  })
})

describe('no stall is', () => {
  const untroubled = (driver: Driver): void => {
    driver.pass(10 * stallMs)
    expect([driver.take(), driver.reached, driver.ends]).toEqual([[], [], 0])
    expect(driver.requests.some(({ isReset }) => isReset)).toBe(false)
  }

  it('a request that waits for an endpoint', () => {
    const driver = new Driver()
    driver.open(1)
    untroubled(driver)
  })

  it('a body that nobody takes', () => {
    const driver = new Driver()
    driver.open(1, [], {})
    driver.send(data(1, Buffer.from('body')))
    untroubled(driver)
  })

  it('an answer that has said all for now, with a client that might still speak', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    request.respond()
    request.write('first')
    driver.take()
    untroubled(driver)
  })

  it('an event behind a long silence, for which there is no window yet', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 5]] })
    const request = driver.open(1)
    request.respond()
    request.write('first')
    driver.take()
    untroubled(driver)
    request.write('second')
    driver.pass(stallMs)
    expect(driver.ask(windowUpdate(1, 6))).toEqual(['DATA 1 6'])
    untroubled(driver)
  })

  it('a body that comes in drops', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    for (let i = 0; i < 5; i++) {
      driver.pass(stallMs)
      driver.send(data(1, Buffer.from('x')))
      request.take(1)
    }
    expect([request.body, driver.reached]).toEqual(['xxxxx', []])
  })

  it('an answer that is read in drops', () => {
    const driver = new Driver(smallWindow)
    driver.open(1).answer(15)
    driver.take()
    for (let i = 0; i < 5; i++) {
      driver.pass(stallMs)
      driver.send(windowUpdate(1, 1))
    }
    expect([driver.take().at(-1), driver.reached]).toEqual(['DATA 1 1 end', []])
  })

  it('a body that was not taken for long, when it is taken', () => {
    const driver = new Driver()
    const request = driver.open(1, [], {})
    driver.send(data(1, Buffer.from('body')))
    untroubled(driver)
    request.take(4)
    driver.pass(stallMs)
    expect(driver.reached).toEqual([])
  })

  it('an answer that waits its turn behind a long one which its client reads (RFC 9218)', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 2 ** 30]] })
    driver.open(1, [['priority', 'u=1']]).answer(100_000)
    const waiting = driver.open(3, [['priority', 'u=5']])
    waiting.answer(10)
    for (let i = 0; i < 6; i++) {
      driver.pass(stallMs / 2)
      driver.send(windowUpdate(0, 1_000))
    }
    expect([waiting.isReset, driver.reached]).toEqual([false, []])
    driver.take()
    expect(driver.ask(windowUpdate(0, 100_000)).at(-1)).toBe('DATA 3 10 end')
  })
})
