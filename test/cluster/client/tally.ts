import { type StreamProgress, type StreamReport, slowMs } from './report.ts'

type Counts = Record<string, number>

export type Answer = {
  readonly succeeded: boolean
  readonly status: number
  readonly pod: string | undefined
  readonly version: string | undefined
  readonly milliseconds: number
}

/** The counts of one stream. */
export class Tally {
  sent = 0
  connections = 0
  #succeeded = 0
  #failed = 0
  readonly #pods: Counts = {}
  readonly #versions: Counts = {}
  readonly #statuses: Counts = {}
  readonly #milliseconds: number[] = []
  #recent = emptyProgress()
  #lastSlowAt: number | undefined

  count({ succeeded, status, pod, version, milliseconds }: Answer): void {
    this.#milliseconds.push(milliseconds)
    if (milliseconds > slowMs) this.#lastSlowAt = Math.max(this.#lastSlowAt ?? 0, Date.now() - milliseconds)
    add(this.#statuses, `${status}`)
    if (!succeeded) {
      this.#failed++
      this.#recent.failed++
      return
    }
    this.#succeeded++
    this.#recent.succeeded++
    for (const [total, recent, key] of [
      [this.#pods, this.#recent.pods, pod],
      [this.#versions, this.#recent.versions, version],
    ] as const) {
      if (key === undefined) continue
      add(total, key)
      add(recent, key)
    }
  }

  get answered(): { readonly succeeded: number; readonly failed: number } {
    return { succeeded: this.#succeeded, failed: this.#failed }
  }

  /** What was counted since the last call. */
  takeProgress(): StreamProgress {
    const recent = this.#recent
    this.#recent = emptyProgress()
    return recent
  }

  report(): StreamReport {
    const sorted = this.#milliseconds.toSorted((a, b) => a - b)
    const at = (part: number): number => Math.round(10 * (sorted[Math.ceil(sorted.length * part) - 1] ?? 0)) / 10
    return {
      sent: this.sent,
      ...this.answered,
      pods: this.#pods,
      versions: this.#versions,
      statuses: this.#statuses,
      connections: this.connections,
      milliseconds: { p50: at(0.5), p99: at(0.99), max: at(1) },
      ...(this.#lastSlowAt === undefined ? {} : { lastSlowAt: this.#lastSlowAt }),
    }
  }
}

function emptyProgress(): { succeeded: number; failed: number; pods: Counts; versions: Counts } {
  return { succeeded: 0, failed: 0, pods: {}, versions: {} }
}

function add(counts: Counts, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}
