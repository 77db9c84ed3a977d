import type { Exchange } from './pool-bed.ts'

/** What a client does with its answer. */
type Following = {
  /** How often it pauses, and for how many milliseconds at first. */
  readonly pausesAt: number
  /** An event, `at once` or `soon`; anything else: never. */
  readonly abortsAt: string
}

/** It takes the answer as its script says. */
export function follow(asked: Exchange, { pausesAt, abortsAt }: Following): void {
  const abort = (): void => asked.connection.abort(new Error('given up'))
  let pauses = pausesAt
  asked.onEvent = (event) => {
    if (event === abortsAt) abort()
    asked.takesMore = !(event === 'data' && pauses > 0)
    if (asked.takesMore) return
    pauses--
    setTimeout(() => asked.connection.resume(), pauses)
  }
  if (abortsAt === 'at once') abort()
  if (abortsAt === 'soon') setImmediate(abort)
}
