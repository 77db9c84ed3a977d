import { Counters, type CountersSnapshot, type SeriesLabels, type SeriesSnapshot } from './counters.ts'

/** Has each key, with a zero. */
const none = new Counters()

/** What several processes counted, as if it were one. Gauges are added like counts: each process has its own connections. */
export function sumCounters(snapshots: readonly CountersSnapshot[]): CountersSnapshot {
  const [only, ...more] = snapshots
  if (only !== undefined && more.length === 0) return only
  return {
    series: sumSeries(snapshots),
    upstreamErrors: sumCounts(
      none.upstreamErrors,
      snapshots.map(({ upstreamErrors }) => upstreamErrors),
    ),
    requestsByLane: sumCounts(
      none.requestsByLane,
      snapshots.map(({ requestsByLane }) => requestsByLane),
    ),
    handovers: sumCounts(
      none.handovers,
      snapshots.map(({ handovers }) => handovers),
    ),
    http2Limits: sumCounts(
      none.http2Limits,
      snapshots.map(({ http2Limits }) => http2Limits),
    ),
    retries: sumOf(snapshots, 'retries'),
    ejections: sumCounts(
      none.ejections,
      snapshots.map(({ ejections }) => ejections),
    ),
    // Not added: all processes come upon the same endpoints.
    endpointsEjected: snapshots.reduce((most, { endpointsEjected }) => Math.max(most, endpointsEjected), 0),
    requestsInFlight: sumOf(snapshots, 'requestsInFlight'),
    connections: sumOf(snapshots, 'connections'),
    tunnels: sumOf(snapshots, 'tunnels'),
    accessLogLinesDropped: sumOf(snapshots, 'accessLogLinesDropped'),
    logLinesDropped: sumOf(snapshots, 'logLinesDropped'),
  }
}

type Numbers = 'retries' | 'requestsInFlight' | 'connections' | 'tunnels' | 'accessLogLinesDropped' | 'logLinesDropped'

function sumOf(snapshots: readonly CountersSnapshot[], field: Numbers): number {
  return snapshots.reduce((sum, snapshot) => sum + snapshot[field], 0)
}

function sumSeries(snapshots: readonly CountersSnapshot[]): readonly SeriesSnapshot[] {
  const sums = new Map<string, SeriesSnapshot>()
  for (const { series } of snapshots) {
    for (const one of series) {
      const key = keyOf(one.labels)
      const sum = sums.get(key)
      sums.set(key, sum === undefined ? one : add(sum, one))
    }
  }
  return [...sums.values()]
}

function add(a: SeriesSnapshot, b: SeriesSnapshot): SeriesSnapshot {
  return {
    labels: a.labels,
    requests: a.requests.map((count, index) => count + (b.requests[index] ?? 0)),
    durations: a.durations.map((count, index) => count + (b.durations[index] ?? 0)),
    durationSum: a.durationSum + b.durationSum,
  }
}

function sumCounts<Key extends string>(
  zeros: Readonly<Record<Key, number>>,
  counts: readonly Readonly<Record<Key, number>>[],
): Record<Key, number> {
  const sum: Record<Key, number> = { ...zeros }
  for (const one of counts) for (const key in sum) sum[key] += one[key]
  return sum
}

function keyOf({ host, namespace, ingress, service }: SeriesLabels): string {
  return `${host}\n${namespace}\n${ingress}\n${service}`
}

/**
 * Counts of all processes, also of those that ended: without them the sums would go backwards with each worker that is
 * replaced, and Prometheus would take that for a restart.
 */
export class CounterTotals {
  readonly #living = new Map<string, CountersSnapshot>()
  #retired: CountersSnapshot = sumCounters([])

  /** The last snapshot of a process counts; it need not send one at each scrape. */
  add(process: string, snapshot: CountersSnapshot): void {
    this.#living.set(process, snapshot)
  }

  /** The process ended, and its connections with it. A name may be used again. */
  retire(process: string): void {
    const last = this.#living.get(process)
    if (last === undefined) return
    this.#living.delete(process)
    const ended = { ...last, requestsInFlight: 0, connections: 0, tunnels: 0, endpointsEjected: 0 }
    this.#retired = sumCounters([this.#retired, ended])
  }

  /** Forgets series of ended processes, as `Counters.retain` does in living ones. Those of no Ingress stay. */
  retain(isLive: (labels: SeriesLabels) => boolean): void {
    const series = this.#retired.series.filter(({ labels }) => labels.ingress === '' || isLive(labels))
    this.#retired = { ...this.#retired, series }
  }

  total(): CountersSnapshot {
    return sumCounters([this.#retired, ...this.#living.values()])
  }
}
