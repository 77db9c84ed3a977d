import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { EventLoopDelay } from '../src/event-loop-delay.ts'

it('the delay of the event loop is what timers were late, and reading it does not change it', async () => {
  const delay = new EventLoopDelay()
  expect(delay.read()).toEqual({ p50: 0, p99: 0, max: 0 })
  await sleep(60)
  const end = performance.now() + 150
  while (performance.now() < end);
  await sleep(60)
  const { p50, max } = delay.read()
  expect(max).toBeGreaterThan(0.1)
  expect(p50).toBeLessThan(max)
  expect(delay.read().max).toBe(max)
  delay.stop()
})
