import { writeSync } from 'node:fs'

type Outcome = {
  /** Whole chunks. */
  readonly written: number
  readonly rest: readonly Buffer[]
  readonly error: Error | undefined
}

/** As far as it goes without an error. */
export function writeNow(fd: number, chunks: readonly Buffer[]): Outcome {
  let rest = chunks
  try {
    for (let [chunk] = rest; chunk !== undefined; [chunk] = rest) rest = withoutFirst(writeSync(fd, chunk), rest)
    return { written: chunks.length, rest, error: undefined }
  } catch (error) {
    return { written: chunks.length - rest.length, rest, error: errorOf(error) }
  }
}

const pauseMs = 5
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))

/** The whole process waits where there is no room, up to so many milliseconds. */
export function writeWaiting(fd: number, chunks: readonly Buffer[], patienceMs: number): void {
  const until = performance.now() + patienceMs
  let { rest, error } = writeNow(fd, chunks)
  while (isFull(error) && performance.now() < until) {
    Atomics.wait(nobodyWakes, 0, 0, pauseMs)
    ;({ rest, error } = writeNow(fd, rest))
  }
}

/** There is no room: EAGAIN. */
export function isFull(error: Error | undefined | null): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}

export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** What is left of the chunks behind their first bytes. */
export function withoutFirst(bytes: number, chunks: readonly Buffer[]): readonly Buffer[] {
  let index = 0
  let left = bytes
  for (let chunk = chunks[0]; chunk !== undefined && left >= chunk.length; chunk = chunks[index]) {
    left -= chunk.length
    index++
  }
  const [first, ...rest] = chunks.slice(index)
  return first === undefined ? [] : [first.subarray(left), ...rest]
}
