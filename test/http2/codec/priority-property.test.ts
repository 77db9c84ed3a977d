import fc from 'fast-check'
import { expect, it } from 'vitest'
import { setting, windowUpdate } from '../support/frames.ts'
import { Driver } from './driver.ts'

const frameBytes = 16_384

type Waiting = { readonly id: number; readonly urgency: number; readonly isIncremental: boolean; left: number }

const answer = fc.record({
  urgency: fc.integer({ min: 0, max: 7 }),
  isIncremental: fc.boolean(),
  frames: fc.integer({ min: 1, max: 5 }),
})

/** The most urgent; of equals the first in line. One that is incremental goes to the end of the line. */
function expectedOrder(waiting: readonly Waiting[]): readonly number[] {
  const line = waiting.map((one) => ({ ...one }))
  const order: number[] = []
  while (line.length > 0) {
    const urgency = Math.min(...line.map((one) => one.urgency))
    const at = line.findIndex((one) => one.urgency === urgency)
    const next = line[at]
    if (next === undefined) break
    order.push(next.id)
    next.left--
    if (next.left === 0 || next.isIncremental) line.splice(at, 1)
    if (next.left > 0 && next.isIncremental) line.push(next)
  }
  return order
}

it('whatever priorities answers have, they leave in the order of RFC 9218 section 10, and all of them leave', () => {
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 8 }), fc.array(fc.nat({ max: 4 })), (answers, steps) => {
      const driver = new Driver({ settings: [[setting.initialWindow, 2 ** 30]] })
      driver.open(1).answer(65_535)
      const waiting = answers.map(({ urgency, isIncremental, frames }, i): Waiting => {
        const id = 3 + 2 * i
        const priority = `u=${urgency}${isIncremental ? ', i' : ''}`
        driver.open(id, [['priority', priority]]).answer(frames * frameBytes)
        return { id, urgency, isIncremental, left: frames }
      })
      driver.take()
      const seen: number[] = []
      // The window opens by some frames at a time; in the end for all.
      for (const frames of [...steps.filter((step) => step > 0), 40]) {
        driver.send(windowUpdate(0, frames * frameBytes))
        seen.push(...driver.takeFrames().map(({ streamId }) => streamId))
        driver.connection.setUnread(0)
        seen.push(...driver.takeFrames().map(({ streamId }) => streamId))
      }
      while (driver.connection.openStreams > 0 && seen.length < 100) {
        driver.connection.setUnread(0)
        seen.push(...driver.takeFrames().map(({ streamId }) => streamId))
      }
      expect(seen).toEqual(expectedOrder(waiting))
    }),
    { numRuns: 300 },
  )
})
