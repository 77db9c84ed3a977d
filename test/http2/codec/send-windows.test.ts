import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorCode, resetStream, setting, settingsFrame, windowUpdate } from '../support/frames.ts'
import { Driver } from './driver.ts'

const window = (bytes: number) => settingsFrame([[setting.initialWindow, bytes]])
const small = { settings: [[setting.initialWindow, 100]] } as const

describe('the window of what we may send (RFC 9113 section 6.9)', () => {
  it('of a stream holds its body back, and lets go of as much as it is widened', () => {
    const driver = new Driver(small)
    driver.open(1).answer(250)
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 100'])
    expect(driver.ask(windowUpdate(1, 70))).toEqual(['DATA 1 70'])
    expect(driver.ask(windowUpdate(1, 1_000))).toEqual(['DATA 1 80 end'])
  })

  it('of the connection holds all of them back', () => {
    const driver = new Driver()
    driver.open(1).answer(50_000)
    driver.open(3).answer(50_000)
    expect(driver.take().reduce((sum, line) => sum + Number(/^DATA . (\d+)/.exec(line)?.[1] ?? 0), 0)).toBe(65_535)
    expect(driver.ask(windowUpdate(3, 1_000_000))).toEqual([])
    expect(driver.ask(windowUpdate(0, 40_000)).at(-1)).toMatch(/^DATA 3 \d+ end$/)
  })

  it('of nothing lets heads and empty ends through', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 0]] })
    driver.open(1).answer()
    expect(driver.take()).toEqual(['HEADERS 1 200 end'])
  })

  it('that SETTINGS widen lets bodies go, behind the acknowledgement (section 6.5.3)', () => {
    const driver = new Driver(small)
    driver.open(1).answer(250)
    driver.take()
    expect(driver.ask(window(200))).toEqual(['SETTINGS ack', 'DATA 1 100'])
  })

  it('that SETTINGS lower may fall below nothing, and must be made up for first (section 6.9.2)', () => {
    const driver = new Driver(small)
    driver.open(1).answer(250)
    driver.take()
    expect(driver.ask(window(40))).toEqual(['SETTINGS ack'])
    expect(driver.ask(windowUpdate(1, 60))).toEqual([])
    expect(driver.ask(windowUpdate(1, 1))).toEqual(['DATA 1 1'])
    expect(driver.ask(window(50))).toEqual(['SETTINGS ack', 'DATA 1 10'])
  })

  it('is that of the last SETTINGS for new streams', () => {
    const driver = new Driver(small)
    driver.ask(window(30))
    driver.open(1).answer(50)
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 30'])
  })

  it('of a stream that is widened beyond 2^31 - 1 resets it (section 6.9.1)', () => {
    const driver = new Driver()
    const request = driver.open(1)
    expect(driver.ask(windowUpdate(1, 2 ** 31 - 1))).toEqual(['RST_STREAM 1 flowControl'])
    expect([request.isReset, driver.ends]).toEqual([true, 0])
  })

  it('of a stream may be 2^31 - 1', () => {
    const driver = new Driver()
    driver.open(1)
    expect(driver.ask(windowUpdate(1, 2 ** 31 - 1 - 65_535))).toEqual([])
  })

  it('of a stream that is widened by nothing resets it (section 6.9)', () => {
    const driver = new Driver()
    driver.open(1)
    expect(driver.ask(windowUpdate(1, 0))).toEqual(['RST_STREAM 1 protocol'])
  })

  it('of the connection that is widened beyond 2^31 - 1 ends it (section 6.9.1)', () => {
    const driver = new Driver()
    expect(driver.ask(windowUpdate(0, 2 ** 31 - 1 - 65_535))).toEqual([])
    expect(driver.ask(windowUpdate(0, 1))).toEqual(['GOAWAY 0 flowControl'])
  })

  it('that SETTINGS widen beyond 2^31 - 1 ends the connection (section 6.9.2)', () => {
    const driver = new Driver()
    driver.open(1)
    driver.send(windowUpdate(1, 1))
    expect(driver.ask(window(2 ** 31 - 1))).toEqual(['SETTINGS ack', 'GOAWAY 1 flowControl'])
  })

  it('of a stream that is gone may still be widened, for nothing', () => {
    const driver = new Driver()
    driver.open(1).answer()
    driver.take()
    expect(driver.ask(windowUpdate(1, 5), windowUpdate(1, 0))).toEqual([])
  })

  it('is not used up by a stream that is gone', () => {
    const driver = new Driver()
    driver.open(1).answer(80_000)
    driver.take()
    driver.send(resetStream(1, errorCode.cancel))
    driver.open(3).answer(10)
    expect(driver.ask(windowUpdate(0, 100))).toEqual(['HEADERS 3 200', 'DATA 3 10 end'])
  })
})

