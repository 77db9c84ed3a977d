import type { Latency, LoadResult } from '../load/load.ts'
import { cpuOfTree } from '../support/process-cpu.ts'
import { peakOfTree, resetPeakOfTree } from '../support/process-memory.ts'
import type { Instance } from './instances.ts'

/** One round of one proxy. */
export type Sample = {
  readonly requests: number
  readonly errors: number
  readonly requestsPerSecond: number
  /** Microseconds of CPU per request, of the proxy and all its processes. */
  readonly user: number
  readonly system: number
  readonly latency: Latency
  readonly peakBytes: number
  /** Part of its cores that the proxy used: where this is well below 1, something else was the limit. */
  readonly busy: number
  /** Other figures by the head of their column. */
  readonly extras: Readonly<Record<string, number>>
}

/** What a load costs a proxy. */
export async function measureLoad(
  { pid, setup }: Instance,
  run: () => Promise<LoadResult>,
  extras: Readonly<Record<string, number>> = {},
): Promise<Sample> {
  resetPeakOfTree(pid)
  const startedAt = performance.now()
  const before = cpuOfTree(pid)
  const { requests, errors, seconds, latency } = await run()
  const after = cpuOfTree(pid)
  if (requests === 0) throw new Error(`no request was answered, ${errors} errors`)
  const elapsedUs = (performance.now() - startedAt) * 1000
  const user = after.user - before.user
  const system = after.system - before.system
  return {
    requests,
    errors,
    requestsPerSecond: requests / seconds,
    user: user / requests,
    system: system / requests,
    latency,
    peakBytes: peakOfTree(pid),
    busy: (user + system) / elapsedUs / setup.workers,
    extras,
  }
}
