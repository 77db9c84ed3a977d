import type { Delay } from '../event-loop-delay.ts'
import type { Problem } from '../problem.ts'
import type { CountersSnapshot } from '../proxy/counters.ts'
import type { RoutingTable } from '../router/table.ts'

/** What a scrape needs to know, as plain data of that moment. Times are in Unix seconds. */
export type MetricsInput = {
  readonly ready: boolean
  /** Summed over all processes that carry traffic. */
  readonly counters: CountersSnapshot
  /** By a process that carries no traffic. */
  readonly logLinesDropped: number
  readonly config: {
    readonly generation: number
    /** When a table was last built. undefined: not yet. */
    readonly lastSuccess: number | undefined
    /** Seconds that this took. */
    readonly lastBuildSeconds: number | undefined
  }
  readonly problems: readonly Problem[]
  /** Those of the routing table, by server name. */
  readonly certificates: RoutingTable['certificates']
  /** One for each kind that is watched; empty where the objects come from files. */
  readonly watches: readonly { readonly kind: string; readonly connected: boolean }[]
  readonly controlPlane: {
    readonly connected: boolean
    /** When something was last heard from the API server, or read from the files. */
    readonly lastContact: number | undefined
  }
  readonly workers: { readonly alive: number; readonly restarts: number }
  readonly processes: readonly ProcessHealth[]
}

export type ProcessHealth = {
  /** `primary`, `worker-3`. */
  readonly process: string
  /** Seconds; since it was last read. */
  readonly eventLoopDelay: Delay
  readonly residentBytes: number
  /** Of the table it serves; undefined for a process that serves none. */
  readonly generation: number | undefined
}
