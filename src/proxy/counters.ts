import type { Route } from '../router/table.ts'
import type { LimitReason } from './http2/limits.ts'

// Counting costs 200 to 550 ns a metric in prom-client and 8 ns in a typed array: requests are counted here, and the admin
// listener turns the sums of all workers into metrics when somebody scrapes.

export const methodClasses = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const
export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Upper bounds in seconds; the last bucket, +Inf, has none. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** Closed list: the label `reason` of headgate_upstream_errors_total. */
const upstreamErrorReasons = [
  'connect-refused',
  'connect-timeout',
  'connect-failed',
  'stream-refused',
  'reset-before-head',
  'head-timeout',
  'bad-response',
  'reset-in-body',
  'body-timeout',
  'endpoint-silent',
] as const
export type UpstreamErrorReason = (typeof upstreamErrorReasons)[number]

/** Closed list: the label `reason` of headgate_endpoint_ejections_total. */
export type EjectionReason = 'refused' | 'unreachable' | 'silent'

/** More label sets than this are counted under the labels of `overflowLabels`: a scrape must stay small. */
const maxSeries = 10_000

/** Closed list: the label `lane` of headgate_requests_by_lane_total. */
const lanes = ['fast', 'standard', 'h2', 'tunnel'] as const
export type LaneCounts = Record<(typeof lanes)[number], number>

/** Closed list: the label `reason` of headgate_fast_lane_handovers_total. */
const handoverReasons = ['incomplete', 'unusual-head', 'body', 'method', 'version', 'field', 'too-large'] as const
export type HandoverReason = (typeof handoverReasons)[number]

export type SeriesLabels = {
  readonly host: string
  readonly namespace: string
  readonly ingress: string
  readonly service: string
}

const unmatchedLabels: SeriesLabels = { host: '', namespace: '', ingress: '', service: '' }
const overflowLabels: SeriesLabels = { host: '(more)', namespace: '', ingress: '', service: '' }

const noLimits: Readonly<Record<LimitReason, number>> = {
  streams: 0,
  'header-list': 0,
  'header-block': 0,
  resets: 0,
  'stream-errors': 0,
  'idle-frames': 0,
  'preface-timeout': 0,
  'header-timeout': 0,
  'body-stall': 0,
  'write-stall': 0,
}

/** Plain data: what a worker sends to the primary, and what the primary adds up. */
export type CountersSnapshot = {
  readonly series: readonly SeriesSnapshot[]
  readonly upstreamErrors: Readonly<Record<UpstreamErrorReason, number>>
  readonly requestsByLane: Readonly<LaneCounts>
  readonly handovers: Readonly<Record<HandoverReason, number>>
  readonly http2Limits: Readonly<Record<LimitReason, number>>
  readonly retries: number
  readonly ejections: Readonly<Record<EjectionReason, number>>
  readonly endpointsEjected: number
  readonly requestsInFlight: number
  readonly connections: number
  readonly tunnels: number
  readonly accessLogLinesDropped: number
  readonly logLinesDropped: number
}

export type SeriesSnapshot = {
  readonly labels: SeriesLabels
  /** methodClasses x statusClasses, row by row. */
  readonly requests: Float64Array
  /** One per bound and one for +Inf; not cumulative. */
  readonly durations: Float64Array
  /** Seconds. */
  readonly durationSum: number
}

class Series {
  readonly labels: SeriesLabels
  readonly requests = new Float64Array(methodClasses.length * statusClasses.length)
  readonly durations = new Float64Array(durationBounds.length + 1)
  durationSum = 0

  constructor(labels: SeriesLabels) {
    this.labels = labels
  }

  count(method: string, status: number, seconds: number): void {
    const row = methodClassOf(method) * statusClasses.length
    const column = Math.min(Math.max(Math.trunc(status / 100), 1), statusClasses.length) - 1
    this.requests[row + column] = (this.requests[row + column] ?? 0) + 1
    let bucket = 0
    while (bucket < durationBounds.length && seconds > (durationBounds[bucket] ?? 0)) bucket++
    this.durations[bucket] = (this.durations[bucket] ?? 0) + 1
    this.durationSum += seconds
  }
}

