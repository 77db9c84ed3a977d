import { quantile } from './measure.ts'
import { formatTable, formatTime } from './render.ts'

/** One side's figures for a case: one from each round. */
export type Figures = readonly number[]

export type ComparedCase = {
  readonly bench: string
  readonly name: string
  readonly before: number
  readonly after: number
  /** Of `after`, in percent of `before`. */
  readonly change: number
  /** How far apart the rounds of one side lie, in percent, on the side where that is more. */
  readonly spread: number
  readonly verdict: 'same' | 'faster' | 'slower' | 'noise'
}

/** What is less is not worth a word. */
const noticedPercent = 5

export function compareCase(bench: string, name: string, before: Figures, after: Figures): ComparedCase {
  const sides = [undisturbed(before), undisturbed(after)] as const
  const [old, now] = sides.map((side) => quantile(side, 0.5))
  const change = ((now ?? Number.NaN) / (old ?? Number.NaN) - 1) * 100
  const spread = Math.max(...sides.map((side) => (Math.max(...side) / Math.min(...side) - 1) * 100))
  const verdict = Math.abs(change) < noticedPercent ? 'same' : verdictOn(change, spread, ...sides)
  return { bench, name, before: old ?? Number.NaN, after: now ?? Number.NaN, change, spread, verdict }
}

/** Without the slowest round, where there are enough: what disturbs a machine makes nothing faster. */
function undisturbed(figures: Figures): Figures {
  return figures.length < 5 ? figures : figures.toSorted((a, b) => a - b).slice(0, -1)
}

/** A difference is one that is larger than those of one side, and where no round of the one side could have been one of the other. */
function verdictOn(change: number, spread: number, before: Figures, after: Figures): ComparedCase['verdict'] {
  if (Math.abs(change) <= spread) return 'noise'
  if (change < 0) return Math.max(...after) < Math.min(...before) ? 'faster' : 'noise'
  return Math.min(...after) > Math.max(...before) ? 'slower' : 'noise'
}

export function formatComparison(cases: readonly ComparedCase[], labels: readonly [string, string]): string {
  const rows = cases.map(({ bench, name, before, after, change, spread, verdict }) => [
    `${bench}: ${name}`,
    formatTime(before),
    formatTime(after),
    `${change < 0 ? '' : '+'}${change.toFixed(1)} %`,
    `${spread.toFixed(1)} %`,
    verdict === 'same' ? '' : verdict.toUpperCase(),
  ])
  return formatTable(['', ...labels, 'change', 'spread', ''], rows)
}
