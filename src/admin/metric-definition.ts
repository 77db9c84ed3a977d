import type { MetricsInput } from './metrics-input.ts'

export type MetricDefinition = {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly help: string
  readonly samples: (input: MetricsInput) => readonly Sample[]
}

export type Sample = { readonly value: number; readonly labels?: Readonly<Record<string, string>> }
