import type { Latency } from '../load/load.ts'
import type { Outcome } from '../measure/rounds.ts'
import type { Sample } from '../measure/sample.ts'
import { median, type Spread, spreadOf } from '../measure/statistics.ts'
import type { Workload } from '../workloads/workload.ts'

/** One line of a table. All figures are medians of the rounds. */
export type Row = {
  readonly label: string
  readonly comparedTo: string
  readonly rounds: number
  readonly errors: number
  /** Of rounds that gave no figures. */
  readonly failures: readonly string[]
  /** Median of the ratios within each round; undefined where the other did not run. */
  readonly ratio: number | undefined
  readonly alsoRatio: number | undefined
  /** What the workload is about: microseconds of CPU per request, or bytes per connection. */
  readonly figure: Spread
  readonly user: number
  readonly system: number
  readonly requestsPerSecond: number
  readonly latency: Latency
  readonly peakBytes: number
  readonly busy: number
  readonly extras: Readonly<Record<string, number>>
  readonly samples: readonly (Sample | string)[]
}

export function rowsOf(workload: Workload, outcomes: readonly Outcome[]): readonly Row[] {
  return outcomes.map((outcome) => rowOf(workload, outcome, baseOf(outcome, outcomes)))
}

function baseOf({ entrant }: Outcome, outcomes: readonly Outcome[]): Outcome | undefined {
  return outcomes.find(({ entrant: { label } }) => label === entrant.comparedTo)
}

function rowOf(workload: Workload, { entrant, rounds }: Outcome, base: Outcome | undefined): Row {
  const samples = rounds.filter((sample) => typeof sample !== 'string')
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick))
  const figure = figureOf(workload)
  const also = workload.alsoCompared?.figure
  return {
    label: entrant.label,
    comparedTo: entrant.comparedTo,
    rounds: rounds.length,
    errors: samples.reduce((sum, { errors }) => sum + errors, 0),
    failures: rounds.filter((sample) => typeof sample === 'string'),
    ratio: ratioOf(rounds, base?.rounds, figure),
    alsoRatio: also && ratioOf(rounds, base?.rounds, also),
    figure: spreadOf(samples.map(figure)),
    user: of(({ user }) => user),
    system: of(({ system }) => system),
    requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
    latency: {
      p50: of(({ latency }) => latency.p50),
      p99: of(({ latency }) => latency.p99),
      p999: of(({ latency }) => latency.p999),
    },
    peakBytes: of(({ peakBytes }) => peakBytes),
    busy: of(({ busy }) => busy),
    extras: extrasOf(samples),
    samples: rounds,
  }
}

export function figureOf({ figure }: Workload): (sample: Sample) => number {
  return figure === 'cpu' ? ({ user, system }) => user + system : ({ extras }) => extras['bytesPerConnection'] ?? 0
}

type Rounds = readonly (Sample | string)[]

/** Rounds are compared with each other: they are seconds apart, and a machine changes over minutes. */
function ratioOf(rounds: Rounds, base: Rounds | undefined, figure: (sample: Sample) => number): number | undefined {
  const ratios = rounds.flatMap((sample, round) => {
    const other = base?.[round]
    if (typeof sample === 'string' || other === undefined || typeof other === 'string') return []
    return sample.errors + other.errors > 0 ? [] : [figure(sample) / figure(other)]
  })
  return ratios.length === 0 ? undefined : median(ratios)
}

function extrasOf(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const heads = new Set(samples.flatMap(({ extras }) => Object.keys(extras)))
  return Object.fromEntries([...heads].map((head) => [head, median(samples.map(({ extras }) => extras[head] ?? 0))]))
}