function methodClassOf(method: string): number {
  switch (method) {
    case 'GET':
      return 0
    case 'HEAD':
      return 1
    case 'POST':
      return 2
    case 'PUT':
      return 3
    case 'PATCH':
      return 4
    case 'DELETE':
      return 5
    case 'OPTIONS':
      return 6
    default:
      return 7
  }
}

/** What one worker has counted since it started. */
export class Counters {
  readonly #byLabels = new Map<string, Series>()
  // Routes keep their identity across tables while their rule does not change, so most requests find their series here.
  readonly #byRoute = new WeakMap<Route, Series>()
  readonly #unmatched = new Series(unmatchedLabels)
  readonly #overflow = new Series(overflowLabels)
  readonly upstreamErrors: Record<UpstreamErrorReason, number> = {
    'connect-refused': 0,
    'connect-timeout': 0,
    'connect-failed': 0,
    'stream-refused': 0,
    'reset-before-head': 0,
    'head-timeout': 0,
    'bad-response': 0,
    'reset-in-body': 0,
    'body-timeout': 0,
    'endpoint-silent': 0,
  }
  readonly ejections: Record<EjectionReason, number> = { refused: 0, unreachable: 0, silent: 0 }
  readonly requestsByLane: LaneCounts = { fast: 0, standard: 0, h2: 0, tunnel: 0 }
  readonly handovers: Record<HandoverReason, number> = {
    incomplete: 0,
    'unusual-head': 0,
    body: 0,
    method: 0,
    version: 0,
    field: 0,
    'too-large': 0,
  }
  /** Closed list: the label `reason` of headgate_http2_limits_total. */
  readonly http2Limits: Record<LimitReason, number> = { ...noLimits }
  endpointsEjected = 0
  retries = 0
  requestsInFlight = 0
  connections = 0
  tunnels = 0
  accessLogLinesDropped = 0
  logLinesDropped = 0

  countRequest(route: Route | undefined, method: string, status: number, seconds: number): void {
    this.#seriesOf(route).count(method, status, seconds)
  }

  #seriesOf(route: Route | undefined): Series {
    if (route === undefined) return this.#unmatched
    const known = this.#byRoute.get(route)
    if (known !== undefined) return known
    const labels = labelsOf(route)
    const key = `${labels.host}\n${labels.namespace}\n${labels.ingress}\n${labels.service}`
    let series = this.#byLabels.get(key)
    if (series === undefined) {
      series = this.#byLabels.size < maxSeries ? new Series(labels) : this.#overflow
      if (series !== this.#overflow) this.#byLabels.set(key, series)
    }
    this.#byRoute.set(route, series)
    return series
  }

  /** Forgets the series of routes that are gone, so that label sets do not grow with every name ever seen. */
  retain(isLive: (labels: SeriesLabels) => boolean): void {
    for (const [key, series] of this.#byLabels) if (!isLive(series.labels)) this.#byLabels.delete(key)
  }

  snapshot(): CountersSnapshot {
    return {
      series: [this.#unmatched, this.#overflow, ...this.#byLabels.values()]
        .filter((series) => series.durations.some((count) => count > 0))
        .map(({ labels, requests, durations, durationSum }) => ({ labels, requests, durations, durationSum })),
      upstreamErrors: { ...this.upstreamErrors },
      requestsByLane: { ...this.requestsByLane },
      handovers: { ...this.handovers },
      http2Limits: { ...this.http2Limits },
      retries: this.retries,
      ejections: { ...this.ejections },
      endpointsEjected: this.endpointsEjected,
      requestsInFlight: this.requestsInFlight,
      connections: this.connections,
      tunnels: this.tunnels,
      accessLogLinesDropped: this.accessLogLinesDropped,
      logLinesDropped: this.logLinesDropped,
    }
  }
}

function labelsOf(route: Route): SeriesLabels {
  const { action, origin } = route
  const backend = action.kind === 'forward' ? action.backends[0]?.backend : undefined
  // A backend id is `namespace/service:port`.
  const service = backend === undefined ? '' : backend.slice(backend.indexOf('/') + 1, backend.lastIndexOf(':'))
  return { host: route.host, namespace: origin.namespace, ingress: origin.name, service }
}
