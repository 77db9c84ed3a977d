import { getHeapStatistics } from 'node:v8'
import type { Case } from './case.ts'

export type MeasureOptions = { readonly rounds: number; readonly roundMs: number }

/** Of one operation. */
export type Measured = {
  readonly name: string
  /** Nanoseconds of CPU, garbage collector included: median of the rounds, and the quartiles around it. */
  readonly nanoseconds: number
  readonly low: number
  readonly high: number
  /** Bytes of heap taken; undefined where V8 does not count them (Node 24). */
  readonly bytes: number | undefined
}

/** Compilers are done well before. */
const warmUpMs = 400
/** A slow operation gets fewer rounds, but never so few that there is no median. */
const longestMs = 4_000
const leastRounds = 5

let at = 0
/** Keeps the optimiser from dropping an operation whose result nobody looks at. */
export let lastResult: unknown

export function measure({ name, run }: Case, { rounds, roundMs }: MeasureOptions): Measured {
  at = 0
  const count = warmUp(run, roundMs)
  const times: number[] = []
  const bytesBefore = allocatedBytes()
  for (let spent = 0; times.length < rounds && (spent < longestMs || times.length < leastRounds); ) {
    const time = timeOf(run, count)
    spent += time / 1e6
    times.push(time / count)
  }
  const bytes = bytesBefore === undefined ? undefined : ((allocatedBytes() ?? 0) - bytesBefore) / (count * times.length)
  const [low, nanoseconds, high] = [0.25, 0.5, 0.75].map((part) => quantile(times, part))
  return { name, nanoseconds: nanoseconds ?? Number.NaN, low: low ?? Number.NaN, high: high ?? Number.NaN, bytes }
}

/** How many operations fill a round. */
function warmUp(run: Case['run'], roundMs: number): number {
  let count = 1
  for (let spent = 0; ; ) {
    const time = timeOf(run, count) / 1e6
    spent += time
    const isFull = time >= roundMs / 2
    if (isFull && spent >= warmUpMs) return Math.max(1, Math.round((count * roundMs) / time))
    if (!isFull) count *= 2
  }
}

/** CPU time, not time of day: other processes of a busy machine are not in it, while the threads of the collector are. */
function timeOf(run: Case['run'], count: number): number {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i += 1) {
    lastResult = run(at)
    at += 1
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1e3
}

function allocatedBytes(): number | undefined {
  const counted: { readonly total_allocated_bytes?: number } = getHeapStatistics()
  return counted.total_allocated_bytes
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN
}
