import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { controlMetrics } from './control-metrics.ts'
import type { MetricDefinition, Sample } from './metric-definition.ts'
import type { MetricsInput } from './metrics-input.ts'
import { seriesText } from './series-text.ts'
import { trafficMetrics } from './traffic-metrics.ts'

export type Metrics = {
  /** Value of the Content-Type header that goes with the text. */
  readonly contentType: string
  /** Prometheus text of this moment. Rejects if `read` does. */
  text(): Promise<string>
}

export type MetricsOptions = {
  /** Asked at each scrape; scrapes at the same time share one answer. */
  readonly read: () => MetricsInput | Promise<MetricsInput>
}

/** Nothing is counted here: a scrape reads what is there and writes it down, in the names of docs/reference/metrics.md. */
export function createMetrics({ read }: MetricsOptions): Metrics {
  const registry = new Registry()
  let input: MetricsInput | undefined
  for (const definition of [...trafficMetrics, ...controlMetrics]) {
    register(registry, definition, () => (input === undefined ? [] : definition.samples(input)))
  }
  collectDefaultMetrics({ register: registry })

  async function write(): Promise<string> {
    input = await read()
    return `${await registry.metrics()}\n${await seriesText(input.counters.series)}`
  }

  let scrape: Promise<string> | undefined
  return {
    contentType: registry.contentType,
    text() {
      scrape ??= write().finally(() => {
        scrape = undefined
      })
      return scrape
    },
  }
}

/** The class checks name and labels and puts itself into the registry; the values come from `samples`, never through `set`. */
function register(registry: Registry, definition: MetricDefinition, samples: () => readonly Sample[]): void {
  const { name, help, labels, type } = definition
  const Metric = type === 'counter' ? Counter : Gauge
  const metric = new Metric({ name, help, labelNames: [...labels], registers: [registry] })
  Object.assign(metric, { get: async () => ({ name, help, type, values: samples() }) })
}
