import type { Attempt } from './probe.ts'

/** The longest time without an answer, in milliseconds: from the answer before to the answer after. */
export function longestGap(attempts: readonly Attempt[], target: string, from: number): number {
  const answers = attempts
    .filter((one) => one.target === target && one.seen !== undefined && one.endedAt >= from)
    .map(({ endedAt }) => endedAt)
  return Math.max(0, ...answers.map((answer, index) => answer - (answers[index - 1] ?? from)))
}

export type Losses = { readonly share: number; readonly lastMs: number }

/** How many of the attempts failed, until the last one that did. Milliseconds are counted from `from`. */
export function lossesOf(attempts: readonly Attempt[], target: string, from: number): Losses {
  const since = attempts.filter((one) => one.target === target && one.startedAt >= from)
  const last = since.findLast(({ error }) => error !== undefined)
  if (last === undefined) return { share: 0, lastMs: 0 }
  const until = since.filter(({ startedAt }) => startedAt <= last.startedAt)
  const failed = until.filter(({ error }) => error !== undefined)
  return { share: failed.length / until.length, lastMs: last.startedAt - from }
}
