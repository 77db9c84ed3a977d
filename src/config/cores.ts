import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Cores that this process may use: those of its CPU set, no more than its cgroup's quota rounded up, at least one. */
export function availableCores(): number {
  const allowed = countCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readIfPresent('/proc/self/status'))?.[1] ?? '')
  return coresOf(readIfPresent('/sys/fs/cgroup/cpu.max'), allowed || availableParallelism())
}

/**
 * `cpuMax` is cgroup v2's `QUOTA PERIOD` or `max PERIOD`, empty where there is none
 * (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).
 * Rounded up: one worker in a container of 1.5 cores would leave a third of it unused.
 */
export function coresOf(cpuMax: string, allowed: number): number {
  const [quota, period] = cpuMax.trim().split(' ').map(Number)
  const limit = quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : Infinity
  return Math.max(1, Math.min(Math.ceil(limit), allowed))
}

/** `0-3,8` is five. 0 for text that is no such list. */
export function countCpuList(list: string): number {
  let count = 0
  for (const range of list.split(',')) {
    const [first, last] = range.split('-').map(Number)
    if (range === '' || first === undefined || Number.isNaN(first)) continue
    count += last === undefined ? 1 : last - first + 1
  }
  return count
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not Linux, or cgroup v1: the caller does without.
    return ''
  }
}
