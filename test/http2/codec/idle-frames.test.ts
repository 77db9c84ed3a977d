import { describe, expect, it } from 'vitest'
import {
  data,
  flag,
  frame,
  frameType,
  headers,
  ping,
  priority,
  priorityUpdate,
  setting,
  settingsAck,
  settingsFrame,
  windowUpdate,
} from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Driver, requestFields } from './driver.ts'

const block = encodeBlock(requestFields)
const once = (burst: number) => ({ burst, perSecond: 0 })

describe('frames that bring no request forward', () => {
  const idle: readonly (readonly [string, Buffer])[] = [
    ['PING', ping()],
    ['answers to no PING', ping(0, flag.ack)],
    ['SETTINGS', settingsFrame()],
    ['acknowledgements', settingsAck],
    ['PRIORITY', priority(7, 0)],
    ['PRIORITY_UPDATE', priorityUpdate(1, 'u=1')],
    ['PRIORITY_UPDATE of streams to come', priorityUpdate(99, 'u=1')],
    ['WINDOW_UPDATE of the connection', windowUpdate(0, 64)],
    ['WINDOW_UPDATE of a stream', windowUpdate(1, 64)],
    ['DATA with nothing in it', data(1, Buffer.alloc(0))],
    ['DATA with nothing but padding', data(1, Buffer.alloc(0), { padding: 9 })],
    ['frames that nobody knows', frame(0x99, 0, 0)],
    ['GOAWAY', frame(frameType.goaway, 0, 0, Buffer.alloc(8))],
  ]

  it.each(idle)('end the connection when there are too many: %s', (_what, bytes) => {
    const driver = new Driver({ limits: { idleFrames: once(10) } })
    driver.open(1, [], {})
    // The request before them earned no more than there was at first; the opening took two, and the request gave them back.
    for (let i = 0; i < 10; i++) driver.send(bytes)
    expect(driver.reached).toEqual([])
    driver.send(bytes)
    expect([driver.reached, driver.take().at(-1)]).toEqual([['idle-frames'], 'GOAWAY 1 enhanceYourCalm idle-frames'])
  })

  it('count SETTINGS by what they set', () => {
    const driver = new Driver({ limits: { idleFrames: once(20) } })
    driver.send(settingsFrame(Array.from({ length: 30 }, () => [setting.initialWindow, 1] as const)))
    expect(driver.reached).toEqual(['idle-frames'])
  })

  it('are earned by requests', () => {
    const driver = new Driver({ limits: { idleFrames: once(10) } })
    for (let id = 1; id < 200; id += 2) {
      driver.open(id).answer()
      for (let i = 0; i < 5; i++) driver.send(ping())
    }
    expect(driver.reached).toEqual([])
  })

  it('are earned by uploads', () => {
    const driver = new Driver({ limits: { idleFrames: once(10) } })
    const request = driver.open(1, [], {})
    for (let i = 0; i < 200; i++) {
      driver.send(data(1, Buffer.alloc(64)), ping(), ping())
      request.take(64)
    }
    expect(driver.reached).toEqual([])
  })

  it('are earned one by one by DATA of a few bytes', () => {
    const driver = new Driver({ limits: { idleFrames: once(10) } })
    const request = driver.open(1, [], {})
    for (let i = 0; i < 200; i++) {
      driver.send(data(1, Buffer.from('x')), ping())
      request.take(1)
    }
    expect(driver.reached).toEqual([])
    for (let i = 0; i < 20; i++) driver.send(data(1, Buffer.from('x')), ping(), ping())
    expect(driver.reached).toEqual(['idle-frames'])
  })

  it('are earned by downloads, whose client widens two windows with each frame', () => {
    const driver = new Driver({ limits: { idleFrames: once(10) } })
    const request = driver.open(1)
    request.respond()
    for (let i = 0; i < 200; i++) {
      request.write('x'.repeat(64))
      driver.send(windowUpdate(0, 64), windowUpdate(1, 64))
    }
    expect(driver.reached).toEqual([])
  })

  it('are not earned by downloads in steps of a few bytes, each of which makes us send a frame', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 0]], limits: { idleFrames: once(10) } })
    const request = driver.open(1)
    request.respond()
    request.write('x'.repeat(1_000))
    for (let i = 0; i < 20; i++) driver.send(windowUpdate(1, 1))
    expect(driver.reached).toEqual(['idle-frames'])
  })

  it('are earned by time', () => {
    const driver = new Driver({ limits: { idleFrames: { burst: 10, perSecond: 1 } } })
    for (let i = 0; i < 50; i++) {
      driver.send(ping())
      driver.pass(1_000)
    }
    expect(driver.reached).toEqual([])
  })

  it('are streams that are refused, one after the other', () => {
    const driver = new Driver({ limits: { streams: 1, idleFrames: once(10) } })
    driver.open(1)
    for (let id = 3; id < 60; id += 2) driver.send(headers(id, block, { end: true }))
    expect(driver.reached.at(-1)).toBe('idle-frames')
  })

  it('are streams above the last one of a connection that drains', () => {
    const driver = new Driver({ limits: { idleFrames: once(10) } })
    driver.open(1)
    driver.connection.drain()
    for (let id = 3; id < 60; id += 2) driver.send(headers(id, block, { end: true }))
    expect(driver.reached).toEqual(['idle-frames'])
  })
})
