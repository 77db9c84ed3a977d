import type { MetricsInput, ProcessHealth } from './admin/metrics-input.ts'
import type { Controller } from './controller.ts'
import { EventLoopDelay } from './event-loop-delay.ts'
import { droppedLogLines } from './log.ts'
import type { Carrier, NamedReport } from './proxy/carrier.ts'
import { CounterTotals } from './proxy/sum-counters.ts'
import type { ConnectionStatus } from './watch/source.ts'

export type TelemetryOptions = {
  readonly carrier: Carrier
  readonly controller: Controller
  readonly connection: () => ConnectionStatus
  readonly isReady: () => boolean
}

/** How often workers are asked without a scrape: what one has counted since is lost if it dies. */
const collectEveryMs = 5_000

/** Brings together what a scrape shows: counts of all processes, the last build, the source, the health of each process. */
export class Telemetry {
  readonly #options: TelemetryOptions
  readonly #totals = new CounterTotals()
  readonly #ownDelay = new EventLoopDelay()
  readonly #timer: NodeJS.Timeout
  #known: ReadonlySet<string> = new Set()

  constructor(options: TelemetryOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#collect(), collectEveryMs).unref()
  }

  async read(): Promise<MetricsInput> {
    const { controller, carrier, connection, isReady } = this.#options
    const reports = await this.#collect()
    const { table, problems, lastSuccess, lastDuration } = controller.status
    const { connected, lastContactMs, kinds } = connection()
    return {
      ready: isReady(),
      counters: this.#totals.total(),
      logLinesDropped: this.#known.has('primary') ? 0 : droppedLogLines(),
      config: { generation: table?.generation ?? 0, lastSuccess, lastBuildSeconds: lastDuration },
      problems,
      certificates: table?.certificates ?? new Map(),
      watches: kinds,
      controlPlane: { connected, lastContact: lastContactMs === undefined ? undefined : lastContactMs / 1000 },
      workers: carrier.workers,
      processes: this.#processes(reports),
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#ownDelay.stop()
  }

  async #collect(): Promise<readonly NamedReport[]> {
    const { carrier } = this.#options
    const reports = await carrier.reports()
    for (const { process, report } of reports) this.#totals.add(process, report.counters)
    const living = new Set(carrier.processes())
    for (const process of this.#known) if (!living.has(process)) this.#totals.retire(process)
    this.#known = living
    return reports
  }

  #processes(reports: readonly NamedReport[]): readonly ProcessHealth[] {
    const processes = reports.map(
      ({ process, report: { eventLoopDelay, residentBytes, generation } }): ProcessHealth => ({
        process,
        eventLoopDelay,
        residentBytes,
        generation,
      }),
    )
    // Without workers there is one process, and it has reported.
    return processes.some(({ process }) => process === 'primary') ? processes : [this.#own(), ...processes]
  }

  #own(): ProcessHealth {
    return {
      process: 'primary',
      eventLoopDelay: this.#ownDelay.read(),
      residentBytes: process.memoryUsage.rss(),
      generation: undefined,
    }
  }
}
