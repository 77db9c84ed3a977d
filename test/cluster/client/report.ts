/** What the traffic client is asked to do: one JSON object, its only argument. */
export type TrafficOptions = {
  readonly streams: readonly StreamOptions[]
  /** Port on which backends report the ids of the requests that they begin to handle. */
  readonly collectorPort?: number
}

export type StreamOptions = {
  readonly name: string
  /** `http://198.51.100.11:30080/path`, `http://[2001:db8:51::11]/`: several take turns. */
  readonly urls: readonly string[]
  /** Host field; that of the URL where it is left out. */
  readonly host?: string
  readonly method?: 'GET' | 'POST'
  /** Requests a second, begun whether or not the ones before them were answered. */
  readonly rate: number
  /** `new`: each request on a connection of its own. */
  readonly connections?: 'kept' | 'new'
  /** Bytes of the body of a POST. */
  readonly bodyBytes?: number
  readonly headers?: Readonly<Record<string, string>>
}

export type Failure = {
  readonly stream: string
  readonly id: string
  readonly url: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly endedAt: number
  /** 0: no answer. */
  readonly status: number
  readonly error: string
  /** The connection had carried a request before. */
  readonly isKept: boolean
}

export const slowMs = 2_000

export type StreamReport = {
  readonly sent: number
  readonly succeeded: number
  readonly failed: number
  /** Answers that succeeded, by the pod and by the version that they name. */
  readonly pods: Readonly<Record<string, number>>
  readonly versions: Readonly<Record<string, number>>
  readonly statuses: Readonly<Record<string, number>>
  /** Connections that were opened. */
  readonly connections: number
  readonly milliseconds: { readonly p50: number; readonly p99: number; readonly max: number }
  /** When the last one began that took longer than `slowMs`; milliseconds since 1970. */
  readonly lastSlowAt?: number
}

export type TrafficReport = {
  readonly startedAt: number
  readonly endedAt: number
  readonly sent: number
  readonly succeeded: number
  readonly failed: number
  readonly firstFailureAt?: number
  readonly lastFailureAt?: number
  /** The first thousand. */
  readonly failures: readonly Failure[]
  readonly streams: Readonly<Record<string, StreamReport>>
  readonly posts: PostReport
}

/** What backends told the collector about POSTs. */
export type PostReport = {
  /** Different ids that a backend began to handle. */
  readonly handled: number
  /** Handled more than once. */
  readonly duplicated: readonly { readonly id: string; readonly pods: readonly string[] }[]
  /** Answered with success, and no backend has told of them: the collector missed something. */
  readonly untold: number
}

/** One line every 200 ms while the traffic runs: what was answered since the line before, by stream. */
export type TrafficProgress = {
  readonly sent: number
  readonly succeeded: number
  readonly failed: number
  readonly streams: Readonly<Record<string, StreamProgress>>
}

export type StreamProgress = {
  readonly succeeded: number
  readonly failed: number
  readonly pods: Readonly<Record<string, number>>
  readonly versions: Readonly<Record<string, number>>
}

export type TrafficLine =
  | { readonly kind: 'progress'; readonly progress: TrafficProgress }
  | { readonly kind: 'report'; readonly report: TrafficReport }

export const maxFailures = 1_000
