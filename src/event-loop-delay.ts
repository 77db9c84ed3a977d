import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Seconds. */
export type Delay = { readonly p50: number; readonly p99: number; readonly max: number }

const resolutionMs = 20
const windowMs = 10_000

/** How late timers of this process were in the last ten seconds, whoever asks and how often. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #timer: NodeJS.Timeout
  #last: Delay | undefined

  constructor() {
    this.#histogram.enable()
    this.#timer = setInterval(() => {
      this.#last = this.#current()
      this.#histogram.reset()
    }, windowMs).unref()
  }

  read(): Delay {
    return this.#last ?? this.#current()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#histogram.disable()
  }

  #current(): Delay {
    const { max } = this.#histogram
    return {
      p50: toDelay(this.#histogram.percentile(50)),
      p99: toDelay(this.#histogram.percentile(99)),
      max: toDelay(max),
    }
  }
}

/** The histogram holds the time between two ticks, in nanoseconds: what is longer than the tick is delay. */
function toDelay(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3)
}