describe('whoever writes', () => {
  it('is told to wait from 16 KB on that cannot leave, and to go on below 8 KB', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, 0]] })
    const request = driver.open(1)
    request.respond()
    expect([request.write(16_383), request.write(1)]).toEqual([true, false])
    driver.send(windowUpdate(1, 8_191))
    expect(request.drains).toBe(0)
    request.onDrained = () => request.write('again')
    driver.send(windowUpdate(1, 1))
    expect(request.drains).toBe(1)
    driver.send(windowUpdate(1, 8_192))
    expect(request.drains).toBe(1)
    expect(driver.ask(windowUpdate(1, 5)).at(-1)).toBe('DATA 1 5')
  })

  it('waits for a client that does not read, whatever its windows say', () => {
    const driver = new Driver({
      limits: { unreadBytes: 50_000 },
      settings: [[setting.initialWindow, 1_000_000]],
    })
    driver.send(windowUpdate(0, 1_000_000))
    const request = driver.open(1)
    request.respond()
    expect(request.write(100_000)).toBe(false)
    const first = driver.takeFrames().reduce((sum, { payload }) => sum + payload.length, 0)
    expect(first).toBeLessThan(50_000 + 16_384)
    driver.connection.setUnread(50_000)
    expect(driver.take()).toEqual([])
    driver.connection.setUnread(0)
    expect(driver.take().length).toBeGreaterThan(1)
  })
})

describe('whatever windows a client opens, and when,', () => {
  const step = fc.oneof(
    fc.record({ write: fc.nat({ max: 40_000 }), stream: fc.nat({ max: 2 }) }),
    fc.record({ widen: fc.integer({ min: 1, max: 60_000 }), stream: fc.nat({ max: 3 }) }),
    fc.record({ initial: fc.nat({ max: 70_000 }) }),
  )

  it('it gets all that they allow, in order, and never a byte more', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const driver = new Driver()
        const requests = [1, 3, 5].map((id) => driver.open(id))
        for (const request of requests) request.respond()
        const written = [0, 0, 0]
        const widened = [0, 0, 0]
        const sent = [0, 0, 0]
        let connection = 65_535
        let initial = 65_535
        for (const one of steps) {
          if ('write' in one) {
            requests[one.stream]?.write(one.write)
            written[one.stream] = (written[one.stream] ?? 0) + one.write
          } else if ('widen' in one) {
            driver.send(windowUpdate([1, 3, 5, 0][one.stream] ?? 0, one.widen))
            if (one.stream === 3) connection += one.widen
            else widened[one.stream] = (widened[one.stream] ?? 0) + one.widen
          } else {
            driver.send(window(one.initial))
            initial = one.initial
          }
          const before = [...sent]
          for (const { type, streamId, payload } of driver.takeFrames()) {
            if (type === 0) sent[(streamId - 1) / 2] = (sent[(streamId - 1) / 2] ?? 0) + payload.length
          }
          // As the socket does when it has passed all on.
          driver.connection.setUnread(0)
          const all = sent.reduce((sum, bytes) => sum + bytes, 0)
          expect(all).toBeLessThanOrEqual(connection)
          sent.forEach((bytes, at) => {
            const allowed = initial + (widened[at] ?? 0)
            if (bytes > (before[at] ?? 0)) expect(bytes).toBeLessThanOrEqual(allowed)
            const isDone = bytes === written[at] || bytes >= allowed || all === connection
            expect(isDone, `stream ${at}: ${bytes} of ${written[at]}, ${allowed} allowed`).toBe(true)
          })
        }
      }),
      { numRuns: 500 },
    )
  })
})
