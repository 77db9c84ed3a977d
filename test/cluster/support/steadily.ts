import { expect } from 'vitest'
import type { StreamOptions } from '../client/report.ts'
import type { Bed } from './bed.ts'
import { startTraffic, type Traffic } from './traffic.ts'

/** While the work goes on, every request of the client outside is answered with success. */
export async function steadily(
  bed: Bed,
  streams: readonly StreamOptions[],
  work: (traffic: Traffic) => Promise<void>,
): Promise<void> {
  const traffic = await startTraffic(bed, { streams })
  const failed = await work(traffic).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  const report = await traffic.stop()
  if (failed !== undefined) throw failed.error
  expect(report.failures.slice(0, 3)).toEqual([])
  expect(report.succeeded).toBeGreaterThan(20)
}
